-- See `sweep`. The domains are locked so that they can show the new status; nothing waits for them here.
WITH due AS MATERIALIZED (
    SELECT job_id, tenant_id, domain_id FROM jobs WHERE status = 'running' AND lease_expires_at < now()
    ORDER BY lease_expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED),
locked AS MATERIALIZED (
    SELECT tenant_id, id FROM domains WHERE (tenant_id, id) IN (SELECT tenant_id, domain_id FROM due)
    FOR NO KEY UPDATE SKIP LOCKED),
ready AS MATERIALIZED (
    SELECT due.job_id, due.domain_id IS NULL OR domains.id IS NOT NULL AS is_wanted
    FROM due LEFT JOIN domains ON domains.tenant_id = due.tenant_id AND domains.id = due.domain_id
    WHERE domains.id IS NULL OR EXISTS (
        SELECT FROM locked WHERE locked.tenant_id = due.tenant_id AND locked.id = due.domain_id)),
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
    FROM ready WHERE jobs.job_id = ready.job_id
    RETURNING status)
SELECT status, count(*) AS count FROM swept GROUP BY status
