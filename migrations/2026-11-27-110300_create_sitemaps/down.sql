SET LOCAL row_security = off;

ALTER TABLE sitemap_files DROP CONSTRAINT sitemap_files_parent_fkey;
DROP TRIGGER "A_clear_parent" ON sitemap_files;
DROP FUNCTION scrapersky_internal.clear_parent();
DROP INDEX sitemap_files_url_key, sitemap_files_tenant_id_domain_id_created_at_idx, sitemap_files_tenant_id_status_idx,
    sitemap_files_parent_idx, sitemap_urls_url_key, sitemap_urls_tenant_id_domain_id_idx;
SELECT scrapersky_internal.set_aside_table('create_sitemaps', 'sitemap_url_changes', 'the older shape has no analyses');
SELECT scrapersky_internal.set_aside_table('create_sitemaps', 'sitemap_runs', 'the older shape has no analyses');

SELECT scrapersky_internal.set_aside_columns('create_sitemaps', 'down', 'sitemap_urls', '{alternates}',
    $$SELECT tenant_id || ',' || id AS key, 'the older shape has no alternates' AS reason FROM sitemap_urls WHERE alternates IS NOT NULL$$);
ALTER TABLE sitemap_urls DROP COLUMN alternates;
SELECT scrapersky_internal.set_aside_columns('create_sitemaps', 'down', 'sitemap_files', '{depth,parent_id}',
    $$SELECT tenant_id || ',' || id AS key, 'the older shape has no tree of files' AS reason FROM sitemap_files WHERE num_nonnulls(depth, parent_id) > 0$$);
ALTER TABLE sitemap_files DROP COLUMN depth, DROP COLUMN parent_id;
