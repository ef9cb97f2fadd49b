-- Addresses and domains that a tenant must not keep. After an erasure the hash alone is left: with the address itself
-- the list would hold what was to be erased.
CREATE TABLE suppressions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('address', 'domain')),
    -- SHA-256 of the address or domain in lower case.
    hash bytea NOT NULL CHECK (length(hash) = 32),
    value text,
    reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT suppressions_hash_key UNIQUE (tenant_id, hash)
);
CREATE INDEX suppressions_tenant_id_created_at_idx ON suppressions (tenant_id, created_at, id);

-- The hashes by which an address can be suppressed: its own, its domain's, and those of the domains above.
CREATE FUNCTION suppression_hashes(address text) RETURNS bytea[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT array_agg(sha256(convert_to(candidate, 'UTF8')))
    FROM (
        SELECT lower(address) AS candidate
        UNION ALL
        SELECT array_to_string(labels[first:], '.')
        FROM string_to_array(split_part(lower(address), '@', 2), '.') AS labels, generate_subscripts(labels, 1) AS first
    ) AS candidates);

SELECT scrapersky_internal.isolate_tenants('suppressions');
SELECT scrapersky_internal.put_back('create_suppressions', 'down', '{suppressions}');

-- Takes what matches `pattern`, a regular expression, out of every text, list and JSON that `owner` has, whichever table
-- it is in, later ones included, and returns how many rows it changed. `hint` is a LIKE pattern that a row has to match
-- at all. What identifies a row cannot be changed: rows of addresses on the web (URLs) that match go. Accounts stay:
-- they are the tenant's own people.
CREATE FUNCTION erase_text(owner uuid, pattern text, hint text) RETURNS bigint
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
