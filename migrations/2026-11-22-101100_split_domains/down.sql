DROP VIEW domains_wide;

-- A side row that says nothing leaves no trace in the wide table: it is kept as such.
-- As text such a row is two ids and commas; even an empty string and a JSON null would show.
SELECT scrapersky_internal.set_aside_rows('split_domains', 'down', 'domain_profiles',
    $$SELECT domain_id::text AS key, 'a row that says nothing' AS reason FROM domain_profiles t
      WHERE t::text ~ '^\([^,]*,[^,]*,*\)$'$$, 'domain_id');
SELECT scrapersky_internal.set_aside_rows('split_domains', 'down', 'domain_technologies',
    $$SELECT domain_id::text AS key, 'a row that says nothing' AS reason FROM domain_technologies t
      WHERE t::text ~ '^\([^,]*,[^,]*,*\)$'$$, 'domain_id');
SELECT scrapersky_internal.set_aside_rows('split_domains', 'down', 'domain_hosting',
    $$SELECT domain_id::text AS key, 'a row that says nothing' AS reason FROM domain_hosting t
      WHERE t::text ~ '^\([^,]*,[^,]*,*\)$'$$, 'domain_id');

ALTER TABLE domains
    ADD COLUMN local_business_scraped_status text,
    ADD COLUMN local_business_scraped_at timestamptz,
    ADD COLUMN agency_sitemap_analysis_done text,
    ADD COLUMN agency_sitemap_analysis_done_at timestamptz,
    ADD COLUMN agency_wordpress_details text,
    ADD COLUMN agency_wordpress_details_at timestamptz,
    ADD COLUMN agency_copyright_status text,
    ADD COLUMN agency_copyright_status_at timestamptz,
    ADD COLUMN agency_ad_performance_status text,
    ADD COLUMN agency_ad_performance_at timestamptz,
    ADD COLUMN has_ssl boolean,
    ADD COLUMN ssl_expiry_date timestamptz,
    ADD COLUMN security_headers jsonb,
    ADD COLUMN ssl_issuer text,
    ADD COLUMN ssl_version text,
    ADD COLUMN server_type text,
    ADD COLUMN ip_address text,
    ADD COLUMN hosting_provider text,
    ADD COLUMN country_code text,
    ADD COLUMN server_response_time integer,
    ADD COLUMN dns_records jsonb,
    ADD COLUMN hosting_location text,
    ADD COLUMN cdn_provider text,
    ADD COLUMN last_modified timestamptz,
    ADD COLUMN robots_txt text,
    ADD COLUMN content_language text[],
    ADD COLUMN feed_urls jsonb,
    ADD COLUMN average_page_size integer,
    ADD COLUMN total_images_count integer,
    ADD COLUMN crawler_hints jsonb,
    ADD COLUMN business_category text,
    ADD COLUMN estimated_traffic jsonb,
    ADD COLUMN has_ecommerce boolean,
    ADD COLUMN primary_language text,
    ADD COLUMN business_hours jsonb,
    ADD COLUMN payment_methods text[],
    ADD COLUMN business_type text,
    ADD COLUMN industry_vertical text,
    ADD COLUMN competitor_group text,
    ADD COLUMN market_segment text,
    ADD COLUMN last_error text,
    ADD COLUMN error_count integer,
    ADD COLUMN last_successful_scan timestamptz,
    ADD COLUMN average_response_time integer,
    ADD COLUMN uptime_percentage numeric(5,2),
    ADD COLUMN error_history jsonb,
    ADD COLUMN performance_metrics jsonb,
    ADD COLUMN monitoring_status text,
    ADD COLUMN alert_threshold jsonb,
    ADD COLUMN tech_stack jsonb,
    ADD COLUMN title text,
    ADD COLUMN description text,
    ADD COLUMN favicon_url text,
    ADD COLUMN logo_url text,
    ADD COLUMN copyright_year text,
    ADD COLUMN language text,
    ADD COLUMN has_cookie_notice boolean,
    ADD COLUMN has_privacy_policy boolean,
    ADD COLUMN google_analytics_id text,
    ADD COLUMN google_tag_manager_id text,
    ADD COLUMN is_wordpress boolean,
    ADD COLUMN wordpress_version text,
    ADD COLUMN wordpress_theme text,
    ADD COLUMN has_elementor boolean,
    ADD COLUMN elementor_version text,
    ADD COLUMN has_divi boolean,
    ADD COLUMN has_woocommerce boolean,
    ADD COLUMN has_contact_form7 boolean,
    ADD COLUMN has_yoast_seo boolean,
    ADD COLUMN has_wpforms boolean,
    ADD COLUMN phone_numbers text[],
    ADD COLUMN email_addresses text[],
    ADD COLUMN physical_addresses text[],
    ADD COLUMN facebook_url text,
    ADD COLUMN twitter_url text,
    ADD COLUMN linkedin_url text,
    ADD COLUMN instagram_url text,
    ADD COLUMN youtube_url text,
    ADD COLUMN meta_json jsonb,
    ADD COLUMN domain_metadata jsonb,
    ADD COLUMN batch_id varchar;

UPDATE domains d SET
    title = s.title, description = s.description, language = s.language, content_language = s.content_language,
    primary_language = s.primary_language, favicon_url = s.favicon_url, logo_url = s.logo_url,
    copyright_year = s.copyright_year, has_cookie_notice = s.has_cookie_notice,
    has_privacy_policy = s.has_privacy_policy, phone_numbers = s.phone_numbers, email_addresses = s.email_addresses,
    physical_addresses = s.physical_addresses, facebook_url = s.facebook_url, twitter_url = s.twitter_url,
    linkedin_url = s.linkedin_url, instagram_url = s.instagram_url, youtube_url = s.youtube_url,
    business_category = s.business_category, business_type = s.business_type, industry_vertical = s.industry_vertical,
    business_hours = s.business_hours, payment_methods = s.payment_methods, has_ecommerce = s.has_ecommerce,
    feed_urls = s.feed_urls, meta_json = s.meta_json
FROM domain_profiles s WHERE s.tenant_id = d.tenant_id AND s.domain_id = d.id;
UPDATE domains d SET
    tech_stack = s.tech_stack, is_wordpress = s.is_wordpress, wordpress_version = s.wordpress_version,
    wordpress_theme = s.wordpress_theme, has_elementor = s.has_elementor, elementor_version = s.elementor_version,
    has_divi = s.has_divi, has_woocommerce = s.has_woocommerce, has_contact_form7 = s.has_contact_form7,
    has_yoast_seo = s.has_yoast_seo, has_wpforms = s.has_wpforms, google_analytics_id = s.google_analytics_id,
    google_tag_manager_id = s.google_tag_manager_id
FROM domain_technologies s WHERE s.tenant_id = d.tenant_id AND s.domain_id = d.id;
UPDATE domains d SET
    has_ssl = s.has_ssl, ssl_expiry_date = s.ssl_expiry_date, ssl_issuer = s.ssl_issuer, ssl_version = s.ssl_version,
    security_headers = s.security_headers, server_type = s.server_type, ip_address = s.ip_address,
    hosting_provider = s.hosting_provider, hosting_location = s.hosting_location, country_code = s.country_code,
    cdn_provider = s.cdn_provider, dns_records = s.dns_records, server_response_time = s.server_response_time,
    average_response_time = s.average_response_time, uptime_percentage = s.uptime_percentage,
    last_modified = s.last_modified, robots_txt = s.robots_txt, average_page_size = s.average_page_size,
    total_images_count = s.total_images_count, performance_metrics = s.performance_metrics,
    crawler_hints = s.crawler_hints, last_error = s.last_error, error_count = s.error_count,
    last_successful_scan = s.last_successful_scan
FROM domain_hosting s WHERE s.tenant_id = d.tenant_id AND s.domain_id = d.id;
UPDATE domains SET
    local_business_scraped_status = legacy->>'local_business_scraped_status',
    local_business_scraped_at = (legacy->>'local_business_scraped_at')::timestamptz,
    agency_sitemap_analysis_done = legacy->>'agency_sitemap_analysis_done',
    agency_sitemap_analysis_done_at = (legacy->>'agency_sitemap_analysis_done_at')::timestamptz,
    agency_wordpress_details = legacy->>'agency_wordpress_details',
    agency_wordpress_details_at = (legacy->>'agency_wordpress_details_at')::timestamptz,
    agency_copyright_status = legacy->>'agency_copyright_status',
    agency_copyright_status_at = (legacy->>'agency_copyright_status_at')::timestamptz,
    agency_ad_performance_status = legacy->>'agency_ad_performance_status',
    agency_ad_performance_at = (legacy->>'agency_ad_performance_at')::timestamptz,
    estimated_traffic = (legacy->>'estimated_traffic')::jsonb, competitor_group = legacy->>'competitor_group',
    market_segment = legacy->>'market_segment', error_history = (legacy->>'error_history')::jsonb,
    monitoring_status = legacy->>'monitoring_status', alert_threshold = (legacy->>'alert_threshold')::jsonb,
    domain_metadata = (legacy->>'domain_metadata')::jsonb, batch_id = legacy->>'batch_id',
    legacy = nullif(legacy - ARRAY[
        'local_business_scraped_status', 'local_business_scraped_at', 'agency_sitemap_analysis_done',
        'agency_sitemap_analysis_done_at', 'agency_wordpress_details', 'agency_wordpress_details_at',
        'agency_copyright_status', 'agency_copyright_status_at', 'agency_ad_performance_status',
        'agency_ad_performance_at', 'estimated_traffic', 'competitor_group', 'market_segment', 'error_history',
        'monitoring_status', 'alert_threshold', 'domain_metadata', 'batch_id'
    ], '{}')
WHERE legacy IS NOT NULL;
DROP TABLE domain_hosting, domain_technologies, domain_profiles;

ALTER TABLE domains
    ALTER COLUMN meta_json SET DEFAULT '{}'::jsonb,
    ALTER COLUMN error_count SET DEFAULT 0;
CREATE INDEX idx_domains_business_category ON domains (business_category);
CREATE INDEX idx_domains_business_type ON domains (business_type);
CREATE INDEX idx_domains_country_code ON domains (country_code);
CREATE INDEX idx_domains_has_ssl ON domains (has_ssl);
CREATE INDEX idx_domains_hosting_provider ON domains (hosting_provider);
CREATE INDEX idx_domains_industry_vertical ON domains (industry_vertical);
