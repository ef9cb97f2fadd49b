-- $1 the tenant, $2 the job's priority, $3 when it was due, $4 its id, $5 its kind, $6 the limit. See `count_ahead`. In the order of
-- claims; each part is a range of `jobs_claim_idx`.
SELECT count(*) AS jobs, count(*) FILTER (WHERE kind = $5) AS of_kind FROM (
    SELECT kind FROM jobs WHERE tenant_id = $1 AND status = 'pending' AND priority > $2 AND run_at <= now()
    UNION ALL
    SELECT kind FROM jobs WHERE tenant_id = $1 AND status = 'pending' AND priority = $2 AND (run_at, job_id) < ($3, $4)
    LIMIT $6) ahead
