-- See `sweep`.
WITH due AS MATERIALIZED (
    SELECT job_id, tenant_id, domain_id FROM jobs WHERE status = 'running' AND lease_expires_at < now()
    ORDER BY lease_expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED),
ready AS MATERIALIZED (
    SELECT job_id, scrapersky_internal.lock_domain_of_job(tenant_id, domain_id) AS is_wanted FROM due),
swept AS (
    UPDATE jobs SET
        status = CASE
            WHEN cancel_requested_at IS NOT NULL OR NOT is_wanted THEN 'cancelled'
            WHEN attempts < max_attempts THEN 'pending'
            ELSE 'failed' END,
        error = CASE WHEN cancel_requested_at IS NULL AND is_wanted
            THEN format('the worker went silent in attempt %s of %s', attempts, max_attempts) ELSE error END,
        outcome = CASE WHEN cancel_requested_at IS NULL AND is_wanted THEN 'internal' ELSE outcome END,
        completed_at = CASE WHEN cancel_requested_at IS NOT NULL OR NOT is_wanted OR attempts >= max_attempts THEN now() END,
        lease_token = NULL, lease_expires_at = NULL, updated_at = now()
    FROM ready WHERE jobs.job_id = ready.job_id AND is_wanted IS NOT NULL
    RETURNING status)
SELECT status, count(*) AS count FROM swept GROUP BY status
