SET LOCAL row_security = off;

DO $$
DECLARE
    counted text;
BEGIN
    FOREACH counted IN ARRAY '{contact_sources,contacts,domains,email_scan_urls,pages,places_staging,sitemap_files,sitemap_url_changes,
        sitemap_urls}'::text[]
    LOOP
        EXECUTE format('DROP TRIGGER count_inserted ON %I', counted);
        EXECUTE format('DROP TRIGGER count_deleted ON %I', counted);
    END LOOP;
END
$$;
DROP FUNCTION scrapersky_internal.count_rows();
SELECT scrapersky_internal.set_aside_table('count_rows', 'stored_rows', 'the older shape has no such table');
