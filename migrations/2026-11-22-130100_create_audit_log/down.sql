SELECT scrapersky_internal.set_aside_rows('create_audit_log', 'down', 'audit_log',
    $$SELECT id::text AS key, 'the older shape keeps no log' AS reason FROM audit_log$$);
DROP TABLE audit_log;
