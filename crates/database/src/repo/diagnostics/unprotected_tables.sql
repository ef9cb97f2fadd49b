-- See `unprotected_tables`.
SELECT c.relname::text AS name
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
  AND pg_has_role(c.relowner, 'MEMBER') AND has_table_privilege('scrapersky_tenant', c.oid, 'SELECT')
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'scrapersky_isolation'))
ORDER BY c.relname
