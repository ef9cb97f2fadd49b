-- Drops the baseline only where that loses nothing: every table is empty, and no table outside the list refers to one of
-- them. Otherwise all of it stays, and the next `up` adopts it as it would adopt production.
SET LOCAL row_security = off;

DO $$
DECLARE
    ours CONSTANT regclass[] := ARRAY[
        'places_staging', 'place_searches', 'contacts', 'pages', 'sitemap_urls', 'sitemap_files', 'jobs', 'batch_jobs', 'domains', 'profiles', 'tenants'
    ]::regclass[];
    t regclass;
    has_rows boolean;
    dropping text;
BEGIN
    FOREACH t IN ARRAY ours LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', t) INTO has_rows;
        IF has_rows THEN
            RAISE NOTICE 'the baseline stays: % has rows', t;
            RETURN;
        END IF;
    END LOOP;
    IF EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = ANY (ours) AND conrelid <> ALL (ours)) THEN
        RAISE NOTICE 'the baseline stays: other tables refer to it';
        RETURN;
    END IF;
    DROP TABLE places_staging, place_searches, contacts, pages, sitemap_urls, sitemap_files, jobs, batch_jobs, domains, profiles, tenants;
    FOREACH dropping IN ARRAY ARRAY[
        'FUNCTION update_updated_at_column()', 'FUNCTION update_modified_column()',
        'TYPE "SitemapAnalysisStatusEnum"', 'TYPE "SitemapCurationStatusEnum"', 'TYPE contact_email_type_enum',
        'TYPE gcp_api_deep_scan_status_enum', 'TYPE pagecurationstatus', 'TYPE pageprocessingstatus', 'TYPE place_status_enum',
        'TYPE sitemap_file_status_enum', 'TYPE sitemap_import_status_enum', 'TYPE task_status'
    ] LOOP
        BEGIN
            EXECUTE 'DROP ' || dropping;
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'stays, since tables outside the list use it: %', dropping;
        END;
    END LOOP;
END
$$;
