-- Every list and count of a tenant's 100,000 places in less than 20 ms: decided on an index alone, or read where an index
-- says.

-- What texts are searched in, folded once: ILIKE folds each row's anew, and behind row level security no index of trigrams
-- can be used, since it is not leakproof. The name comes first and ends with the character 31 (see `matching` in
-- src/repo/places.rs). Texts are cut off so that the longest of characters fit an entry of an index, 2.7 kB, together with
-- the longest type. The place that was searched is mostly in the address already. By their bytes: where the database sorts by
-- a language, the end of a name would not count.
DROP INDEX places_staging_tenant_id_search_time_idx;
ALTER TABLE places_staging ADD COLUMN search_text text COLLATE "C" NOT NULL GENERATED ALWAYS AS (lower(
    left(name, 120) || chr(31) || left(coalesce(formatted_address, ''), 160) || chr(10) || left(coalesce(vicinity, ''), 60) || chr(10) ||
    CASE WHEN strpos(lower(left(formatted_address, 160)), lower(left(search_location, 60))) > 0 THEN ''
         ELSE left(coalesce(search_location, ''), 60) END)) STORED;

-- All that filters and orders ask for, except where another index has few rows to tell: however they are combined, no row is
-- read that is not wanted.
CREATE INDEX places_staging_tenant_id_search_time_idx ON places_staging (tenant_id, search_time DESC NULLS LAST, id DESC)
    INCLUDE (status, rating, priority, business_type, search_text);
-- The other orders. Behind a cursor an expression would find its way by an index only if it were leakproof: a column is.
CREATE INDEX places_staging_tenant_id_rating_idx ON places_staging (tenant_id, rating DESC NULLS LAST, id DESC);
CREATE INDEX places_staging_tenant_id_priority_idx ON places_staging (tenant_id, priority DESC NULLS LAST, id DESC);
CREATE INDEX places_staging_tenant_id_search_text_idx ON places_staging (tenant_id, search_text, id);
-- The degrees between which a circle lies.
CREATE INDEX places_staging_tenant_id_latitude_longitude_idx ON places_staging (tenant_id, latitude, longitude);
-- Rows of an index count without the table where vacuum has found all of a page visible: by default it looks again when a
-- fifth of all tenants' rows is new.
ALTER TABLE places_staging SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05);

-- What the database makes of other columns is made anew when those are erased.
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
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
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
