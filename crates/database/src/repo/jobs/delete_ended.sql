-- $1 the time before which they ended, $2 so many jobs. See `delete_ended`.
WITH gone AS (
    DELETE FROM jobs WHERE job_id IN (
        SELECT job_id FROM jobs j WHERE status IN ('completed', 'failed', 'cancelled') AND completed_at < $1
        AND NOT EXISTS (SELECT FROM jobs b WHERE b.tenant_id = j.tenant_id AND b.batch_id = j.batch_id
                        AND (b.completed_at IS NULL OR b.completed_at >= $1))
        ORDER BY completed_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING job_id, tenant_id, batch_id),
emptied AS (
    DELETE FROM batch_jobs WHERE (tenant_id, batch_id) IN (
        SELECT g.tenant_id, g.batch_id FROM gone g WHERE g.batch_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM jobs j WHERE j.tenant_id = g.tenant_id AND j.batch_id = g.batch_id
                        AND j.job_id NOT IN (SELECT job_id FROM gone))))
SELECT count(*) AS count FROM gone
