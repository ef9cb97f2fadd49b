SELECT scrapersky_internal.set_aside_rows('create_sitemap_runs', 'down', 'sitemap_url_changes',
    $$SELECT id::text AS key, 'the older shape has no analyses' AS reason FROM sitemap_url_changes$$);
SELECT scrapersky_internal.set_aside_rows('create_sitemap_runs', 'down', 'sitemap_runs',
    $$SELECT id::text AS key, 'the older shape has no analyses' AS reason FROM sitemap_runs$$);
DROP TABLE sitemap_url_changes;
DROP TABLE sitemap_runs;

SELECT scrapersky_internal.set_aside_columns('create_sitemap_runs', 'down', 'sitemap_urls', '{alternates}',
    $$SELECT id::text AS key, 'the older shape has no alternates' AS reason FROM sitemap_urls WHERE alternates IS NOT NULL$$);
ALTER TABLE sitemap_urls DROP COLUMN alternates;

SELECT scrapersky_internal.set_aside_columns('create_sitemap_runs', 'down', 'sitemap_files', '{depth,parent_id}',
    $$SELECT id::text AS key, 'the older shape has no tree of files' AS reason FROM sitemap_files WHERE num_nonnulls(depth, parent_id) > 0$$);
ALTER TABLE sitemap_files DROP COLUMN depth, DROP COLUMN parent_id;
