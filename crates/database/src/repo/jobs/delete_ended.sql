-- $1 the cutoff time, $2 the limit. See `delete_ended`.
DELETE FROM jobs WHERE job_id IN (
    SELECT job_id FROM jobs j WHERE status IN ('completed', 'failed', 'cancelled') AND completed_at < $1
    AND NOT EXISTS (SELECT FROM jobs b WHERE b.tenant_id = j.tenant_id AND b.batch_id = j.batch_id
    AND (b.completed_at IS NULL OR b.completed_at >= $1))
    ORDER BY completed_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING tenant_id, job_id, batch_id
