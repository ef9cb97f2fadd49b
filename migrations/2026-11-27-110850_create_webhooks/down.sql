SET LOCAL row_security = off;

SELECT scrapersky_internal.set_aside_table('create_webhooks', t::regclass, 'the older shape has no such table')
FROM unnest('{webhook_deliveries,webhook_secrets,webhooks}'::text[]) t;
