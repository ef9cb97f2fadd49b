-- A page belongs to the tenant of its domain, once a URL.

-- A page of one tenant under another's domain is neither's to see, nor are the contacts found on it.
CREATE TEMP TABLE doomed ON COMMIT DROP AS
    SELECT p.id FROM pages p JOIN domains d ON d.id = p.domain_id WHERE p.tenant_id <> d.tenant_id;
SELECT scrapersky_internal.set_aside_rows('scope_pages', 'up', 'contacts',
    $$SELECT id::text AS key, 'its page was set aside' AS reason FROM contacts WHERE page_id IN (SELECT id FROM doomed)$$);
SELECT scrapersky_internal.set_aside_rows('scope_pages', 'up', 'pages',
    $$SELECT id::text AS key, 'its domain is another tenant''s' AS reason FROM doomed$$);
DROP TABLE doomed;

-- Of several rows for one page the last one worked on stays; what refers to the others refers to it.
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
    DROP CONSTRAINT pages_domain_id_fkey,
    ADD CONSTRAINT pages_tenant_id_id_key UNIQUE (tenant_id, id),
    ADD CONSTRAINT pages_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT pages_sitemap_file_fkey FOREIGN KEY (tenant_id, sitemap_file_id)
        REFERENCES sitemap_files (tenant_id, id) ON DELETE SET NULL (sitemap_file_id);

DROP INDEX IF EXISTS idx_pages_domain_id, idx_pages_page_curation_status, idx_pages_page_processing_status, idx_pages_sitemap_file_id;
CREATE UNIQUE INDEX pages_url_key ON pages (tenant_id, domain_id, md5(url));
CREATE INDEX pages_tenant_id_sitemap_file_id_idx ON pages (tenant_id, sitemap_file_id);
CREATE INDEX pages_tenant_id_created_at_idx ON pages (tenant_id, created_at, id);
CREATE INDEX pages_tenant_id_page_curation_status_idx ON pages (tenant_id, page_curation_status);
CREATE INDEX pages_tenant_id_page_processing_status_idx ON pages (tenant_id, page_processing_status);
