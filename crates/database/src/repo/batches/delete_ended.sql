-- $1 the cutoff time, $2 the limit. See `delete_ended`.
DELETE FROM batch_jobs WHERE (tenant_id, batch_id) IN (
    SELECT b.tenant_id, b.batch_id FROM batch_jobs b
    WHERE b.created_at < $1
      AND NOT EXISTS (SELECT FROM jobs j WHERE j.tenant_id = b.tenant_id AND j.batch_id = b.batch_id)
      AND NOT EXISTS (
        SELECT FROM unnest(b.joined) AS joined(job_id)
        JOIN jobs j ON j.tenant_id = b.tenant_id AND j.job_id = joined.job_id)
    LIMIT $2)
