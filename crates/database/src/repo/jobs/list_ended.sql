-- $1 the tenants of jobs, $2 the jobs, $3 the tenants of batches, $4 the batches. See `list_ended`.
SELECT w.id FROM unnest($1::uuid[], $2::uuid[]) AS w(tenant_id, id)
WHERE NOT EXISTS (
    SELECT FROM jobs j WHERE j.tenant_id = w.tenant_id AND j.job_id = w.id AND j.status IN ('pending', 'running'))
UNION ALL
SELECT w.id FROM unnest($3::uuid[], $4::uuid[]) AS w(tenant_id, id)
WHERE NOT EXISTS (
    SELECT FROM jobs j WHERE j.tenant_id = w.tenant_id AND j.batch_id = w.id AND j.status IN ('pending', 'running'))
  AND NOT EXISTS (
    SELECT FROM batch_jobs b CROSS JOIN LATERAL unnest(b.joined) AS joined(job_id)
    JOIN jobs j ON j.tenant_id = b.tenant_id AND j.job_id = joined.job_id
    WHERE b.tenant_id = w.tenant_id AND b.batch_id = w.id AND j.status IN ('pending', 'running'))
