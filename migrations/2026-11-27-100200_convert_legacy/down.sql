-- The opposite of each step of `up`, the last one first.
SET LOCAL row_security = off;
SET LOCAL datestyle = ISO;
SET LOCAL timezone = UTC;

-- ## Wide tables
DROP VIEW sitemap_files_wide;
-- A side row that says nothing would leave no trace in the wide table, so it is set aside. As text such a row is two ids and
-- commas; even an empty string and a JSON null would show.
SELECT scrapersky_internal.set_aside_rows('split_sitemap_files', 'down', 'sitemap_file_curations',
    $$SELECT sitemap_file_id::text AS key, 'a row that says nothing' AS reason FROM sitemap_file_curations t
      WHERE t::text ~ '^\([^,]*,[^,]*,*\)$'$$, 'sitemap_file_id');
ALTER TABLE sitemap_files
    ADD COLUMN priority integer,
    ADD COLUMN lead_source text,
    ADD COLUMN user_name text,
    ADD COLUMN notes text,
    ADD COLUMN tags text[],
    ADD COLUMN is_active boolean,
    ADD COLUMN process_after timestamptz;
UPDATE sitemap_files f SET
    priority = c.priority, lead_source = c.lead_source, user_name = c.user_name, notes = c.notes, tags = c.tags,
    is_active = c.is_active, process_after = c.process_after
FROM sitemap_file_curations c WHERE c.tenant_id = f.tenant_id AND c.sitemap_file_id = f.id;
DROP TABLE sitemap_file_curations;
ALTER TABLE sitemap_files
    ALTER COLUMN priority SET DEFAULT 5,
    ALTER COLUMN is_active SET DEFAULT true;

DROP VIEW domains_wide;

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

-- ## Keys
ALTER TABLE contacts DROP CONSTRAINT contacts_domain_fkey, DROP CONSTRAINT contacts_page_fkey;
ALTER TABLE pages DROP CONSTRAINT pages_domain_fkey;
ALTER TABLE sitemap_urls DROP CONSTRAINT sitemap_urls_domain_fkey, DROP CONSTRAINT sitemap_urls_sitemap_fkey;
ALTER TABLE sitemap_files DROP CONSTRAINT sitemap_files_domain_fkey;
CREATE INDEX idx_profiles_tenant_id ON profiles (tenant_id);
SELECT scrapersky_internal.change_primary_key(t::regclass, '{id}')
FROM unnest('{profiles,domains,sitemap_files,sitemap_urls,pages,contacts,place_searches,places_staging}'::text[]) t;

-- ## Places
ALTER TABLE place_searches
    ALTER COLUMN id DROP DEFAULT,
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamp USING updated_at AT TIME ZONE 'UTC';

-- The old shape holds each place once: of several tenants' rows the oldest stays.
SELECT scrapersky_internal.set_aside_rows('scope_places', 'down', 'places_staging', $$
    SELECT id::text AS key, CASE WHEN row_number() OVER (PARTITION BY place_id ORDER BY id) > 1 THEN 'another tenant has this place' END AS reason
    FROM places_staging$$);
ALTER TABLE places_staging
    DROP CONSTRAINT places_staging_tenant_id_place_id_key,
    ALTER COLUMN tenant_id DROP NOT NULL,
    ADD CONSTRAINT places_staging_place_id_key UNIQUE (place_id);
CREATE INDEX idx_places_staging_status ON places_staging (status);
CREATE INDEX ix_places_staging_status ON places_staging (status);
CREATE INDEX idx_places_staging_tenant ON places_staging (tenant_id);
SELECT scrapersky_internal.put_back('scope_places', 'up', '{places_staging}');

-- ## Contacts
-- The old shape has a foreign key where the new one may name a job that is gone.
SELECT scrapersky_internal.set_aside_columns('contacts_without_job', 'down', 'contacts', '{source_job_id}',
    $$SELECT c.id::text AS key, 'its job was deleted' AS reason FROM contacts c
      WHERE c.source_job_id IS NOT NULL AND NOT EXISTS (SELECT FROM jobs j WHERE j.tenant_id = c.tenant_id AND j.job_id = c.source_job_id)$$);
UPDATE contacts c SET source_job_id = NULL
    WHERE c.source_job_id IS NOT NULL AND NOT EXISTS (SELECT FROM jobs j WHERE j.tenant_id = c.tenant_id AND j.job_id = c.source_job_id);
ALTER TABLE contacts
    DROP CONSTRAINT contacts_tenant_id_domain_id_email_key,
    DROP COLUMN tenant_id,
    ADD CONSTRAINT contacts_domain_id_email_key UNIQUE (domain_id, email),
    ADD CONSTRAINT contacts_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domains (id) ON DELETE CASCADE,
    ADD CONSTRAINT contacts_page_id_fkey FOREIGN KEY (page_id) REFERENCES pages (id) ON DELETE CASCADE,
    ADD CONSTRAINT contacts_source_job_id_fkey FOREIGN KEY (source_job_id) REFERENCES jobs (job_id) ON DELETE SET NULL;
CREATE INDEX idx_contacts_domain_email ON contacts (domain_id, email);
CREATE INDEX idx_contacts_page_id ON contacts (page_id);
SELECT scrapersky_internal.put_back('scope_contacts', 'up', '{contacts}');

-- ## Pages
ALTER TABLE pages
    ADD CONSTRAINT fk_pages_sitemap_file_id FOREIGN KEY (sitemap_file_id) REFERENCES sitemap_files (id) ON DELETE SET NULL,
    ADD CONSTRAINT pages_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domains (id);
CREATE INDEX idx_pages_domain_id ON pages (domain_id);
CREATE INDEX idx_pages_page_curation_status ON pages (page_curation_status);
CREATE INDEX idx_pages_page_processing_status ON pages (page_processing_status);
CREATE INDEX idx_pages_sitemap_file_id ON pages (sitemap_file_id);
SELECT scrapersky_internal.put_back('scope_pages', 'up', '{pages,contacts}');

-- ## URLs of sitemaps
ALTER TABLE sitemap_urls
    ALTER COLUMN tenant_id DROP NOT NULL,
    ALTER COLUMN tenant_id SET DEFAULT '550e8400-e29b-41d4-a716-446655440000',
    ADD CONSTRAINT sitemap_urls_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domains (id),
    ADD CONSTRAINT sitemap_urls_sitemap_id_fkey FOREIGN KEY (sitemap_id) REFERENCES sitemap_files (id) ON DELETE CASCADE;
-- Production's default, a function that the tenant role may not call.
DO $$
BEGIN
    IF to_regprocedure('extensions.uuid_generate_v4()') IS NOT NULL THEN
        ALTER TABLE sitemap_urls ALTER COLUMN id SET DEFAULT extensions.uuid_generate_v4();
    END IF;
END
$$;
CREATE INDEX idx_sitemap_urls_sitemap_id ON sitemap_urls (sitemap_id);
CREATE INDEX idx_sitemap_urls_status ON sitemap_urls (status);
CREATE INDEX idx_sitemap_urls_tenant_domain ON sitemap_urls (tenant_id, domain_id);
SELECT scrapersky_internal.put_back('scope_sitemap_urls', 'up', '{sitemap_urls}');

-- ## Sitemap files
ALTER TABLE sitemap_files
    ALTER COLUMN tenant_id DROP NOT NULL,
    ALTER COLUMN tenant_id SET DEFAULT '550e8400-e29b-41d4-a716-446655440000',
    ADD CONSTRAINT sitemap_files_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domains (id);
-- Production's default, a function that the tenant role may not call.
DO $$
BEGIN
    IF to_regprocedure('extensions.uuid_generate_v4()') IS NOT NULL THEN
        ALTER TABLE sitemap_files ALTER COLUMN id SET DEFAULT extensions.uuid_generate_v4();
    END IF;
END
$$;
CREATE INDEX idx_sitemap_files_deep_scrape_process_status ON sitemap_files (sitemap_import_status);
CREATE INDEX idx_sitemap_files_status ON sitemap_files (status);
CREATE INDEX idx_sitemap_files_tenant_domain ON sitemap_files (tenant_id, domain_id);
SELECT scrapersky_internal.put_back('scope_sitemap_files', 'up', '{sitemap_files,sitemap_urls}');

-- ## Jobs
-- The old shape has a foreign key where the new one may name a domain that is gone.
SELECT scrapersky_internal.set_aside_columns('jobs_without_domain', 'down', 'jobs', '{domain_id}',
    $$SELECT j.job_id::text AS key, 'its domain was deleted' AS reason FROM jobs j
      WHERE j.domain_id IS NOT NULL AND NOT EXISTS (SELECT FROM domains d WHERE d.tenant_id = j.tenant_id AND d.id = j.domain_id)$$, 'job_id');
UPDATE jobs j SET domain_id = NULL
    WHERE j.domain_id IS NOT NULL AND NOT EXISTS (SELECT FROM domains d WHERE d.tenant_id = j.tenant_id AND d.id = j.domain_id);
ALTER TABLE jobs RENAME COLUMN batch_id TO new_batch_id;
ALTER TABLE jobs RENAME COLUMN kind TO job_type;
ALTER SEQUENCE scrapersky_internal.jobs_id_seq SET SCHEMA public;
ALTER TABLE jobs
    DROP CONSTRAINT jobs_pkey,
    DROP CONSTRAINT jobs_status_check,
    ALTER COLUMN tenant_id TYPE varchar(255) USING tenant_id::text,
    ALTER COLUMN job_id DROP DEFAULT,
    ALTER COLUMN status TYPE varchar(50),
    ALTER COLUMN status DROP DEFAULT,
    ALTER COLUMN job_type TYPE varchar(50),
    ALTER COLUMN error TYPE varchar,
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamp USING updated_at AT TIME ZONE 'UTC',
    ADD COLUMN id integer,
    ADD COLUMN id_uuid uuid,
    ADD COLUMN tenant_id_uuid uuid,
    ADD COLUMN result_data jsonb,
    ADD COLUMN job_metadata jsonb,
    ADD COLUMN batch_id varchar,
    ADD COLUMN batch_id_string varchar;

-- Rows that never were the old system's, or were worked on since the conversion.
CREATE TEMP TABLE newer ON COMMIT DROP AS
    SELECT job_id FROM jobs
    WHERE legacy IS NULL OR status <> CASE WHEN legacy->>'interrupted' = 'true' THEN 'failed' ELSE scrapersky_internal.job_status(legacy->>'status') END;
-- What has changed since the conversion is newer than what `legacy` holds, and stays.
UPDATE jobs SET
    id = (legacy->>'id')::integer,
    id_uuid = (legacy->>'id_uuid')::uuid,
    tenant_id = legacy->>'tenant_id',
    tenant_id_uuid = (legacy->>'tenant_id_uuid')::uuid,
    batch_id = legacy->>'batch_id',
    batch_id_string = legacy->>'batch_id_string',
    status = CASE WHEN job_id IN (SELECT job_id FROM newer) THEN status ELSE legacy->>'status' END,
    error = CASE WHEN legacy->>'interrupted' = 'true' AND status = 'failed' THEN legacy->>'error' ELSE error END,
    completed_at = CASE WHEN legacy->>'interrupted' = 'true' AND status = 'failed' THEN (legacy->>'completed_at')::timestamptz ELSE completed_at END,
    result_data = (legacy->>'result_data')::jsonb,
    result = CASE
        WHEN legacy ? 'result_data' AND result IS NOT DISTINCT FROM scrapersky_internal.either_json((legacy->>'result')::jsonb, (legacy->>'result_data')::jsonb)
        THEN (legacy->>'result')::jsonb ELSE result END,
    job_metadata = (legacy->>'job_metadata')::jsonb,
    metadata = CASE
        WHEN legacy ? 'job_metadata' AND metadata IS NOT DISTINCT FROM scrapersky_internal.either_json((legacy->>'metadata')::jsonb, (legacy->>'job_metadata')::jsonb)
        THEN (legacy->>'metadata')::jsonb ELSE metadata END
WHERE legacy IS NOT NULL;
SELECT setval('jobs_id_seq', used.id) FROM (SELECT greatest(
    (SELECT max(id) FROM jobs),
    (SELECT max((contents->>'id')::integer) FROM scrapersky_internal.set_aside WHERE source_table = 'jobs' AND direction = 'up' AND is_whole_row)) AS id) used
WHERE used.id > (SELECT last_value FROM jobs_id_seq);
UPDATE jobs SET
    id = nextval('jobs_id_seq'),
    tenant_id_uuid = tenant_id::uuid,
    batch_id = 'batch_' || replace(new_batch_id::text, '-', '')
WHERE legacy IS NULL;
ALTER TABLE jobs ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);
-- So that the next `up` knows them.
SELECT scrapersky_internal.set_aside_columns('convert_jobs', 'down', 'jobs', '{legacy}',
    $$SELECT id::text AS key, 'the older shape cannot tell this row from its own' AS reason FROM jobs JOIN newer USING (job_id)$$);
DROP TABLE newer;
ALTER TABLE jobs
    DROP COLUMN legacy,
    DROP COLUMN new_batch_id,
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN id SET DEFAULT nextval('jobs_id_seq'),
    ADD CONSTRAINT fk_jobs_domain_id FOREIGN KEY (domain_id) REFERENCES domains (id) ON DELETE SET NULL;
ALTER SEQUENCE jobs_id_seq OWNED BY jobs.id;
CREATE INDEX idx_jobs_tenant_id ON jobs (tenant_id);
CREATE INDEX ix_jobs_batch_id ON jobs (batch_id);
CREATE INDEX ix_jobs_tenant_id_uuid ON jobs (tenant_id_uuid);
SELECT scrapersky_internal.put_back('convert_jobs', 'up', '{jobs}');

DROP FUNCTION scrapersky_internal.either_json(jsonb, jsonb);
DROP FUNCTION scrapersky_internal.job_status(text);

-- ## Batches
ALTER TABLE batch_jobs RENAME COLUMN completed_at TO end_time;
ALTER TABLE batch_jobs RENAME COLUMN started_at TO start_time;
ALTER TABLE batch_jobs RENAME COLUMN metadata TO batch_metadata;
ALTER SEQUENCE scrapersky_internal.batch_jobs_id_seq SET SCHEMA public;
ALTER TABLE batch_jobs
    DROP CONSTRAINT batch_jobs_pkey,
    DROP CONSTRAINT batch_jobs_status_check,
    ALTER COLUMN batch_id DROP NOT NULL,
    ALTER COLUMN batch_id DROP DEFAULT,
    ALTER COLUMN status TYPE varchar,
    ALTER COLUMN status SET DEFAULT 'pending'::varchar,
    ALTER COLUMN error TYPE varchar,
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamp USING updated_at AT TIME ZONE 'UTC',
    ALTER COLUMN start_time TYPE timestamp USING start_time AT TIME ZONE 'UTC',
    ALTER COLUMN end_time TYPE timestamp USING end_time AT TIME ZONE 'UTC',
    ADD COLUMN id integer,
    ADD COLUMN id_uuid uuid,
    ADD COLUMN batch_id_string varchar,
    ADD COLUMN batch_id_original varchar;

UPDATE batch_jobs SET id = (legacy->>'id')::integer WHERE legacy IS NOT NULL;
SELECT setval('batch_jobs_id_seq', used.id) FROM (SELECT greatest(
    (SELECT max(id) FROM batch_jobs),
    (SELECT max((contents->>'id')::integer) FROM scrapersky_internal.set_aside WHERE source_table = 'batch_jobs' AND direction = 'up' AND is_whole_row)) AS id) used
WHERE used.id > (SELECT last_value FROM batch_jobs_id_seq);
UPDATE batch_jobs SET id = nextval('batch_jobs_id_seq'), id_uuid = batch_id WHERE legacy IS NULL;
-- Rows that never were the old system's, or were worked on since the conversion.
CREATE TEMP TABLE newer ON COMMIT DROP AS
    SELECT id FROM batch_jobs
    WHERE legacy IS NULL OR status <> CASE WHEN legacy->>'interrupted' = 'true' THEN 'failed' ELSE scrapersky_internal.batch_status(legacy->>'status') END;
-- What has changed since the conversion is newer than what `legacy` holds, and stays.
UPDATE batch_jobs SET
    id_uuid = (legacy->>'id_uuid')::uuid,
    batch_id = (legacy->>'batch_id')::uuid,
    batch_id_string = legacy->>'batch_id_string',
    batch_id_original = legacy->>'batch_id_original',
    status = CASE WHEN id IN (SELECT id FROM newer) THEN status ELSE legacy->>'status' END,
    error = CASE WHEN legacy->>'interrupted' = 'true' AND status = 'failed' THEN legacy->>'error' ELSE error END,
    end_time = CASE WHEN legacy->>'interrupted' = 'true' AND status = 'failed' THEN (legacy->>'end_time')::timestamp ELSE end_time END
WHERE legacy IS NOT NULL;
ALTER TABLE batch_jobs ADD CONSTRAINT batch_jobs_pkey PRIMARY KEY (id);
-- So that the next `up` knows them.
SELECT scrapersky_internal.set_aside_columns('convert_batch_jobs', 'down', 'batch_jobs', '{legacy}',
    $$SELECT id::text AS key, 'the older shape cannot tell this row from its own' AS reason FROM newer$$);
DROP TABLE newer;
ALTER TABLE batch_jobs
    DROP COLUMN legacy,
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN id SET DEFAULT nextval('batch_jobs_id_seq'),
    ALTER COLUMN id_uuid SET NOT NULL;
ALTER SEQUENCE batch_jobs_id_seq OWNED BY batch_jobs.id;
SELECT scrapersky_internal.put_back('convert_batch_jobs', 'up', '{batch_jobs}');
CREATE INDEX ix_batch_jobs_tenant_id ON batch_jobs (tenant_id);

DROP FUNCTION scrapersky_internal.batch_identity(uuid, text, text, uuid);
DROP FUNCTION scrapersky_internal.batch_uuid(text);
DROP FUNCTION scrapersky_internal.batch_status(text);

-- ## Domains
ALTER TABLE domains DROP CONSTRAINT domains_tenant_id_domain_key;

-- The old shape holds each domain once. Of several tenants' rows the oldest stays; the others are set aside with all rows
-- that refer to them, for the next `up`.
UPDATE domains SET domain = legacy->>'domain' WHERE legacy ? 'domain';
SELECT scrapersky_internal.put_back('scope_domains', 'up');
CREATE TEMP TABLE colliding ON COMMIT DROP AS
    SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY domain ORDER BY created_at, id) AS place FROM domains) d WHERE place > 1;
SELECT scrapersky_internal.set_aside_rows('scope_domains', 'down', 'contacts',
    $$SELECT id::text AS key, 'another tenant has this domain' AS reason FROM contacts
      WHERE domain_id IN (SELECT id FROM colliding) OR page_id IN (SELECT id FROM pages WHERE domain_id IN (SELECT id FROM colliding))$$);
SELECT scrapersky_internal.set_aside_rows('scope_domains', 'down', 'pages',
    $$SELECT id::text AS key, 'another tenant has this domain' AS reason FROM pages WHERE domain_id IN (SELECT id FROM colliding)$$);
SELECT scrapersky_internal.set_aside_rows('scope_domains', 'down', 'sitemap_urls',
    $$SELECT id::text AS key, 'another tenant has this domain' AS reason FROM sitemap_urls
      WHERE domain_id IN (SELECT id FROM colliding) OR sitemap_id IN (SELECT id FROM sitemap_files WHERE domain_id IN (SELECT id FROM colliding))$$);
-- A page of another domain that was found in such a file stays.
CREATE TEMP TABLE orphaned ON COMMIT DROP AS
    SELECT p.id FROM pages p JOIN sitemap_files f ON f.id = p.sitemap_file_id WHERE f.domain_id IN (SELECT id FROM colliding);
SELECT scrapersky_internal.set_aside_columns('scope_domains', 'down', 'pages', '{sitemap_file_id}',
    $$SELECT id::text AS key, 'another tenant has the domain of its sitemap file' AS reason FROM orphaned$$);
ALTER TABLE pages DISABLE TRIGGER USER;
UPDATE pages SET sitemap_file_id = NULL WHERE id IN (SELECT id FROM orphaned);
ALTER TABLE pages ENABLE TRIGGER USER;
DROP TABLE orphaned;
SELECT scrapersky_internal.set_aside_rows('scope_domains', 'down', 'sitemap_files',
    $$SELECT id::text AS key, 'another tenant has this domain' AS reason FROM sitemap_files WHERE domain_id IN (SELECT id FROM colliding)$$);
SELECT scrapersky_internal.set_aside_columns('scope_domains', 'down', 'jobs', '{domain_id}',
    $$SELECT job_id::text AS key, 'another tenant has this domain' AS reason FROM jobs WHERE domain_id IN (SELECT id FROM colliding)$$, 'job_id');
UPDATE jobs SET domain_id = NULL WHERE domain_id IN (SELECT id FROM colliding);
UPDATE domains SET domain = scrapersky_internal.standard_domain(domain) WHERE legacy ? 'domain' AND id IN (SELECT id FROM colliding);
SELECT scrapersky_internal.set_aside_rows('scope_domains', 'down', 'domains',
    $$SELECT id::text AS key, 'another tenant has this domain' AS reason FROM colliding$$);
DROP TABLE colliding;

DROP FUNCTION scrapersky_internal.standard_domain(text);

ALTER TABLE domains
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamp USING updated_at AT TIME ZONE 'UTC',
    DROP COLUMN legacy,
    ADD CONSTRAINT domains_domain_key UNIQUE (domain),
    ADD CONSTRAINT uq_domains_domain UNIQUE (domain);

CREATE INDEX idx_domains_domain ON domains (domain);
CREATE INDEX ix_domains_domain ON domains (domain);
CREATE INDEX idx_domains_tenant_id ON domains (tenant_id);
CREATE INDEX ix_domains_tenant_id ON domains (tenant_id);
CREATE INDEX ix_domains_batch_id ON domains (batch_id);
CREATE INDEX idx_domains_status ON domains (status);
CREATE INDEX idx_domains_content_scrape_status ON domains (content_scrape_status);
CREATE INDEX idx_domains_page_scrape_status ON domains (page_scrape_status);
CREATE INDEX idx_domains_local_business_id ON domains (local_business_id);
CREATE INDEX idx_domains_sitemap_analysis_status ON domains (sitemap_analysis_status);
CREATE INDEX idx_domains_sitemap_curation_status ON domains (sitemap_curation_status);
CREATE INDEX idx_domains_sitemap_monitor_status ON domains (sitemap_monitor_status);
