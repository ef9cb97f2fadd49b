ALTER TABLE places_staging RESET (autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_scale_factor);
DROP INDEX places_staging_tenant_id_search_time_idx, places_staging_tenant_id_rating_idx, places_staging_tenant_id_priority_idx,
    places_staging_tenant_id_search_text_idx, places_staging_tenant_id_latitude_longitude_idx;
ALTER TABLE places_staging DROP COLUMN search_text;
CREATE INDEX places_staging_tenant_id_search_time_idx ON places_staging (tenant_id, search_time DESC NULLS LAST, id DESC)
    INCLUDE (status, business_type, rating, priority, latitude, longitude);
CREATE OR REPLACE FUNCTION erase_text(owner uuid, pattern text, hint text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    found record;
    changed bigint;
    total bigint := 0;
BEGIN
    FOR found IN
        SELECT c.oid::regclass AS name, bool_or(a.attname = 'url') AS has_url, string_agg(
            CASE
                WHEN a.atttypid = 'jsonb'::regtype THEN format('%1$I = regexp_replace(%1$I::text, $2, ''[erased]'', ''gi'')::jsonb', a.attname)
                WHEN a.atttypid = 'text[]'::regtype THEN format(
                    '%1$I = CASE WHEN %1$I IS NOT NULL THEN ARRAY(SELECT e FROM unnest(%1$I) WITH ORDINALITY AS l (e, n)
                     WHERE e !~* $2 ORDER BY n) END', a.attname)
                ELSE format('%1$I = regexp_replace(%1$I, $2, ''[erased]'', ''gi'')', a.attname)
            END, ', ') FILTER (WHERE a.attname <> 'url' AND NOT EXISTS (
                SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY (i.indkey))
            AND NOT EXISTS (
                SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey))) AS assignments
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
          AND a.atttypid IN ('text'::regtype, 'varchar'::regtype, 'jsonb'::regtype, 'text[]'::regtype)
          -- The tenant's own people, what is not to be stored, and a log that nobody may change, which holds no address.
          AND c.relname NOT IN ('profiles', 'api_keys', 'suppressions', 'audit_log')
          AND EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'tenant_id' AND NOT o.attisdropped)
        GROUP BY c.oid
        ORDER BY c.oid::regclass::text
    LOOP
        IF found.has_url THEN
            EXECUTE format('DELETE FROM %s WHERE tenant_id = $1 AND url ILIKE $3 AND url ~* $2', found.name) USING owner, pattern, hint;
            GET DIAGNOSTICS changed = ROW_COUNT;
            total := total + changed;
        END IF;
        IF found.assignments IS NOT NULL THEN
            EXECUTE format('UPDATE %1$s AS r SET %2$s WHERE tenant_id = $1 AND r::text ILIKE $3 AND r::text ~* $2', found.name, found.assignments)
                USING owner, pattern, hint;
            GET DIAGNOSTICS changed = ROW_COUNT;
            total := total + changed;
        END IF;
    END LOOP;
    RETURN total;
END
$$;
