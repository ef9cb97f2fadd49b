-- $1 tables that stay whole, $2 the number of partitions. See `list_steps`.
WITH wanted AS MATERIALIZED (
    SELECT c.oid AS id, c.relname AS name, c.relowner::regrole AS owner, c.reloptions,
        format('public.%I', c.relname) AS target, format('scrapersky_internal.%I', c.relname || '_whole') AS old
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL ($1)
      AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
),
columns AS MATERIALIZED (
    SELECT a.attrelid AS id, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS names
    FROM pg_attribute a JOIN wanted w ON w.id = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped GROUP BY a.attrelid
),
-- Sequences of columns: those of an identity are made with the new table, others are taken over.
sequences AS MATERIALIZED (
    SELECT w.id, w.name, w.target, s.relname AS sequence, d.deptype = 'i' AS is_identity, a.attname AS column_name
    FROM wanted w
    JOIN pg_depend d ON d.refobjid = w.id AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_attribute a ON a.attrelid = w.id AND a.attnum = d.refobjsubid
),
-- Foreign keys from and to the tables.
links AS MATERIALIZED (
    SELECT DISTINCT k.oid, k.conname, k.conrelid::regclass AS target, pg_get_constraintdef(k.oid) AS definition
    FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0 AND EXISTS (SELECT FROM wanted w WHERE w.id IN (k.conrelid, k.confrelid))
),
views AS MATERIALIZED (
    SELECT DISTINCT v.oid AS id, v.relname AS name, v.relowner::regrole AS owner, v.reloptions, pg_get_viewdef(v.oid) AS definition
    FROM wanted w
    JOIN pg_depend d ON d.refobjid = w.id AND d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid
    JOIN pg_class v ON v.oid = r.ev_class AND v.relkind = 'v'
),
steps AS (
    SELECT 2 AS step, name::text, format('DROP VIEW public.%I', name) AS statement FROM views
    UNION ALL
    SELECT 3, conname, format('ALTER TABLE %s DROP CONSTRAINT %I', target, conname) FROM links
    UNION ALL
    SELECT 4, name, format('ALTER TABLE %s SET SCHEMA scrapersky_internal', target) FROM wanted
    UNION ALL
    SELECT 5, name, format('ALTER TABLE scrapersky_internal.%I RENAME TO %I', name, name || '_whole') FROM wanted
    UNION ALL
    -- Else an owner without BYPASSRLS would copy no row.
    SELECT 6, w.name, format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', w.old) FROM wanted w
    UNION ALL
    SELECT 6, sequence, format('ALTER SEQUENCE scrapersky_internal.%I OWNED BY NONE', sequence) FROM sequences WHERE NOT is_identity
    UNION ALL
    SELECT 7, sequence, format('ALTER SEQUENCE scrapersky_internal.%I SET SCHEMA public', sequence) FROM sequences WHERE NOT is_identity
    UNION ALL
    SELECT 8, name, format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING STORAGE INCLUDING COMMENTS) PARTITION BY HASH (tenant_id)', target, old)
    FROM wanted
    UNION ALL
    SELECT 9, name, format('ALTER TABLE %s OWNER TO %s', target, owner) FROM wanted
    UNION ALL
    SELECT 10, format('%s %s', w.name, lpad(n::text, 5, '0')),
        format('CREATE TABLE scrapersky_internal.%I PARTITION OF %s FOR VALUES WITH (MODULUS %s, REMAINDER %s)%s',
               w.name || '_' || n, w.target, $2, n, ' WITH (' || array_to_string(w.reloptions, ', ') || ')')
    FROM wanted w, generate_series(0, $2 - 1) n
    UNION ALL
    SELECT 11, w.name, format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %3$s', w.target, c.names, w.old)
    FROM wanted w JOIN columns c USING (id)
    UNION ALL
    SELECT 12, sequence, format('SELECT setval(pg_get_serial_sequence(%L, %L), s.last_value, s.is_called) FROM scrapersky_internal.%I s', target, column_name, sequence)
    FROM sequences WHERE is_identity
    UNION ALL
    SELECT 13, sequence, format('ALTER SEQUENCE public.%I OWNED BY %s.%I', sequence, target, column_name) FROM sequences WHERE NOT is_identity
    UNION ALL
    SELECT 14, w.name, format('DROP TABLE %s', w.old) FROM wanted w
    UNION ALL
    SELECT 15, k.conname, format('ALTER TABLE %s ADD CONSTRAINT %I %s', w.target, k.conname, pg_get_constraintdef(k.oid))
    FROM wanted w JOIN pg_constraint k ON k.conrelid = w.id AND k.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT 16, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    FROM wanted w JOIN pg_index i ON i.indrelid = w.id
    WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = w.id)
    UNION ALL
    SELECT 17, w.name, format('ANALYZE %s', w.target) FROM wanted w
    UNION ALL
    SELECT 18, t.tgname || ' ' || w.name, pg_get_triggerdef(t.oid)
    FROM wanted w JOIN pg_trigger t ON t.tgrelid = w.id AND NOT t.tgisinternal
    UNION ALL
    SELECT 19, conname, format('ALTER TABLE %s ADD CONSTRAINT %I %s', target, conname, definition) FROM links
    UNION ALL
    SELECT 20, name, format('CREATE VIEW public.%I%s AS %s', name, ' WITH (' || array_to_string(reloptions, ', ') || ')', rtrim(definition, ';')) FROM views
    UNION ALL
    SELECT 21, name, format('ALTER VIEW public.%I OWNER TO %s', name, owner) FROM views
    UNION ALL
    SELECT 22, 'public', 'SELECT scrapersky_internal.secure()' WHERE EXISTS (SELECT FROM wanted)
)
SELECT statement FROM steps ORDER BY step, name, statement
