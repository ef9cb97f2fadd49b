-- Work that starts by itself, again and again, and each of its starts.
SET LOCAL row_security = off;

-- It belongs to the queue. A due run is started in the transaction that moves next_run_at, which the program computes: PostgreSQL
-- reads no cron text.
CREATE TABLE schedules (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    work jsonb NOT NULL,
    -- When it runs: by cron text in a time zone, or each time that this duration is over.
    cron text,
    time_zone text,
    every text,
    missed text NOT NULL DEFAULT 'once' CHECK (missed IN ('once', 'skip')),
    -- In whose name it runs: a key or a person; NULL for the operator. No foreign key, as in jobs.
    run_by uuid,
    next_run_at timestamptz NOT NULL,
    paused_at timestamptz,
    paused_because text CHECK (paused_because IN ('request', 'key_invalid', 'no_next_run')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT schedules_when_check CHECK ((cron IS NULL) <> (every IS NULL) AND (cron IS NULL) = (time_zone IS NULL)),
    CONSTRAINT schedules_paused_check CHECK ((paused_at IS NULL) = (paused_because IS NULL)),
    CONSTRAINT schedules_tenant_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);
-- schedules::list, newest first.
CREATE INDEX schedules_tenant_id_created_at_idx ON schedules (tenant_id, created_at, id);
-- schedules::due::list.
CREATE INDEX schedules_due_idx ON schedules (next_run_at) WHERE paused_at IS NULL;
COMMENT ON COLUMN schedules.work IS 'What is started, as requests say it.';

-- No foreign keys to jobs and batches, which may be deleted before.
CREATE TABLE schedule_runs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    schedule_id uuid NOT NULL,
    -- When it was to start; NULL for one that a client requested.
    due_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    outcome text NOT NULL CHECK (outcome IN ('started', 'nothing', 'refused', 'missed')),
    error text,
    job_id uuid,
    batch_id uuid,
    -- How many jobs do its work, with those that were open already.
    jobs bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    -- Each due run is started once, whatever the clocks say.
    CONSTRAINT schedule_runs_due_key UNIQUE (tenant_id, schedule_id, due_at),
    CONSTRAINT schedule_runs_schedule_fkey FOREIGN KEY (tenant_id, schedule_id) REFERENCES schedules (tenant_id, id) ON DELETE CASCADE
);
-- schedule_runs::list and schedule_runs::list_last, newest first; the foreign key.
CREATE INDEX schedule_runs_started_at_idx ON schedule_runs (tenant_id, schedule_id, started_at, id);
-- schedule_runs::delete_old.
CREATE INDEX schedule_runs_old_idx ON schedule_runs (started_at);

SELECT scrapersky_internal.put_back('create_schedules', 'down', '{schedules,schedule_runs}');
