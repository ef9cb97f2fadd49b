-- $1 the tenant, $2 the batches. See `count_jobs`. An outcome before the end is that of an attempt.
SELECT batch_id, status, CASE WHEN status IN ('completed', 'failed', 'cancelled') THEN outcome END AS outcome, count(*) AS jobs
FROM (
    SELECT j.batch_id, j.status, j.outcome FROM jobs j WHERE j.tenant_id = $1 AND j.batch_id = ANY ($2)
    UNION ALL
    SELECT b.batch_id, j.status, j.outcome
    FROM batch_jobs b CROSS JOIN LATERAL unnest(b.joined) AS joined(job_id)
    JOIN jobs j ON j.tenant_id = b.tenant_id AND j.job_id = joined.job_id
    WHERE b.tenant_id = $1 AND b.batch_id = ANY ($2)) found
GROUP BY 1, 2, 3
