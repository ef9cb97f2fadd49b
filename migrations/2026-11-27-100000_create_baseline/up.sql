-- Creates the eleven tables of the existing (Python) system that this program owns, exactly as production has them.
-- A table that exists already is left as it is: a production database and an empty one are the same from here on.
--
-- Not created on a new database: foreign keys to tables outside this list (auth.users, roles, local_businesses), and
-- uuid-ossp, whose uuid_generate_v4() production uses where gen_random_uuid() stands here.
SET LOCAL row_security = off;

DO $$
BEGIN
    IF to_regtype('"SitemapAnalysisStatusEnum"') IS NULL THEN
        CREATE TYPE "SitemapAnalysisStatusEnum" AS ENUM ('Queued', 'Processing', 'Completed', 'Error');
    END IF;
    IF to_regtype('"SitemapCurationStatusEnum"') IS NULL THEN
        CREATE TYPE "SitemapCurationStatusEnum" AS ENUM ('New', 'Selected', 'Maybe', 'Not a Fit', 'Archived');
    END IF;
    IF to_regtype('contact_email_type_enum') IS NULL THEN
        CREATE TYPE contact_email_type_enum AS ENUM ('Service', 'Corporate', 'Free', 'Unknown');
    END IF;
    IF to_regtype('gcp_api_deep_scan_status_enum') IS NULL THEN
        CREATE TYPE gcp_api_deep_scan_status_enum AS ENUM ('Queued', 'Processing', 'Completed', 'Error');
    END IF;
    IF to_regtype('pagecurationstatus') IS NULL THEN
        CREATE TYPE pagecurationstatus AS ENUM ('New', 'Queued', 'Processing', 'Complete', 'Error', 'Skipped');
    END IF;
    IF to_regtype('pageprocessingstatus') IS NULL THEN
        CREATE TYPE pageprocessingstatus AS ENUM ('Queued', 'Processing', 'Complete', 'Error');
    END IF;
    IF to_regtype('place_status_enum') IS NULL THEN
        CREATE TYPE place_status_enum AS ENUM ('New', 'Selected', 'Maybe', 'Not a Fit', 'Archived');
    END IF;
    IF to_regtype('sitemap_file_status_enum') IS NULL THEN
        CREATE TYPE sitemap_file_status_enum AS ENUM ('Pending', 'Processing', 'Completed', 'Error');
    END IF;
    IF to_regtype('sitemap_import_status_enum') IS NULL THEN
        CREATE TYPE sitemap_import_status_enum AS ENUM ('Queued', 'Processing', 'Completed', 'Error');
    END IF;
    IF to_regtype('task_status') IS NULL THEN
        CREATE TYPE task_status AS ENUM ('Queued', 'InProgress', 'Completed', 'Error', 'ManualReview', 'Cancelled', 'Paused');
    END IF;
    IF to_regprocedure('update_updated_at_column()') IS NULL THEN
        CREATE FUNCTION update_updated_at_column() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN NEW.updated_at = now(); RETURN NEW; END;';
    END IF;
    IF to_regprocedure('update_modified_column()') IS NULL THEN
        CREATE FUNCTION update_modified_column() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN NEW.updated_at = now(); RETURN NEW; END;';
    END IF;
END
$$;

CREATE SEQUENCE IF NOT EXISTS jobs_id_seq AS integer;
CREATE SEQUENCE IF NOT EXISTS batch_jobs_id_seq AS integer;
CREATE SEQUENCE IF NOT EXISTS places_staging_id_seq AS integer;

CREATE TABLE IF NOT EXISTS tenants (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    description text,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT tenants_pkey PRIMARY KEY (id)
);

CREATE TABLE IF NOT EXISTS profiles (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL DEFAULT '550e8400-e29b-41d4-a716-446655440000'::uuid,
    name text,
    email text,
    avatar_url text,
    bio text,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    active boolean DEFAULT false,
    role text DEFAULT 'USER'::text,
    role_id integer,
    CONSTRAINT profiles_pkey PRIMARY KEY (id),
    CONSTRAINT fk_profiles_tenant FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE,
    CONSTRAINT profiles_role_check CHECK (role = ANY (ARRAY['USER'::text, 'ADMIN'::text, 'SUPER_ADMIN'::text, 'GLOBAL_ADMIN'::text]))
);
CREATE INDEX IF NOT EXISTS idx_profiles_tenant_id ON profiles USING btree (tenant_id);

CREATE TABLE IF NOT EXISTS domains (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    domain character varying NOT NULL,
    lead_source text,
    is_active boolean DEFAULT true,
    status character varying NOT NULL DEFAULT 'active'::text,
    local_business_scraped_status text,
    local_business_scraped_at timestamp with time zone,
    agency_sitemap_analysis_done text,
    agency_sitemap_analysis_done_at timestamp with time zone,
    agency_wordpress_details text,
    agency_wordpress_details_at timestamp with time zone,
    agency_copyright_status text,
    agency_copyright_status_at timestamp with time zone,
    agency_ad_performance_status text,
    agency_ad_performance_at timestamp with time zone,
    content_scrape_status task_status DEFAULT 'Queued'::task_status,
    content_scrape_at timestamp with time zone,
    content_scrape_error text,
    page_scrape_status task_status DEFAULT 'Queued'::task_status,
    page_scrape_at timestamp with time zone,
    page_scrape_error text,
    sitemap_monitor_status task_status DEFAULT 'Queued'::task_status,
    sitemap_monitor_at timestamp with time zone,
    sitemap_monitor_error text,
    has_ssl boolean,
    ssl_expiry_date timestamp with time zone,
    security_headers jsonb,
    ssl_issuer text,
    ssl_version text,
    server_type text,
    ip_address text,
    hosting_provider text,
    country_code text,
    server_response_time integer,
    dns_records jsonb,
    hosting_location text,
    cdn_provider text,
    last_modified timestamp with time zone,
    robots_txt text,
    has_sitemap boolean,
    page_count integer,
    content_language text[],
    feed_urls jsonb,
    average_page_size integer,
    total_images_count integer,
    crawler_hints jsonb,
    business_category text,
    estimated_traffic jsonb,
    has_ecommerce boolean,
    primary_language text,
    business_hours jsonb,
    payment_methods text[],
    business_type text,
    industry_vertical text,
    competitor_group text,
    market_segment text,
    last_error text,
    error_count integer DEFAULT 0,
    last_successful_scan timestamp with time zone,
    average_response_time integer,
    uptime_percentage numeric(5,2),
    error_history jsonb,
    performance_metrics jsonb,
    monitoring_status text,
    alert_threshold jsonb,
    sitemap_url text,
    tech_stack jsonb,
    first_scan timestamp with time zone NOT NULL DEFAULT now(),
    last_scan timestamp with time zone NOT NULL DEFAULT now(),
    title text,
    description text,
    favicon_url text,
    logo_url text,
    copyright_year text,
    language text,
    has_cookie_notice boolean,
    has_privacy_policy boolean,
    google_analytics_id text,
    google_tag_manager_id text,
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
    phone_numbers text[],
    email_addresses text[],
    physical_addresses text[],
    facebook_url text,
    twitter_url text,
    linkedin_url text,
    instagram_url text,
    youtube_url text,
    meta_json jsonb DEFAULT '{}'::jsonb,
    created_at timestamp without time zone NOT NULL DEFAULT now(),
    updated_at timestamp without time zone NOT NULL DEFAULT now(),
    created_by uuid,
    domain_metadata jsonb,
    notes text,
    batch_id character varying,
    sitemap_urls integer DEFAULT 0,
    total_sitemaps integer DEFAULT 0,
    local_business_id uuid,
    sitemap_curation_status "SitemapCurationStatusEnum" DEFAULT 'New'::"SitemapCurationStatusEnum",
    sitemap_analysis_status "SitemapAnalysisStatusEnum",
    sitemap_analysis_error text,
    CONSTRAINT domains_domain_key UNIQUE (domain),
    CONSTRAINT domains_pkey PRIMARY KEY (id)
);
-- CREATE TABLE folds two equal UNIQUE constraints into one; production has both.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'domains'::regclass AND conname = 'uq_domains_domain') THEN
        ALTER TABLE domains ADD CONSTRAINT uq_domains_domain UNIQUE (domain);
    END IF;
END
$$;
CREATE INDEX IF NOT EXISTS idx_domains_business_category ON domains USING btree (business_category);
CREATE INDEX IF NOT EXISTS idx_domains_business_type ON domains USING btree (business_type);
CREATE INDEX IF NOT EXISTS idx_domains_content_scrape_status ON domains USING btree (content_scrape_status);
CREATE INDEX IF NOT EXISTS idx_domains_country_code ON domains USING btree (country_code);
CREATE INDEX IF NOT EXISTS idx_domains_domain ON domains USING btree (domain);
CREATE INDEX IF NOT EXISTS idx_domains_has_ssl ON domains USING btree (has_ssl);
CREATE INDEX IF NOT EXISTS idx_domains_hosting_provider ON domains USING btree (hosting_provider);
CREATE INDEX IF NOT EXISTS idx_domains_industry_vertical ON domains USING btree (industry_vertical);
CREATE INDEX IF NOT EXISTS idx_domains_local_business_id ON domains USING btree (local_business_id);
CREATE INDEX IF NOT EXISTS idx_domains_page_scrape_status ON domains USING btree (page_scrape_status);
CREATE INDEX IF NOT EXISTS idx_domains_sitemap_analysis_status ON domains USING btree (sitemap_analysis_status);
CREATE INDEX IF NOT EXISTS idx_domains_sitemap_curation_status ON domains USING btree (sitemap_curation_status);
CREATE INDEX IF NOT EXISTS idx_domains_sitemap_monitor_status ON domains USING btree (sitemap_monitor_status);
CREATE INDEX IF NOT EXISTS idx_domains_status ON domains USING btree (status);
CREATE INDEX IF NOT EXISTS idx_domains_tenant_id ON domains USING btree (tenant_id);
CREATE INDEX IF NOT EXISTS ix_domains_batch_id ON domains USING btree (batch_id);
CREATE INDEX IF NOT EXISTS ix_domains_domain ON domains USING btree (domain);
CREATE INDEX IF NOT EXISTS ix_domains_tenant_id ON domains USING btree (tenant_id);

CREATE TABLE IF NOT EXISTS batch_jobs (
    id_uuid uuid NOT NULL,
    created_at timestamp without time zone NOT NULL DEFAULT now(),
    updated_at timestamp without time zone NOT NULL DEFAULT now(),
    tenant_id uuid NOT NULL,
    processor_type character varying NOT NULL,
    status character varying NOT NULL DEFAULT 'pending'::character varying,
    created_by uuid,
    total_domains integer DEFAULT 0,
    completed_domains integer DEFAULT 0,
    failed_domains integer DEFAULT 0,
    progress double precision DEFAULT '0'::double precision,
    batch_metadata jsonb,
    options jsonb,
    start_time timestamp without time zone,
    end_time timestamp without time zone,
    processing_time double precision,
    error character varying,
    id integer NOT NULL DEFAULT nextval('batch_jobs_id_seq'::regclass),
    batch_id_string character varying,
    batch_id uuid,
    batch_id_original character varying,
    CONSTRAINT batch_jobs_pkey PRIMARY KEY (id)
);
CREATE INDEX IF NOT EXISTS ix_batch_jobs_tenant_id ON batch_jobs USING btree (tenant_id);

CREATE TABLE IF NOT EXISTS jobs (
    id integer NOT NULL DEFAULT nextval('jobs_id_seq'::regclass),
    job_id uuid NOT NULL,
    tenant_id character varying(255) NOT NULL,
    status character varying(50) NOT NULL,
    job_type character varying(50) NOT NULL,
    created_at timestamp without time zone NOT NULL DEFAULT now(),
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    progress double precision DEFAULT '0'::double precision,
    error character varying,
    result jsonb,
    metadata jsonb,
    created_by uuid,
    domain_id uuid,
    result_data jsonb,
    job_metadata jsonb,
    updated_at timestamp without time zone NOT NULL DEFAULT now(),
    tenant_id_uuid uuid,
    id_uuid uuid,
    batch_id character varying,
    batch_id_string character varying,
    CONSTRAINT jobs_job_id_key UNIQUE (job_id),
    CONSTRAINT jobs_pkey PRIMARY KEY (id),
    CONSTRAINT fk_jobs_domain_id FOREIGN KEY (domain_id) REFERENCES domains(id) ON DELETE SET NULL
);
CREATE INDEX IF NOT EXISTS idx_jobs_tenant_id ON jobs USING btree (tenant_id);
CREATE INDEX IF NOT EXISTS ix_jobs_batch_id ON jobs USING btree (batch_id);
CREATE INDEX IF NOT EXISTS ix_jobs_tenant_id_uuid ON jobs USING btree (tenant_id_uuid);

CREATE TABLE IF NOT EXISTS sitemap_files (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid DEFAULT '550e8400-e29b-41d4-a716-446655440000'::uuid,
    domain_id uuid NOT NULL,
    url text NOT NULL,
    sitemap_type text NOT NULL,
    discovery_method text,
    page_count integer,
    size_bytes integer,
    response_time_ms integer,
    status text NOT NULL DEFAULT 'new'::text,
    priority integer DEFAULT 5,
    status_code integer,
    error_message text,
    last_modified timestamp with time zone,
    is_gzipped boolean,
    has_lastmod boolean,
    has_priority boolean,
    has_changefreq boolean,
    generator text,
    lead_source text,
    user_id uuid,
    user_name text,
    notes text,
    tags text[],
    is_active boolean DEFAULT true,
    process_after timestamp with time zone,
    last_processed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now(),
    created_by uuid,
    updated_at timestamp with time zone DEFAULT now(),
    updated_by uuid,
    job_id uuid,
    url_count integer DEFAULT 0,
    deep_scrape_curation_status "SitemapCurationStatusEnum" DEFAULT 'New'::"SitemapCurationStatusEnum",
    sitemap_import_error text,
    sitemap_import_status sitemap_import_status_enum,
    CONSTRAINT sitemap_files_pkey PRIMARY KEY (id),
    CONSTRAINT sitemap_files_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domains(id)
);
CREATE INDEX IF NOT EXISTS idx_sitemap_files_deep_scrape_process_status ON sitemap_files USING btree (sitemap_import_status);
CREATE INDEX IF NOT EXISTS idx_sitemap_files_status ON sitemap_files USING btree (status);
CREATE INDEX IF NOT EXISTS idx_sitemap_files_tenant_domain ON sitemap_files USING btree (tenant_id, domain_id);

CREATE TABLE IF NOT EXISTS sitemap_urls (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid DEFAULT '550e8400-e29b-41d4-a716-446655440000'::uuid,
    domain_id uuid NOT NULL,
    sitemap_id uuid NOT NULL,
    url text NOT NULL,
    loc_text text NOT NULL,
    page_type text,
    status text NOT NULL DEFAULT 'new'::text,
    priority integer DEFAULT 5,
    status_code integer,
    error_message text,
    lastmod timestamp with time zone,
    changefreq text,
    priority_value numeric(3,2),
    image_count integer,
    video_count integer,
    news_count integer,
    size_bytes integer,
    lead_source text,
    user_id uuid,
    user_name text,
    notes text,
    tags text[],
    is_active boolean DEFAULT true,
    process_after timestamp with time zone,
    discovered_at timestamp with time zone DEFAULT now(),
    last_checked_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now(),
    created_by uuid,
    updated_at timestamp with time zone DEFAULT now(),
    updated_by uuid,
    CONSTRAINT sitemap_urls_pkey PRIMARY KEY (id),
    CONSTRAINT sitemap_urls_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domains(id),
    CONSTRAINT sitemap_urls_sitemap_id_fkey FOREIGN KEY (sitemap_id) REFERENCES sitemap_files(id) ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS idx_sitemap_urls_sitemap_id ON sitemap_urls USING btree (sitemap_id);
CREATE INDEX IF NOT EXISTS idx_sitemap_urls_status ON sitemap_urls USING btree (status);
CREATE INDEX IF NOT EXISTS idx_sitemap_urls_tenant_domain ON sitemap_urls USING btree (tenant_id, domain_id);

CREATE TABLE IF NOT EXISTS pages (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    domain_id uuid NOT NULL,
    url text NOT NULL,
    title text,
    description text,
    h1 text,
    canonical_url text,
    meta_robots text,
    has_schema_markup boolean DEFAULT false,
    schema_types text[],
    has_contact_form boolean DEFAULT false,
    has_comments boolean DEFAULT false,
    word_count integer,
    inbound_links text[],
    outbound_links text[],
    last_modified timestamp with time zone,
    last_scan timestamp with time zone,
    page_type text,
    lead_source text,
    additional_json jsonb DEFAULT '{}'::jsonb,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    sitemap_file_id uuid,
    page_curation_status pagecurationstatus NOT NULL DEFAULT 'New'::pagecurationstatus,
    page_processing_status pageprocessingstatus,
    page_processing_error text,
    CONSTRAINT pages_pkey PRIMARY KEY (id),
    CONSTRAINT fk_pages_sitemap_file_id FOREIGN KEY (sitemap_file_id) REFERENCES sitemap_files(id) ON DELETE SET NULL,
    CONSTRAINT pages_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domains(id)
);
CREATE INDEX IF NOT EXISTS idx_pages_domain_id ON pages USING btree (domain_id);
CREATE INDEX IF NOT EXISTS idx_pages_page_curation_status ON pages USING btree (page_curation_status);
CREATE INDEX IF NOT EXISTS idx_pages_page_processing_status ON pages USING btree (page_processing_status);
CREATE INDEX IF NOT EXISTS idx_pages_sitemap_file_id ON pages USING btree (sitemap_file_id);

CREATE TABLE IF NOT EXISTS contacts (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    domain_id uuid NOT NULL,
    page_id uuid NOT NULL,
    email text NOT NULL,
    email_type contact_email_type_enum,
    has_gmail boolean DEFAULT false,
    context text,
    source_url text,
    source_job_id uuid,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT contacts_domain_id_email_key UNIQUE (domain_id, email),
    CONSTRAINT contacts_pkey PRIMARY KEY (id),
    CONSTRAINT contacts_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domains(id) ON DELETE CASCADE,
    CONSTRAINT contacts_page_id_fkey FOREIGN KEY (page_id) REFERENCES pages(id) ON DELETE CASCADE,
    CONSTRAINT contacts_source_job_id_fkey FOREIGN KEY (source_job_id) REFERENCES jobs(job_id) ON DELETE SET NULL
);
CREATE INDEX IF NOT EXISTS idx_contacts_domain_email ON contacts USING btree (domain_id, email);
CREATE INDEX IF NOT EXISTS idx_contacts_page_id ON contacts USING btree (page_id);

CREATE TABLE IF NOT EXISTS place_searches (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    user_id uuid,
    location character varying(255) NOT NULL,
    business_type character varying(100) NOT NULL,
    params jsonb,
    created_at timestamp without time zone DEFAULT now(),
    status character varying(50) DEFAULT 'pending'::character varying,
    updated_at timestamp without time zone DEFAULT now(),
    CONSTRAINT place_searches_pkey PRIMARY KEY (id)
);

CREATE TABLE IF NOT EXISTS places_staging (
    id integer NOT NULL DEFAULT nextval('places_staging_id_seq'::regclass),
    place_id text NOT NULL,
    name text NOT NULL,
    formatted_address text,
    business_type text,
    latitude double precision,
    longitude double precision,
    vicinity text,
    rating double precision,
    user_ratings_total integer,
    price_level integer,
    tenant_id uuid,
    created_by uuid NOT NULL,
    search_job_id uuid,
    search_query text,
    search_location text,
    search_time timestamp with time zone DEFAULT now(),
    status place_status_enum NOT NULL DEFAULT 'New'::place_status_enum,
    notes text,
    priority integer DEFAULT 0,
    tags text[],
    revisit_date date,
    processed boolean DEFAULT false,
    processed_time timestamp with time zone,
    raw_data jsonb,
    user_id uuid,
    user_name text,
    updated_by text,
    updated_at timestamp with time zone DEFAULT now(),
    deep_scan_error text,
    deep_scan_status gcp_api_deep_scan_status_enum,
    CONSTRAINT places_staging_place_id_key UNIQUE (place_id),
    CONSTRAINT places_staging_pkey PRIMARY KEY (id)
);
CREATE INDEX IF NOT EXISTS idx_places_staging_status ON places_staging USING btree (status);
CREATE INDEX IF NOT EXISTS idx_places_staging_tenant ON places_staging USING btree (tenant_id);
CREATE INDEX IF NOT EXISTS ix_places_staging_status ON places_staging USING btree (status);

ALTER SEQUENCE jobs_id_seq OWNED BY jobs.id;
ALTER SEQUENCE batch_jobs_id_seq OWNED BY batch_jobs.id;
ALTER SEQUENCE places_staging_id_seq OWNED BY places_staging.id;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'pages'::regclass AND tgname = 'update_pages_updated_at') THEN
        CREATE TRIGGER update_pages_updated_at BEFORE UPDATE ON pages
            FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();
    END IF;
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'places_staging'::regclass AND tgname = 'update_places_staging_modtime') THEN
        CREATE TRIGGER update_places_staging_modtime BEFORE UPDATE ON places_staging
            FOR EACH ROW EXECUTE FUNCTION update_modified_column();
    END IF;
END
$$;
