DROP INDEX jobs_claim_idx, jobs_lease_expires_at_idx, jobs_tenant_id_kind_dedup_key_key, jobs_completed_at_idx;
SELECT scrapersky_internal.set_aside_columns('add_job_leases', 'down', 'jobs',
    '{payload,priority,run_at,attempts,max_attempts,lease_token,lease_expires_at,worker,cancel_requested_at,outcome,dedup_key,progress_step,progress_message}',
    $$SELECT job_id::text AS key, 'the older shape has no leases' AS reason FROM jobs$$);
ALTER TABLE jobs
    DROP CONSTRAINT jobs_lease_check,
    DROP COLUMN payload,
    DROP COLUMN priority,
    DROP COLUMN run_at,
    DROP COLUMN attempts,
    DROP COLUMN max_attempts,
    DROP COLUMN lease_token,
    DROP COLUMN lease_expires_at,
    DROP COLUMN worker,
    DROP COLUMN cancel_requested_at,
    DROP COLUMN outcome,
    DROP COLUMN dedup_key,
    DROP COLUMN progress_step,
    DROP COLUMN progress_message;
