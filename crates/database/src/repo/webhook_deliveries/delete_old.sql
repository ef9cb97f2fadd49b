-- $1 the cutoff time, $2 the limit. See `delete_old`.
DELETE FROM webhook_deliveries WHERE (tenant_id, id) IN (
    SELECT tenant_id, id FROM webhook_deliveries WHERE ended_at < $1 ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED)
