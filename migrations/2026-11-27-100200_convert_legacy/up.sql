-- Brings the tables of the old system to the shape that this program works with. Every row and value is kept: what cannot be
-- converted is set aside with its reason (see create_set_aside). Each step below keeps what it sets aside under a name of
-- its own, so that it comes back in the opposite order.
SET LOCAL row_security = off;
-- Times are kept as text: always in the same form.
SET LOCAL datestyle = ISO;
SET LOCAL timezone = UTC;

-- ## Domains
-- A domain belongs to its tenant: unique per tenant instead of once in the world (one tenant's scan used to overwrite
-- another's row), named in its standard form, with times that know their zone.

-- What has a value but no place in the tables that follow: the old value of a standardised `domain` here, columns that no
-- code read or wrote later on. Each value is the text PostgreSQL writes for it.
ALTER TABLE domains ADD COLUMN legacy jsonb;

ALTER TABLE domains
    DROP CONSTRAINT domains_domain_key,
    DROP CONSTRAINT uq_domains_domain,
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC';

-- Returns the standard form of a domain by the program's own rule: trim, lower-case, drop scheme, user, `www.`, port, path, query and trailing dot.
CREATE FUNCTION scrapersky_internal.standard_domain(spelled text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    lower(btrim(spelled, E' \t\r\n')),
    '^[a-z][a-z0-9+.-]*://', ''), '[/?#].*$', ''), '^.*@', ''), '^(www\.)?(.*?)(:[0-9]*)?\.?$', '\2');

-- Only the first row of each standard form takes it, and none where the tenant has that row already. The others
-- keep their spelling, which is unique as it is, and are reported.
CREATE TEMP TABLE renamed ON COMMIT DROP AS
    SELECT d.id, s.name,
           row_number() OVER (PARTITION BY d.tenant_id, s.name ORDER BY d.domain <> s.name, d.created_at, d.id) = 1 AS is_first
    FROM domains d, LATERAL (SELECT scrapersky_internal.standard_domain(d.domain) AS name) s
    -- A name that has an even shorter form ("www.www.x.com") is odd enough to stay as it is.
    WHERE s.name <> '' AND scrapersky_internal.standard_domain(s.name) = s.name;
SELECT scrapersky_internal.set_aside_columns('scope_domains', 'up', 'domains', '{domain}',
    $$SELECT id::text AS key, 'the tenant has another row for ' || name || ': this one keeps its spelling' AS reason
      FROM renamed WHERE NOT is_first$$);
UPDATE domains d SET legacy = jsonb_build_object('domain', d.domain), domain = r.name
    FROM renamed r WHERE r.id = d.id AND r.is_first AND r.name <> d.domain;
DROP TABLE renamed;

ALTER TABLE domains ADD CONSTRAINT domains_tenant_id_domain_key UNIQUE (tenant_id, domain);

DROP INDEX IF EXISTS
    idx_domains_domain, ix_domains_domain, idx_domains_tenant_id, ix_domains_tenant_id, ix_domains_batch_id,
    idx_domains_status, idx_domains_content_scrape_status, idx_domains_page_scrape_status, idx_domains_local_business_id,
    idx_domains_sitemap_analysis_status, idx_domains_sitemap_curation_status, idx_domains_sitemap_monitor_status;

-- Rows that a revert could not keep apart, with all that hangs on them.
SELECT scrapersky_internal.put_back('scope_domains', 'down', '{domains,sitemap_files,sitemap_urls,pages,contacts}');

-- ## Batches
-- One identity instead of five (`batch_id`; what id, id_uuid, batch_id_string and batch_id_original said is kept in
-- `legacy`), one word per state, times that know their zone.

-- Returns one of the words for a job's state, or `partial` (some jobs of the batch failed), or NULL for an unknown word.
CREATE FUNCTION scrapersky_internal.batch_status(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN lower(btrim(word)) IN ('pending', 'queued') THEN 'pending'
    WHEN lower(btrim(word)) IN ('running', 'processing', 'in_progress') THEN 'running'
    WHEN lower(btrim(word)) IN ('completed', 'complete') THEN 'completed'
    WHEN lower(btrim(word)) IN ('failed', 'error') THEN 'failed'
    WHEN lower(btrim(word)) IN ('cancelled', 'canceled') THEN 'cancelled'
    WHEN lower(btrim(word)) = 'partial' THEN 'partial'
END;
-- Returns the UUID in `batch_<32 hex digits>`.
CREATE FUNCTION scrapersky_internal.batch_uuid(spelled text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN scrapersky_internal.try_uuid(regexp_replace(spelled, '^\s*batch_', ''));
-- Returns the one identity of a row of the old shape.
CREATE FUNCTION scrapersky_internal.batch_identity(batch_id uuid, batch_id_string text, batch_id_original text, id_uuid uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(batch_id, scrapersky_internal.batch_uuid(batch_id_string), scrapersky_internal.batch_uuid(batch_id_original), id_uuid);

SELECT scrapersky_internal.set_aside_rows('convert_batch_jobs', 'up', 'batch_jobs', $$
    SELECT id::text AS key, CASE
        WHEN scrapersky_internal.batch_status(status) IS NULL THEN 'status is no known word: ' || status
        WHEN row_number() OVER (
            PARTITION BY scrapersky_internal.batch_identity(batch_id, batch_id_string, batch_id_original, id_uuid), scrapersky_internal.batch_status(status) IS NULL
            ORDER BY created_at DESC, id DESC) > 1 THEN 'a newer row has the same batch_id'
        END AS reason
    FROM batch_jobs$$);

ALTER TABLE batch_jobs ADD COLUMN legacy jsonb;
-- A batch that the old system had not ended will never end: its state lived in that process.
UPDATE batch_jobs b SET
    legacy = jsonb_strip_nulls(jsonb_object(
        ARRAY['id', 'id_uuid', 'batch_id', 'batch_id_string', 'batch_id_original', 'status', 'interrupted', 'error', 'end_time'],
        ARRAY[b.id::text, b.id_uuid::text, b.batch_id::text, b.batch_id_string, b.batch_id_original, b.status,
              CASE WHEN i.interrupted THEN 'true' END, CASE WHEN i.interrupted THEN b.error END, CASE WHEN i.interrupted THEN b.end_time::text END])),
    batch_id = scrapersky_internal.batch_identity(b.batch_id, b.batch_id_string, b.batch_id_original, b.id_uuid),
    status = CASE WHEN i.interrupted THEN 'failed' ELSE scrapersky_internal.batch_status(b.status) END,
    error = CASE WHEN i.interrupted THEN coalesce(b.error, 'interrupted: the system that ran this batch was replaced before it ended') ELSE b.error END,
    end_time = CASE WHEN i.interrupted THEN coalesce(b.end_time, b.updated_at) ELSE b.end_time END
FROM (SELECT b.id, scrapersky_internal.batch_status(b.status) IN ('pending', 'running') AS interrupted
      FROM batch_jobs b
      WHERE NOT EXISTS (SELECT FROM scrapersky_internal.set_aside s
                        WHERE s.migration = 'convert_batch_jobs' AND s.direction = 'down' AND s.key = b.id::text)) i
WHERE i.id = b.id;
-- Rows of the new shape that a revert had given numbers of the old one.
UPDATE batch_jobs SET batch_id = scrapersky_internal.batch_identity(batch_id, batch_id_string, batch_id_original, id_uuid) WHERE legacy IS NULL;
SELECT scrapersky_internal.put_back('convert_batch_jobs', 'down');

-- The sequence waits for a revert, with its position and the rights to it.
ALTER SEQUENCE batch_jobs_id_seq OWNED BY NONE;
ALTER SEQUENCE batch_jobs_id_seq SET SCHEMA scrapersky_internal;
DROP INDEX IF EXISTS ix_batch_jobs_tenant_id;
ALTER TABLE batch_jobs
    DROP CONSTRAINT batch_jobs_pkey,
    DROP COLUMN id,
    DROP COLUMN id_uuid,
    DROP COLUMN batch_id_string,
    DROP COLUMN batch_id_original,
    ALTER COLUMN batch_id SET NOT NULL,
    ALTER COLUMN batch_id SET DEFAULT gen_random_uuid(),
    ALTER COLUMN status TYPE text,
    ALTER COLUMN status SET DEFAULT 'pending',
    ALTER COLUMN error TYPE text,
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC',
    ALTER COLUMN start_time TYPE timestamptz USING start_time AT TIME ZONE 'UTC',
    ALTER COLUMN end_time TYPE timestamptz USING end_time AT TIME ZONE 'UTC',
    ADD CONSTRAINT batch_jobs_pkey PRIMARY KEY (tenant_id, batch_id),
    ADD CONSTRAINT batch_jobs_status_check CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled', 'partial'));
ALTER TABLE batch_jobs RENAME COLUMN batch_metadata TO metadata;
ALTER TABLE batch_jobs RENAME COLUMN start_time TO started_at;
ALTER TABLE batch_jobs RENAME COLUMN end_time TO completed_at;

-- ## Jobs
-- One identity (`job_id`), one tenant that is a UUID, one result, one metadata, one batch, one word per state, times that
-- know their zone. What the dropped columns said otherwise is kept in `legacy`.

-- Returns one of the words for a job's state, or NULL for an unknown word.
CREATE FUNCTION scrapersky_internal.job_status(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN nullif(scrapersky_internal.batch_status(word), 'partial');
-- Returns the value of one of two columns; an SQL NULL or a JSON null means that it is in the other.
CREATE FUNCTION scrapersky_internal.either_json(one jsonb, other jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(nullif(one, 'null'), nullif(other, 'null'), one, other);

-- A row whose tenant is not certain must not be shown to any tenant.
CREATE TEMP TABLE doomed ON COMMIT DROP AS
    SELECT id, job_id, reason
    FROM jobs, LATERAL (SELECT CASE
        WHEN coalesce(scrapersky_internal.try_uuid(tenant_id), tenant_id_uuid) IS NULL
            THEN format('tenant_id %L is no UUID, and tenant_id_uuid is null', tenant_id)
        WHEN scrapersky_internal.try_uuid(tenant_id) <> tenant_id_uuid THEN 'tenant_id and tenant_id_uuid name two tenants'
        WHEN scrapersky_internal.job_status(status) IS NULL THEN 'status is no known word: ' || status
    END AS reason) r
    WHERE reason IS NOT NULL;
SELECT scrapersky_internal.set_aside_columns('convert_jobs', 'up', 'contacts', '{source_job_id}',
    $$SELECT id::text AS key, 'its job was set aside' AS reason FROM contacts WHERE source_job_id IN (SELECT job_id FROM doomed)$$);
UPDATE contacts SET source_job_id = NULL WHERE source_job_id IN (SELECT job_id FROM doomed);
SELECT scrapersky_internal.set_aside_rows('convert_jobs', 'up', 'jobs', 'SELECT id::text AS key, reason FROM doomed');
DROP TABLE doomed;

SELECT scrapersky_internal.set_aside_columns('convert_jobs', 'up', 'jobs', '{domain_id}',
    $$SELECT job_id::text AS key, 'its domain is another tenant''s' AS reason
      FROM jobs j JOIN domains d ON d.id = j.domain_id
      WHERE d.tenant_id <> coalesce(scrapersky_internal.try_uuid(j.tenant_id), j.tenant_id_uuid)$$, 'job_id');
UPDATE jobs j SET domain_id = NULL
    FROM domains d
    WHERE d.id = j.domain_id AND d.tenant_id <> coalesce(scrapersky_internal.try_uuid(j.tenant_id), j.tenant_id_uuid);

-- The statements below read the old columns; `new_batch_id` is the batch of the same tenant that the row names.
ALTER TABLE jobs ADD COLUMN legacy jsonb, ADD COLUMN new_batch_id uuid;
UPDATE jobs j SET new_batch_id = b.batch_id
    FROM batch_jobs b
    WHERE b.batch_id = coalesce(scrapersky_internal.batch_uuid(j.batch_id), scrapersky_internal.batch_uuid(j.batch_id_string))
      AND b.tenant_id = coalesce(scrapersky_internal.try_uuid(j.tenant_id), j.tenant_id_uuid);
-- A job that the old system had not ended will never end: its state lived in that process.
UPDATE jobs j SET
    legacy = jsonb_strip_nulls(jsonb_object(
        ARRAY['id', 'id_uuid', 'tenant_id', 'tenant_id_uuid', 'batch_id', 'batch_id_string', 'status', 'interrupted', 'error', 'completed_at',
              'result_data', 'result', 'job_metadata', 'metadata'],
        ARRAY[j.id::text, j.id_uuid::text, j.tenant_id, j.tenant_id_uuid::text, j.batch_id, j.batch_id_string, j.status,
              CASE WHEN i.interrupted THEN 'true' END, CASE WHEN i.interrupted THEN j.error END, CASE WHEN i.interrupted THEN j.completed_at::text END,
              j.result_data::text, CASE WHEN j.result_data IS NOT NULL THEN j.result::text END,
              j.job_metadata::text, CASE WHEN j.job_metadata IS NOT NULL THEN j.metadata::text END])),
    status = CASE WHEN i.interrupted THEN 'failed' ELSE scrapersky_internal.job_status(j.status) END,
    error = CASE WHEN i.interrupted THEN coalesce(j.error, 'interrupted: the system that ran this job was replaced before it ended') ELSE j.error END,
    completed_at = CASE WHEN i.interrupted THEN coalesce(j.completed_at, j.updated_at AT TIME ZONE 'UTC') ELSE j.completed_at END,
    result = scrapersky_internal.either_json(j.result, j.result_data),
    metadata = scrapersky_internal.either_json(j.metadata, j.job_metadata)
FROM (SELECT j.job_id, scrapersky_internal.job_status(j.status) IN ('pending', 'running') AS interrupted
      FROM jobs j
      WHERE NOT EXISTS (SELECT FROM scrapersky_internal.set_aside s
                        WHERE s.migration = 'convert_jobs' AND s.direction = 'down' AND s.key = j.id::text)) i
WHERE i.job_id = j.job_id;
SELECT scrapersky_internal.put_back('convert_jobs', 'down');

ALTER SEQUENCE jobs_id_seq OWNED BY NONE;
ALTER SEQUENCE jobs_id_seq SET SCHEMA scrapersky_internal;
ALTER TABLE contacts DROP CONSTRAINT contacts_source_job_id_fkey;
DROP INDEX IF EXISTS idx_jobs_tenant_id, ix_jobs_batch_id, ix_jobs_tenant_id_uuid;
ALTER TABLE jobs
    ALTER COLUMN tenant_id TYPE uuid USING coalesce(scrapersky_internal.try_uuid(tenant_id), tenant_id_uuid);
ALTER TABLE jobs
    DROP CONSTRAINT jobs_pkey,
    DROP CONSTRAINT fk_jobs_domain_id,
    DROP COLUMN id,
    DROP COLUMN id_uuid,
    DROP COLUMN tenant_id_uuid,
    DROP COLUMN result_data,
    DROP COLUMN job_metadata,
    DROP COLUMN batch_id,
    DROP COLUMN batch_id_string,
    ALTER COLUMN job_id SET DEFAULT gen_random_uuid(),
    ALTER COLUMN status TYPE text,
    ALTER COLUMN status SET DEFAULT 'pending',
    ALTER COLUMN job_type TYPE text,
    ALTER COLUMN error TYPE text,
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC',
    -- Workers name the jobs they hold by id alone, of any tenant: jobs_job_id_key, which the old shape has, stays for them.
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (tenant_id, job_id),
    ADD CONSTRAINT jobs_status_check CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled'));
ALTER TABLE jobs RENAME COLUMN job_type TO kind;
ALTER TABLE jobs RENAME COLUMN new_batch_id TO batch_id;
-- A job refers to its domain without a foreign key: deleting a domain and queueing a job for it do not wait for each other,
-- and a job keeps the id of its domain when that has been deleted.
SELECT scrapersky_internal.put_back('jobs_without_domain', 'down');

-- ## Sitemap files
-- A sitemap file belongs to the tenant of its domain and is unique by URL.

-- Most rows name no tenant: theirs is their domain's. A row that names another tenant than its domain does belongs to
-- neither.
CREATE TEMP TABLE doomed ON COMMIT DROP AS
    SELECT f.id FROM sitemap_files f JOIN domains d ON d.id = f.domain_id WHERE f.tenant_id <> d.tenant_id;
SELECT scrapersky_internal.set_aside_columns('scope_sitemap_files', 'up', 'pages', '{sitemap_file_id}',
    $$SELECT id::text AS key, 'its sitemap file was set aside' AS reason FROM pages WHERE sitemap_file_id IN (SELECT id FROM doomed)$$);
ALTER TABLE pages DISABLE TRIGGER USER;
UPDATE pages SET sitemap_file_id = NULL WHERE sitemap_file_id IN (SELECT id FROM doomed);
ALTER TABLE pages ENABLE TRIGGER USER;
SELECT scrapersky_internal.set_aside_rows('scope_sitemap_files', 'up', 'sitemap_urls',
    $$SELECT id::text AS key, 'its sitemap file was set aside' AS reason FROM sitemap_urls WHERE sitemap_id IN (SELECT id FROM doomed)$$);
SELECT scrapersky_internal.set_aside_rows('scope_sitemap_files', 'up', 'sitemap_files',
    $$SELECT id::text AS key, 'its domain is another tenant''s' AS reason FROM doomed$$);
DROP TABLE doomed;

-- Of several rows for one file the one changed last stays; what refers to the others will refer to it.
CREATE TEMP TABLE doubles ON COMMIT DROP AS
    SELECT id, first_value(id) OVER same AS kept_id FROM sitemap_files
    WINDOW same AS (PARTITION BY domain_id, url ORDER BY updated_at DESC NULLS LAST, created_at DESC NULLS LAST, id);
DELETE FROM doubles WHERE id = kept_id;
SELECT scrapersky_internal.repoint('scope_sitemap_files', 'sitemap_files',
    'SELECT id::text AS old_key, kept_id::text AS new_key FROM doubles', 'its sitemap file was one of several rows for the same URL');
SELECT scrapersky_internal.set_aside_rows('scope_sitemap_files', 'up', 'sitemap_files',
    $$SELECT id::text AS key, 'row ' || kept_id || ' is the same file' AS reason FROM doubles$$);
DROP TABLE doubles;

SELECT scrapersky_internal.set_aside_columns('scope_sitemap_files', 'up', 'sitemap_files', '{tenant_id}',
    $$SELECT id::text AS key, 'it named no tenant and is now its domain''s' AS reason FROM sitemap_files WHERE tenant_id IS NULL$$);
UPDATE sitemap_files f SET tenant_id = d.tenant_id FROM domains d WHERE d.id = f.domain_id AND f.tenant_id IS NULL;
ALTER TABLE sitemap_files
    DROP CONSTRAINT sitemap_files_domain_id_fkey,
    ALTER COLUMN id SET DEFAULT gen_random_uuid(),
    ALTER COLUMN tenant_id DROP DEFAULT,
    ALTER COLUMN tenant_id SET NOT NULL;

DROP INDEX IF EXISTS idx_sitemap_files_deep_scrape_process_status, idx_sitemap_files_status, idx_sitemap_files_tenant_domain;

-- ## URLs of sitemaps
-- A URL of a sitemap belongs to the tenant of its file and is unique in that file.

SELECT scrapersky_internal.set_aside_rows('scope_sitemap_urls', 'up', 'sitemap_urls', $$
    SELECT u.id::text AS key, CASE
        WHEN f.tenant_id <> u.tenant_id THEN 'its sitemap file is another tenant''s'
        WHEN f.tenant_id <> d.tenant_id THEN 'its domain is another tenant''s'
        WHEN row_number() OVER (
            PARTITION BY u.sitemap_id, u.url, coalesce(f.tenant_id <> u.tenant_id, false), f.tenant_id <> d.tenant_id
            ORDER BY u.updated_at DESC NULLS LAST, u.created_at DESC NULLS LAST, u.id) > 1 THEN 'a newer row of the file has the same URL'
        END AS reason
    FROM sitemap_urls u JOIN sitemap_files f ON f.id = u.sitemap_id JOIN domains d ON d.id = u.domain_id$$);

SELECT scrapersky_internal.set_aside_columns('scope_sitemap_urls', 'up', 'sitemap_urls', '{tenant_id}',
    $$SELECT id::text AS key, 'it named no tenant and is now its file''s' AS reason FROM sitemap_urls WHERE tenant_id IS NULL$$);
UPDATE sitemap_urls u SET tenant_id = f.tenant_id FROM sitemap_files f WHERE f.id = u.sitemap_id AND u.tenant_id IS NULL;
ALTER TABLE sitemap_urls
    DROP CONSTRAINT sitemap_urls_domain_id_fkey,
    DROP CONSTRAINT sitemap_urls_sitemap_id_fkey,
    ALTER COLUMN id SET DEFAULT gen_random_uuid(),
    ALTER COLUMN tenant_id DROP DEFAULT,
    ALTER COLUMN tenant_id SET NOT NULL;

DROP INDEX IF EXISTS idx_sitemap_urls_sitemap_id, idx_sitemap_urls_status, idx_sitemap_urls_tenant_domain;

-- ## Pages
-- A page belongs to the tenant of its domain and is unique by URL.

-- A page of one tenant under another's domain belongs to neither, nor do the contacts found on it.
CREATE TEMP TABLE doomed ON COMMIT DROP AS
    SELECT p.id FROM pages p JOIN domains d ON d.id = p.domain_id WHERE p.tenant_id <> d.tenant_id;
SELECT scrapersky_internal.set_aside_rows('scope_pages', 'up', 'contacts',
    $$SELECT id::text AS key, 'its page was set aside' AS reason FROM contacts WHERE page_id IN (SELECT id FROM doomed)$$);
SELECT scrapersky_internal.set_aside_rows('scope_pages', 'up', 'pages',
    $$SELECT id::text AS key, 'its domain is another tenant''s' AS reason FROM doomed$$);
DROP TABLE doomed;

-- Of several rows for one page the one changed last stays; what refers to the others will refer to it.
CREATE TEMP TABLE doubles ON COMMIT DROP AS
    SELECT id, first_value(id) OVER same AS kept_id FROM pages
    WINDOW same AS (PARTITION BY domain_id, url ORDER BY updated_at DESC NULLS LAST, created_at DESC NULLS LAST, id);
DELETE FROM doubles WHERE id = kept_id;
SELECT scrapersky_internal.repoint('scope_pages', 'pages',
    'SELECT id::text AS old_key, kept_id::text AS new_key FROM doubles', 'its page was one of several rows for the same URL');
SELECT scrapersky_internal.set_aside_rows('scope_pages', 'up', 'pages',
    $$SELECT id::text AS key, 'row ' || kept_id || ' is the same page' AS reason FROM doubles$$);
DROP TABLE doubles;

SELECT scrapersky_internal.set_aside_columns('scope_pages', 'up', 'pages', '{sitemap_file_id}',
    $$SELECT p.id::text AS key, 'its sitemap file is another tenant''s' AS reason
      FROM pages p JOIN sitemap_files f ON f.id = p.sitemap_file_id WHERE f.tenant_id <> p.tenant_id$$);
-- The trigger would say that a person changed the page.
ALTER TABLE pages DISABLE TRIGGER USER;
UPDATE pages p SET sitemap_file_id = NULL FROM sitemap_files f WHERE f.id = p.sitemap_file_id AND f.tenant_id <> p.tenant_id;
ALTER TABLE pages ENABLE TRIGGER USER;

ALTER TABLE pages
    DROP CONSTRAINT fk_pages_sitemap_file_id,
    DROP CONSTRAINT pages_domain_id_fkey;

DROP INDEX IF EXISTS idx_pages_domain_id, idx_pages_page_curation_status, idx_pages_page_processing_status, idx_pages_sitemap_file_id;

-- ## Contacts
-- A contact belongs to the tenant of its domain, and says so itself.

SELECT scrapersky_internal.set_aside_rows('scope_contacts', 'up', 'contacts', $$
    SELECT c.id::text AS key, 'its page is another tenant''s' AS reason
    FROM contacts c JOIN domains d ON d.id = c.domain_id JOIN pages p ON p.id = c.page_id WHERE p.tenant_id <> d.tenant_id$$);
SELECT scrapersky_internal.set_aside_columns('scope_contacts', 'up', 'contacts', '{source_job_id}', $$
    SELECT c.id::text AS key, 'its job is another tenant''s' AS reason
    FROM contacts c JOIN domains d ON d.id = c.domain_id JOIN jobs j ON j.job_id = c.source_job_id WHERE j.tenant_id <> d.tenant_id$$);
UPDATE contacts c SET source_job_id = NULL
    FROM domains d, jobs j WHERE d.id = c.domain_id AND j.job_id = c.source_job_id AND j.tenant_id <> d.tenant_id;

ALTER TABLE contacts ADD COLUMN tenant_id uuid;
UPDATE contacts c SET tenant_id = d.tenant_id FROM domains d WHERE d.id = c.domain_id;
ALTER TABLE contacts
    DROP CONSTRAINT contacts_domain_id_email_key,
    DROP CONSTRAINT contacts_domain_id_fkey,
    DROP CONSTRAINT contacts_page_id_fkey,
    ALTER COLUMN tenant_id SET NOT NULL,
    ADD CONSTRAINT contacts_tenant_id_domain_id_email_key UNIQUE (tenant_id, domain_id, email);
SELECT scrapersky_internal.put_back('contacts_without_job', 'down');

DROP INDEX IF EXISTS idx_contacts_domain_email, idx_contacts_page_id;

-- ## Places
-- Two tenants may stage the same place. A place that names no tenant belongs to nobody.

SELECT scrapersky_internal.set_aside_rows('scope_places', 'up', 'places_staging',
    $$SELECT id::text AS key, 'no tenant' AS reason FROM places_staging WHERE tenant_id IS NULL$$);
ALTER TABLE places_staging
    DROP CONSTRAINT places_staging_place_id_key,
    ALTER COLUMN tenant_id SET NOT NULL,
    ADD CONSTRAINT places_staging_tenant_id_place_id_key UNIQUE (tenant_id, place_id);
SELECT scrapersky_internal.put_back('scope_places', 'down', '{places_staging}');
DROP INDEX IF EXISTS idx_places_staging_status, ix_places_staging_status, idx_places_staging_tenant;

ALTER TABLE place_searches
    ALTER COLUMN id SET DEFAULT gen_random_uuid(),
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC';

-- ## Keys
-- The primary key of every table begins with the tenant, so that rows can be spread over partitions or machines by tenant.
-- A person is looked up by the id in a token before the tenant is known: that id stays unique by itself.
SELECT scrapersky_internal.change_primary_key(t::regclass, '{tenant_id,id}')
FROM unnest('{domains,sitemap_files,sitemap_urls,pages,contacts,place_searches,places_staging}'::text[]) t;
SELECT scrapersky_internal.change_primary_key('profiles', '{tenant_id,id}', keeps_unique => true);
DROP INDEX IF EXISTS idx_profiles_tenant_id;

-- Row level security does not bind foreign keys: without the tenant one would accept another tenant's row.
ALTER TABLE sitemap_files
    ADD CONSTRAINT sitemap_files_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE sitemap_urls
    ADD CONSTRAINT sitemap_urls_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT sitemap_urls_sitemap_fkey FOREIGN KEY (tenant_id, sitemap_id) REFERENCES sitemap_files (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE pages
    ADD CONSTRAINT pages_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE contacts
    ADD CONSTRAINT contacts_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT contacts_page_fkey FOREIGN KEY (tenant_id, page_id) REFERENCES pages (tenant_id, id) ON DELETE CASCADE;

-- ## Wide tables
-- 111 columns in one table cost every contributor minutes and gigabytes: Diesel compiles a table's width. The table is split
-- 1:1, value for value, at most 32 columns each; a side table has a row where something is known. Columns that no code ever
-- read or wrote go to `domains.legacy`, and the view `domains_wide` still shows all of it in the old shape.

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

SELECT scrapersky_internal.put_back('split_domains', 'down', '{domain_profiles,domain_technologies,domain_hosting}');

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

-- The old shape for those who read it by SQL. It reads as its reader, not as its owner, so that row level security holds.
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

-- 36 columns in `sitemap_files` likewise: what people say about a file goes to a table of its own, 1:1. A side row is there
-- where something is said; the view `sitemap_files_wide` still shows the old shape.
CREATE TABLE sitemap_file_curations (
    tenant_id uuid NOT NULL,
    sitemap_file_id uuid NOT NULL,
    priority integer DEFAULT 5,
    lead_source text,
    user_name text,
    notes text,
    tags text[],
    is_active boolean DEFAULT true,
    process_after timestamptz,
    PRIMARY KEY (tenant_id, sitemap_file_id),
    CONSTRAINT sitemap_file_curations_sitemap_file_fkey FOREIGN KEY (tenant_id, sitemap_file_id) REFERENCES sitemap_files (tenant_id, id) ON DELETE CASCADE
);
INSERT INTO sitemap_file_curations (tenant_id, sitemap_file_id, priority, lead_source, user_name, notes, tags, is_active, process_after)
SELECT tenant_id, id, priority, lead_source, user_name, notes, tags, is_active, process_after
FROM sitemap_files
WHERE num_nonnulls(priority, lead_source, user_name, notes, tags, is_active, process_after) > 0;
SELECT scrapersky_internal.put_back('split_sitemap_files', 'down', '{sitemap_file_curations}');
ALTER TABLE sitemap_files
    DROP COLUMN priority,
    DROP COLUMN lead_source,
    DROP COLUMN user_name,
    DROP COLUMN notes,
    DROP COLUMN tags,
    DROP COLUMN is_active,
    DROP COLUMN process_after;

CREATE VIEW sitemap_files_wide WITH (security_invoker = true) AS
SELECT
    f.id, f.tenant_id, f.domain_id, f.url, f.sitemap_type, f.discovery_method, f.page_count, f.size_bytes,
    f.response_time_ms, f.status, c.priority, f.status_code, f.error_message, f.last_modified, f.is_gzipped,
    f.has_lastmod, f.has_priority, f.has_changefreq, f.generator, c.lead_source, f.user_id, c.user_name, c.notes,
    c.tags, c.is_active, c.process_after, f.last_processed_at, f.created_at, f.created_by, f.updated_at, f.updated_by,
    f.job_id, f.url_count, f.deep_scrape_curation_status, f.sitemap_import_error, f.sitemap_import_status
FROM sitemap_files f
LEFT JOIN sitemap_file_curations c ON c.sitemap_file_id = f.id AND c.tenant_id = f.tenant_id;
