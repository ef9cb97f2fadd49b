SELECT scrapersky_internal.set_aside_rows('create_idempotency_keys', 'down', 'idempotency_keys',
    $$SELECT id::text AS key, 'the older shape keeps no answers' AS reason FROM idempotency_keys$$);
DROP TABLE idempotency_keys;
