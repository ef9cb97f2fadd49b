-- See `list_tables`. Rows of partitioned tables are in their partitions.
SELECT
    format('%I.%I', n.nspname, c.relname) AS name,
    row_security_active(c.oid) AS is_hidden,
    coalesce(has_table_privilege(to_regrole('scrapersky_system')::oid, c.oid, 'SELECT'), false)
        AND EXISTS (SELECT FROM pg_policy p
                    WHERE p.polrelid = c.oid AND p.polname = 'scrapersky_system' AND p.polpermissive AND p.polcmd = '*'
                      AND p.polroles = ARRAY[to_regrole('scrapersky_system')::oid] AND pg_get_expr(p.polqual, p.polrelid) = 'true')
        AND NOT EXISTS (SELECT FROM pg_policy p
                        WHERE p.polrelid = c.oid AND NOT p.polpermissive AND p.polroles && ARRAY[0, to_regrole('scrapersky_system')::oid]) AS is_open_to_system,
    ARRAY(SELECT format('%I.%I', sn.nspname, s.relname)
          FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace sn ON sn.oid = s.relnamespace
          WHERE d.refobjid = c.oid AND d.deptype IN ('a', 'i') AND d.classid = 'pg_class'::regclass) AS sequences,
    ARRAY(SELECT format('%s %s %s', n.nspname, c.relname, k.conname)
          FROM pg_constraint k JOIN pg_class parent ON parent.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = parent.relnamespace
          WHERE k.conrelid = c.oid AND k.contype = 'f' AND pn.nspname NOT IN ('public', 'scrapersky_internal')) AS outside_keys
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('public', 'scrapersky_internal') AND c.relkind = 'r'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY name
