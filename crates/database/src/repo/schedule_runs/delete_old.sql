-- $1 the cutoff time, $2 the limit. See `delete_old`.
DELETE FROM schedule_runs WHERE (tenant_id, id) IN (
    SELECT r.tenant_id, r.id FROM schedule_runs r
    WHERE r.started_at < $1 AND EXISTS (
        SELECT FROM schedule_runs l WHERE l.tenant_id = r.tenant_id AND l.schedule_id = r.schedule_id AND (l.started_at, l.id) > (r.started_at, r.id))
    ORDER BY r.started_at LIMIT $2 FOR UPDATE SKIP LOCKED)
