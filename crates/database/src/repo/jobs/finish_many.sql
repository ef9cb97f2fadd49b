-- One array per column: jobs, leases, outcomes and results. See `finish_many`.
UPDATE jobs SET status = 'completed', outcome = done.outcome, result = done.result, error = NULL, progress = 1,
    progress_step = 'completed', progress_message = NULL,
    lease_token = NULL, lease_expires_at = NULL, completed_at = now(), updated_at = now()
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[]) AS done (job_id, lease_token, outcome, result)
WHERE jobs.job_id = done.job_id AND jobs.lease_token = done.lease_token
RETURNING jobs.job_id
