SELECT scrapersky_internal.set_aside_rows('create_limits', 'down', 'scan_days',
    $$SELECT tenant_id::text AS key, 'the older shape has no quotas' AS reason FROM scan_days$$);
DROP TABLE scan_days;
SELECT scrapersky_internal.set_aside_rows('create_limits', 'down', 'rate_windows',
    $$SELECT id::text AS key, 'the older shape counts nothing' AS reason FROM rate_windows$$);
DROP TABLE rate_windows;
SELECT scrapersky_internal.set_aside_rows('create_limits', 'down', 'tenant_limits',
    $$SELECT tenant_id::text AS key, 'the older shape has no limits' AS reason FROM tenant_limits$$);
DROP TABLE tenant_limits;
