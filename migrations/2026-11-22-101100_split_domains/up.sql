-- 111 columns in one table cost every contributor minutes and gigabytes: Diesel compiles a table's width. Split 1:1,
-- value for value, at most 32 columns each; a side table has a row where something is known. What no code ever read
-- or wrote goes to `domains.legacy`, and the view `domains_wide` still shows all of it in the old shape.

-- What the site says: content, contacts, business.
CREATE TABLE domain_profiles (
    tenant_id uuid NOT NULL,
    domain_id uuid NOT NULL,
    title text,
    description text,
    language text,
    content_language text[],
    primary_language text,
    favicon_url text,
    logo_url text,
    copyright_year text,
    has_cookie_notice boolean,
    has_privacy_policy boolean,
    phone_numbers text[],
    email_addresses text[],
    physical_addresses text[],
    facebook_url text,
    twitter_url text,
    linkedin_url text,
    instagram_url text,
    youtube_url text,
    business_category text,
    business_type text,
    industry_vertical text,
    business_hours jsonb,
    payment_methods text[],
    has_ecommerce boolean,
    feed_urls jsonb,
    meta_json jsonb,
    PRIMARY KEY (tenant_id, domain_id),
    CONSTRAINT domain_profiles_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE
);
INSERT INTO domain_profiles (tenant_id, domain_id,
    title, description, language, content_language, primary_language, favicon_url, logo_url, copyright_year,
    has_cookie_notice, has_privacy_policy, phone_numbers, email_addresses, physical_addresses, facebook_url,
    twitter_url, linkedin_url, instagram_url, youtube_url, business_category, business_type, industry_vertical,
    business_hours, payment_methods, has_ecommerce, feed_urls, meta_json)
SELECT tenant_id, id,
    title, description, language, content_language, primary_language, favicon_url, logo_url, copyright_year,
    has_cookie_notice, has_privacy_policy, phone_numbers, email_addresses, physical_addresses, facebook_url,
    twitter_url, linkedin_url, instagram_url, youtube_url, business_category, business_type, industry_vertical,
    business_hours, payment_methods, has_ecommerce, feed_urls, meta_json
FROM domains
WHERE num_nonnulls(
    title, description, language, content_language, primary_language, favicon_url, logo_url, copyright_year,
    has_cookie_notice, has_privacy_policy, phone_numbers, email_addresses, physical_addresses, facebook_url,
    twitter_url, linkedin_url, instagram_url, youtube_url, business_category, business_type, industry_vertical,
    business_hours, payment_methods, has_ecommerce, feed_urls, meta_json) > 0;
CREATE INDEX domain_profiles_tenant_id_business_category_idx ON domain_profiles (tenant_id, business_category);
CREATE INDEX domain_profiles_tenant_id_business_type_idx ON domain_profiles (tenant_id, business_type);
CREATE INDEX domain_profiles_tenant_id_industry_vertical_idx ON domain_profiles (tenant_id, industry_vertical);

-- What the site runs on.
CREATE TABLE domain_technologies (
    tenant_id uuid NOT NULL,
    domain_id uuid NOT NULL,
    tech_stack jsonb,
    is_wordpress boolean,
    wordpress_version text,
    wordpress_theme text,
    has_elementor boolean,
    elementor_version text,
    has_divi boolean,
    has_woocommerce boolean,
    has_contact_form7 boolean,
    has_yoast_seo boolean,
    has_wpforms boolean,
    google_analytics_id text,
    google_tag_manager_id text,
    PRIMARY KEY (tenant_id, domain_id),
    CONSTRAINT domain_technologies_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE
);
INSERT INTO domain_technologies (tenant_id, domain_id,
    tech_stack, is_wordpress, wordpress_version, wordpress_theme, has_elementor, elementor_version, has_divi,
    has_woocommerce, has_contact_form7, has_yoast_seo, has_wpforms, google_analytics_id, google_tag_manager_id)
SELECT tenant_id, id,
    tech_stack, is_wordpress, wordpress_version, wordpress_theme, has_elementor, elementor_version, has_divi,
    has_woocommerce, has_contact_form7, has_yoast_seo, has_wpforms, google_analytics_id, google_tag_manager_id
FROM domains
WHERE num_nonnulls(
    tech_stack, is_wordpress, wordpress_version, wordpress_theme, has_elementor, elementor_version, has_divi,
    has_woocommerce, has_contact_form7, has_yoast_seo, has_wpforms, google_analytics_id, google_tag_manager_id) > 0;

-- Where and how the site is served: TLS, DNS, server, speed.
CREATE TABLE domain_hosting (
    tenant_id uuid NOT NULL,
    domain_id uuid NOT NULL,
    has_ssl boolean,
    ssl_expiry_date timestamptz,
    ssl_issuer text,
    ssl_version text,
    security_headers jsonb,
    server_type text,
    ip_address text,
    hosting_provider text,
    hosting_location text,
    country_code text,
    cdn_provider text,
    dns_records jsonb,
    server_response_time integer,
    average_response_time integer,
    uptime_percentage numeric(5,2),
    last_modified timestamptz,
    robots_txt text,
    average_page_size integer,
    total_images_count integer,
    performance_metrics jsonb,
    crawler_hints jsonb,
    last_error text,
    error_count integer DEFAULT 0,
    last_successful_scan timestamptz,
    PRIMARY KEY (tenant_id, domain_id),
    CONSTRAINT domain_hosting_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE
);
INSERT INTO domain_hosting (tenant_id, domain_id,
    has_ssl, ssl_expiry_date, ssl_issuer, ssl_version, security_headers, server_type, ip_address, hosting_provider,
    hosting_location, country_code, cdn_provider, dns_records, server_response_time, average_response_time,
    uptime_percentage, last_modified, robots_txt, average_page_size, total_images_count, performance_metrics,
    crawler_hints, last_error, error_count, last_successful_scan)
SELECT tenant_id, id,
    has_ssl, ssl_expiry_date, ssl_issuer, ssl_version, security_headers, server_type, ip_address, hosting_provider,
    hosting_location, country_code, cdn_provider, dns_records, server_response_time, average_response_time,
    uptime_percentage, last_modified, robots_txt, average_page_size, total_images_count, performance_metrics,
    crawler_hints, last_error, error_count, last_successful_scan
FROM domains
WHERE num_nonnulls(
    has_ssl, ssl_expiry_date, ssl_issuer, ssl_version, security_headers, server_type, ip_address, hosting_provider,
    hosting_location, country_code, cdn_provider, dns_records, server_response_time, average_response_time,
    uptime_percentage, last_modified, robots_txt, average_page_size, total_images_count, performance_metrics,
    crawler_hints, last_error, error_count, last_successful_scan) > 0;
CREATE INDEX domain_hosting_tenant_id_country_code_idx ON domain_hosting (tenant_id, country_code);
CREATE INDEX domain_hosting_tenant_id_has_ssl_idx ON domain_hosting (tenant_id, has_ssl);
CREATE INDEX domain_hosting_tenant_id_hosting_provider_idx ON domain_hosting (tenant_id, hosting_provider);

SELECT scrapersky_internal.put_back('split_domains', 'down', '{domain_profiles,domain_technologies,domain_hosting}');

-- Times are kept as text: always in the same form.
SET LOCAL datestyle = ISO;
SET LOCAL timezone = UTC;
UPDATE domains SET legacy = coalesce(legacy, '{}') || jsonb_strip_nulls(jsonb_object(ARRAY[
    'local_business_scraped_status', 'local_business_scraped_at', 'agency_sitemap_analysis_done',
    'agency_sitemap_analysis_done_at', 'agency_wordpress_details', 'agency_wordpress_details_at',
    'agency_copyright_status', 'agency_copyright_status_at', 'agency_ad_performance_status',
    'agency_ad_performance_at', 'estimated_traffic', 'competitor_group', 'market_segment', 'error_history',
    'monitoring_status', 'alert_threshold', 'domain_metadata', 'batch_id'
], ARRAY[
    local_business_scraped_status, local_business_scraped_at::text, agency_sitemap_analysis_done,
    agency_sitemap_analysis_done_at::text, agency_wordpress_details, agency_wordpress_details_at::text,
    agency_copyright_status, agency_copyright_status_at::text, agency_ad_performance_status,
    agency_ad_performance_at::text, estimated_traffic::text, competitor_group, market_segment, error_history::text,
    monitoring_status, alert_threshold::text, domain_metadata::text, batch_id
]));
UPDATE domains SET legacy = NULL WHERE legacy = '{}';

DROP INDEX IF EXISTS idx_domains_business_category, idx_domains_business_type, idx_domains_country_code,
    idx_domains_has_ssl, idx_domains_hosting_provider, idx_domains_industry_vertical;
ALTER TABLE domains
    DROP COLUMN title,
    DROP COLUMN description,
    DROP COLUMN language,
    DROP COLUMN content_language,
    DROP COLUMN primary_language,
    DROP COLUMN favicon_url,
    DROP COLUMN logo_url,
    DROP COLUMN copyright_year,
    DROP COLUMN has_cookie_notice,
    DROP COLUMN has_privacy_policy,
    DROP COLUMN phone_numbers,
    DROP COLUMN email_addresses,
    DROP COLUMN physical_addresses,
    DROP COLUMN facebook_url,
    DROP COLUMN twitter_url,
    DROP COLUMN linkedin_url,
    DROP COLUMN instagram_url,
    DROP COLUMN youtube_url,
    DROP COLUMN business_category,
    DROP COLUMN business_type,
    DROP COLUMN industry_vertical,
    DROP COLUMN business_hours,
    DROP COLUMN payment_methods,
    DROP COLUMN has_ecommerce,
    DROP COLUMN feed_urls,
    DROP COLUMN meta_json,
    DROP COLUMN tech_stack,
    DROP COLUMN is_wordpress,
    DROP COLUMN wordpress_version,
    DROP COLUMN wordpress_theme,
    DROP COLUMN has_elementor,
    DROP COLUMN elementor_version,
    DROP COLUMN has_divi,
    DROP COLUMN has_woocommerce,
    DROP COLUMN has_contact_form7,
    DROP COLUMN has_yoast_seo,
    DROP COLUMN has_wpforms,
    DROP COLUMN google_analytics_id,
    DROP COLUMN google_tag_manager_id,
    DROP COLUMN has_ssl,
    DROP COLUMN ssl_expiry_date,
    DROP COLUMN ssl_issuer,
    DROP COLUMN ssl_version,
    DROP COLUMN security_headers,
    DROP COLUMN server_type,
    DROP COLUMN ip_address,
    DROP COLUMN hosting_provider,
    DROP COLUMN hosting_location,
    DROP COLUMN country_code,
    DROP COLUMN cdn_provider,
    DROP COLUMN dns_records,
    DROP COLUMN server_response_time,
    DROP COLUMN average_response_time,
    DROP COLUMN uptime_percentage,
    DROP COLUMN last_modified,
    DROP COLUMN robots_txt,
    DROP COLUMN average_page_size,
    DROP COLUMN total_images_count,
    DROP COLUMN performance_metrics,
    DROP COLUMN crawler_hints,
    DROP COLUMN last_error,
    DROP COLUMN error_count,
    DROP COLUMN last_successful_scan,
    DROP COLUMN local_business_scraped_status,
    DROP COLUMN local_business_scraped_at,
    DROP COLUMN agency_sitemap_analysis_done,
    DROP COLUMN agency_sitemap_analysis_done_at,
    DROP COLUMN agency_wordpress_details,
    DROP COLUMN agency_wordpress_details_at,
    DROP COLUMN agency_copyright_status,
    DROP COLUMN agency_copyright_status_at,
    DROP COLUMN agency_ad_performance_status,
    DROP COLUMN agency_ad_performance_at,
    DROP COLUMN estimated_traffic,
    DROP COLUMN competitor_group,
    DROP COLUMN market_segment,
    DROP COLUMN error_history,
    DROP COLUMN monitoring_status,
    DROP COLUMN alert_threshold,
    DROP COLUMN domain_metadata,
    DROP COLUMN batch_id;

-- The old shape for those who read it by SQL; as the reader, not as its owner, so that row level security holds.
CREATE VIEW domains_wide WITH (security_invoker = true) AS
SELECT
    d.id, d.tenant_id, d.domain, d.lead_source, d.is_active, d.status,
    (d.legacy->>'local_business_scraped_status') AS local_business_scraped_status,
    (d.legacy->>'local_business_scraped_at')::timestamptz AS local_business_scraped_at,
    (d.legacy->>'agency_sitemap_analysis_done') AS agency_sitemap_analysis_done,
    (d.legacy->>'agency_sitemap_analysis_done_at')::timestamptz AS agency_sitemap_analysis_done_at,
    (d.legacy->>'agency_wordpress_details') AS agency_wordpress_details,
    (d.legacy->>'agency_wordpress_details_at')::timestamptz AS agency_wordpress_details_at,
    (d.legacy->>'agency_copyright_status') AS agency_copyright_status,
    (d.legacy->>'agency_copyright_status_at')::timestamptz AS agency_copyright_status_at,
    (d.legacy->>'agency_ad_performance_status') AS agency_ad_performance_status,
    (d.legacy->>'agency_ad_performance_at')::timestamptz AS agency_ad_performance_at, d.content_scrape_status,
    d.content_scrape_at, d.content_scrape_error, d.page_scrape_status, d.page_scrape_at, d.page_scrape_error,
    d.sitemap_monitor_status, d.sitemap_monitor_at, d.sitemap_monitor_error, h.has_ssl, h.ssl_expiry_date,
    h.security_headers, h.ssl_issuer, h.ssl_version, h.server_type, h.ip_address, h.hosting_provider, h.country_code,
    h.server_response_time, h.dns_records, h.hosting_location, h.cdn_provider, h.last_modified, h.robots_txt,
    d.has_sitemap, d.page_count, p.content_language, p.feed_urls, h.average_page_size, h.total_images_count,
    h.crawler_hints, p.business_category, (d.legacy->>'estimated_traffic')::jsonb AS estimated_traffic,
    p.has_ecommerce, p.primary_language, p.business_hours, p.payment_methods, p.business_type, p.industry_vertical,
    (d.legacy->>'competitor_group') AS competitor_group, (d.legacy->>'market_segment') AS market_segment,
    h.last_error, h.error_count, h.last_successful_scan, h.average_response_time, h.uptime_percentage,
    (d.legacy->>'error_history')::jsonb AS error_history, h.performance_metrics,
    (d.legacy->>'monitoring_status') AS monitoring_status, (d.legacy->>'alert_threshold')::jsonb AS alert_threshold,
    d.sitemap_url, t.tech_stack, d.first_scan, d.last_scan, p.title, p.description, p.favicon_url, p.logo_url,
    p.copyright_year, p.language, p.has_cookie_notice, p.has_privacy_policy, t.google_analytics_id,
    t.google_tag_manager_id, t.is_wordpress, t.wordpress_version, t.wordpress_theme, t.has_elementor,
    t.elementor_version, t.has_divi, t.has_woocommerce, t.has_contact_form7, t.has_yoast_seo, t.has_wpforms,
    p.phone_numbers, p.email_addresses, p.physical_addresses, p.facebook_url, p.twitter_url, p.linkedin_url,
    p.instagram_url, p.youtube_url, p.meta_json, d.created_at AT TIME ZONE 'UTC' AS created_at,
    d.updated_at AT TIME ZONE 'UTC' AS updated_at, d.created_by,
    (d.legacy->>'domain_metadata')::jsonb AS domain_metadata, d.notes, (d.legacy->>'batch_id')::varchar AS batch_id,
    d.sitemap_urls, d.total_sitemaps, d.local_business_id, d.sitemap_curation_status, d.sitemap_analysis_status,
    d.sitemap_analysis_error
FROM domains d
LEFT JOIN domain_profiles p ON p.domain_id = d.id AND p.tenant_id = d.tenant_id
LEFT JOIN domain_technologies t ON t.domain_id = d.id AND t.tenant_id = d.tenant_id
LEFT JOIN domain_hosting h ON h.domain_id = d.id AND h.tenant_id = d.tenant_id;
