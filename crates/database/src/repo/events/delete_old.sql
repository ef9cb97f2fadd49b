-- $1 the cutoff time, $2 the limit. See `delete_old`.
DELETE FROM events WHERE (tenant_id, clock, id) IN (
    SELECT tenant_id, clock, id FROM events WHERE happened_at < $1 ORDER BY happened_at LIMIT $2 FOR UPDATE SKIP LOCKED)
