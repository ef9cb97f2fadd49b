-- What a worker needs to claim a job by lease: how often it was tried, when it may run, who holds it until when.
ALTER TABLE jobs
    ADD COLUMN payload jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN priority smallint NOT NULL DEFAULT 0,
    ADD COLUMN run_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    ADD COLUMN max_attempts integer NOT NULL DEFAULT 3 CHECK (max_attempts > 0),
    ADD COLUMN lease_token uuid,
    ADD COLUMN lease_expires_at timestamptz,
    ADD COLUMN worker text,
    ADD COLUMN cancel_requested_at timestamptz,
    ADD COLUMN outcome text CHECK (outcome IN (
        'ok', 'ok_empty', 'partial', 'blocked_robots', 'blocked_status', 'dns', 'tls', 'timeout', 'too_large', 'parse',
        'refused_address', 'upstream', 'internal')),
    ADD COLUMN dedup_key text,
    ADD COLUMN progress_step text,
    ADD COLUMN progress_message text;
-- Rows of the old system were due when they were made.
UPDATE jobs SET run_at = created_at WHERE legacy IS NOT NULL;
SELECT scrapersky_internal.put_back('add_job_leases', 'down');
ALTER TABLE jobs
    ADD CONSTRAINT jobs_lease_check CHECK (status <> 'running' OR (lease_token IS NOT NULL AND lease_expires_at IS NOT NULL AND worker IS NOT NULL));

-- The claim: the best pending job of one tenant. Finished jobs, ten millions of them, are in no index it reads.
CREATE INDEX jobs_claim_idx ON jobs (tenant_id, priority DESC, run_at, job_id) WHERE status = 'pending';
-- The sweep, and how much of the workers each tenant holds.
CREATE INDEX jobs_lease_expires_at_idx ON jobs (lease_expires_at) WHERE status = 'running';
-- One unfinished job for the same work.
CREATE UNIQUE INDEX jobs_tenant_id_kind_dedup_key_key ON jobs (tenant_id, kind, dedup_key) WHERE status IN ('pending', 'running');
-- Retention.
CREATE INDEX jobs_completed_at_idx ON jobs (completed_at) WHERE status IN ('completed', 'failed', 'cancelled');
