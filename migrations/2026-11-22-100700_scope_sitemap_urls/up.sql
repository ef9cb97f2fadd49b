-- A URL of a sitemap belongs to the tenant of its file, once a file.
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
    ALTER COLUMN tenant_id SET NOT NULL,
    ADD CONSTRAINT sitemap_urls_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT sitemap_urls_sitemap_fkey FOREIGN KEY (tenant_id, sitemap_id) REFERENCES sitemap_files (tenant_id, id) ON DELETE CASCADE;

DROP INDEX IF EXISTS idx_sitemap_urls_sitemap_id, idx_sitemap_urls_status, idx_sitemap_urls_tenant_domain;
CREATE UNIQUE INDEX sitemap_urls_url_key ON sitemap_urls (tenant_id, sitemap_id, md5(url));
CREATE INDEX sitemap_urls_tenant_id_domain_id_idx ON sitemap_urls (tenant_id, domain_id, id);
