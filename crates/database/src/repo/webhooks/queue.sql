-- $1 how many webhooks to look at, $2 how many events of each. See `queue`.
WITH followed AS MATERIALIZED (
    SELECT w.tenant_id, w.id, w.clock, w.event_id, w.enabled_at, w.kinds, w.job_kinds FROM webhooks w
    WHERE w.disabled_at IS NULL AND NOT w.for_requests AND EXISTS (
        SELECT FROM events e WHERE e.tenant_id = w.tenant_id AND (e.clock, e.id) > (w.clock, w.event_id) AND e.clock < events_horizon())
    LIMIT $1
    FOR NO KEY UPDATE SKIP LOCKED
),
happened AS MATERIALIZED (
    SELECT w.tenant_id, w.id AS webhook_id, w.enabled_at, w.kinds, w.job_kinds,
        e.clock, e.id AS event_id, e.kind, e.happened_at, e.job_id, e.batch_id, e.data
    FROM followed w CROSS JOIN LATERAL (
        SELECT * FROM events e WHERE e.tenant_id = w.tenant_id AND (e.clock, e.id) > (w.clock, w.event_id) AND e.clock < events_horizon()
        ORDER BY e.clock, e.id LIMIT $2) e
),
queued AS (
    INSERT INTO webhook_deliveries (tenant_id, webhook_id, clock, event_id, kind, happened_at, job_id, batch_id, data)
    SELECT tenant_id, webhook_id, clock, event_id, kind, happened_at, job_id, batch_id, data FROM happened
    -- The delivery of a test call is made with its event.
    WHERE happened_at >= enabled_at AND kind = ANY (kinds) AND kind <> 'webhook.tested' AND (job_kinds = '{}' OR data->>'job_kind' = ANY (job_kinds))
    ON CONFLICT (tenant_id, webhook_id, clock, event_id) DO NOTHING
),
last AS (
    SELECT DISTINCT ON (tenant_id, webhook_id) tenant_id, webhook_id, clock, event_id, count(*) OVER (PARTITION BY tenant_id, webhook_id) AS events
    FROM happened ORDER BY tenant_id, webhook_id, clock DESC, event_id DESC
)
UPDATE webhooks w SET clock = l.clock, event_id = l.event_id FROM last l
WHERE w.tenant_id = l.tenant_id AND w.id = l.webhook_id
RETURNING l.events
