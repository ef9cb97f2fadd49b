SELECT scrapersky_internal.set_aside_rows('create_api_calls', 'down', 'api_calls',
    $$SELECT id::text AS key, 'the older shape has no ledger' AS reason FROM api_calls$$);
DROP TABLE api_calls;
