-- See `list_contents`. The schema scrapersky_internal is in the way even without anything in it.
WITH objects AS (
    SELECT 'pg_class'::regclass AS catalog, c.oid, c.relnamespace AS schema, c.relname::text AS name
    FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, p.pronamespace, p.proname::text FROM pg_proc p
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, t.typnamespace, t.typname::text FROM pg_type t WHERE t.typtype IN ('e', 'd')
)
SELECT found.name
FROM (
    SELECT o.catalog = 'pg_class'::regclass AS is_relation, format('%I.%I', n.nspname, o.name) AS name
    FROM objects o JOIN pg_namespace n ON n.oid = o.schema
    WHERE n.nspname IN ('public', 'scrapersky_internal')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.catalog AND d.objid = o.oid AND d.deptype = 'e')
    UNION
    SELECT false, format('the schema %I', n.nspname) FROM pg_namespace n WHERE n.nspname = 'scrapersky_internal'
) found
ORDER BY found.is_relation DESC, found.name
