SET LOCAL row_security = off;

SELECT scrapersky_internal.set_aside_table('create_queue', 'scrapersky_internal.host_turns', 'the older shape keeps no pace');
DROP TRIGGER follow_look_up ON jobs;
DROP FUNCTION scrapersky_internal.follow_look_up();
DROP TRIGGER follow_job ON jobs;
DROP FUNCTION scrapersky_internal.lock_domain_of_job(uuid, uuid);
DROP FUNCTION scrapersky_internal.follow_job();
DROP FUNCTION scrapersky_internal.claim_jobs(uuid, text[], bigint, text, interval);
DROP INDEX batch_jobs_tenant_id_created_at_idx, jobs_claim_idx, jobs_running_idx, jobs_tenant_id_kind_dedup_key_key,
    jobs_completed_at_idx, jobs_tenant_id_domain_id_idx, jobs_tenant_id_batch_id_idx, jobs_tenant_id_created_at_idx,
    jobs_tenant_id_status_created_at_idx, jobs_tenant_id_kind_created_at_idx, jobs_tenant_id_parent_id_idx,
    jobs_tenant_id_outcome_created_at_idx;
SELECT scrapersky_internal.set_aside_columns('create_queue', 'down', 'batch_jobs', '{joined}',
    $$SELECT tenant_id || ',' || batch_id AS key, 'the older shape has jobs of one batch only' AS reason FROM batch_jobs WHERE joined <> '{}'$$);
ALTER TABLE batch_jobs DROP COLUMN joined;
SELECT scrapersky_internal.set_aside_columns('create_queue', 'down', 'jobs',
    '{payload,priority,run_at,attempts,max_attempts,lease_token,lease_expires_at,worker,cancel_requested_at,outcome,dedup_key,progress_step,progress_message,parent_id,traceparent}',
    $$SELECT tenant_id || ',' || job_id AS key, 'the older shape has no leases' AS reason FROM jobs$$);
ALTER TABLE jobs
    DROP CONSTRAINT jobs_batch_fkey,
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
    DROP COLUMN progress_message,
    DROP COLUMN parent_id,
    DROP COLUMN traceparent;
