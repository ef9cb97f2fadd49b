-- See `sweep`.
WITH swept AS (
    UPDATE jobs SET
        status = CASE
            WHEN cancel_requested_at IS NOT NULL THEN 'cancelled'
            WHEN attempts < max_attempts THEN 'pending'
            ELSE 'failed' END,
        error = CASE WHEN cancel_requested_at IS NULL
            THEN format('the worker went silent in attempt %s of %s', attempts, max_attempts) ELSE error END,
        outcome = CASE WHEN cancel_requested_at IS NULL THEN 'internal' ELSE outcome END,
        completed_at = CASE WHEN cancel_requested_at IS NOT NULL OR attempts >= max_attempts THEN now() END,
        lease_token = NULL, lease_expires_at = NULL, updated_at = now()
    WHERE job_id IN (SELECT job_id FROM jobs WHERE status = 'running' AND lease_expires_at < now()
                     ORDER BY lease_expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED)
    RETURNING status)
SELECT status, count(*) AS count FROM swept GROUP BY status
