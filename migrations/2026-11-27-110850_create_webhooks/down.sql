SET LOCAL row_security = off;

DROP TRIGGER deliver_to_requests ON events;
DROP FUNCTION scrapersky_internal.deliver_to_requests();
SELECT scrapersky_internal.set_aside_table('create_webhooks', t::regclass, 'the older shape has no such table')
FROM unnest('{webhook_subjects,webhook_deliveries,webhook_secrets,webhooks}'::text[]) t;
