-- See `list_roles`.
WITH named AS (
    SELECT a.grantee AS role
    FROM pg_class c, aclexplode(c.relacl) a
    WHERE c.relnamespace IN ('public'::regnamespace, 'scrapersky_internal'::regnamespace) AND a.grantee <> c.relowner
    UNION
    SELECT a.grantee
    FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
    WHERE c.relnamespace IN ('public'::regnamespace, 'scrapersky_internal'::regnamespace) AND a.grantee <> c.relowner
    UNION
    SELECT a.grantee
    FROM pg_proc p, aclexplode(p.proacl) a
    WHERE p.pronamespace IN ('public'::regnamespace, 'scrapersky_internal'::regnamespace) AND a.grantee <> p.proowner
    UNION
    SELECT a.grantee
    FROM pg_type t, aclexplode(t.typacl) a
    WHERE t.typnamespace IN ('public'::regnamespace, 'scrapersky_internal'::regnamespace) AND a.grantee <> t.typowner
    UNION
    SELECT unnest(p.polroles)
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE c.relnamespace IN ('public'::regnamespace, 'scrapersky_internal'::regnamespace)
)
SELECT r.rolname::text AS name
FROM named JOIN pg_roles r ON r.oid = named.role
WHERE r.rolname !~ '^pg_' AND r.rolname !~ '^scrapersky_(tenant|system)(_login)?$'
ORDER BY name
