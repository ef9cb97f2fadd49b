-- How many rows each tenant has stored, known without counting them.
SET LOCAL row_security = off;

-- How many rows of a table one statement added or, as a negative number, removed: the sum over a tenant's entries is exact.
-- Nothing is updated, so that no writer waits for another. stored_rows::compact replaces entries by their sum.
CREATE TABLE stored_rows (
    tenant_id uuid NOT NULL,
    table_name text NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    rows bigint NOT NULL,
    -- stored_rows::list, ::count and ::compact.
    PRIMARY KEY (tenant_id, table_name, id)
);
SELECT scrapersky_internal.put_back('count_rows', 'down', '{stored_rows}');

CREATE FUNCTION scrapersky_internal.count_rows() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stored_rows (tenant_id, table_name, rows)
    SELECT tenant_id, TG_TABLE_NAME, TG_ARGV[0]::bigint * count(*) FROM changed GROUP BY tenant_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

-- The tables that grow with what is found. Their names are also in down.sql.
DO $$
DECLARE
    counted text;
    known CONSTANT uuid[] := ARRAY(SELECT DISTINCT tenant_id FROM stored_rows);
BEGIN
    FOREACH counted IN ARRAY '{contact_sources,contacts,domains,email_scan_urls,pages,places_staging,sitemap_files,sitemap_url_changes,
        sitemap_urls}'::text[]
    LOOP
        EXECUTE format('CREATE TRIGGER count_inserted AFTER INSERT ON %I REFERENCING NEW TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.count_rows(''1'')', counted);
        EXECUTE format('CREATE TRIGGER count_deleted AFTER DELETE ON %I REFERENCING OLD TABLE AS changed
            FOR EACH STATEMENT EXECUTE FUNCTION scrapersky_internal.count_rows(''-1'')', counted);
        -- What was there before, of tenants whose entries were not put back.
        EXECUTE format('INSERT INTO stored_rows (tenant_id, table_name, rows)
            SELECT tenant_id, %L, count(*) FROM %I
            WHERE tenant_id <> ALL ($1) GROUP BY tenant_id', counted, counted) USING known;
    END LOOP;
END
$$;
