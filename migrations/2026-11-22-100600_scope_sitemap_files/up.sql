-- A sitemap file belongs to the tenant of its domain, once a URL.

-- Most rows without a tenant of their own: it is their domain's. One that names another tenant than its domain does
-- is neither's to see.
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

-- Of several rows for one file the last one worked on stays; what refers to the others refers to it.
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
    ALTER COLUMN tenant_id SET NOT NULL,
    ADD CONSTRAINT sitemap_files_tenant_id_id_key UNIQUE (tenant_id, id),
    ADD CONSTRAINT sitemap_files_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE;

DROP INDEX IF EXISTS idx_sitemap_files_deep_scrape_process_status, idx_sitemap_files_status, idx_sitemap_files_tenant_domain;
-- A URL may be longer than an index entry can be: its hash stands for it.
CREATE UNIQUE INDEX sitemap_files_url_key ON sitemap_files (tenant_id, domain_id, md5(url));
CREATE INDEX sitemap_files_tenant_id_created_at_idx ON sitemap_files (tenant_id, created_at, id);
CREATE INDEX sitemap_files_tenant_id_status_idx ON sitemap_files (tenant_id, status);
CREATE INDEX sitemap_files_tenant_id_curation_idx ON sitemap_files (tenant_id, deep_scrape_curation_status);
CREATE INDEX sitemap_files_tenant_id_import_idx ON sitemap_files (tenant_id, sitemap_import_status);
