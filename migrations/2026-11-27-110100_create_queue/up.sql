-- The queue: jobs that workers claim by lease.
SET LOCAL row_security = off;

-- What a worker needs to claim a job: how often it was tried, when it may run, who holds it until when.
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
        'ok', 'ok_empty', 'partial', 'blocked_robots', 'blocked_status', 'redirects_to', 'bot_challenge', 'parked',
        'default_page', 'needs_rendering', 'dns', 'tls', 'timeout', 'too_large', 'parse', 'refused_address', 'upstream',
        'storage_full', 'quota_reached', 'internal')),
    ADD COLUMN dedup_key text,
    ADD COLUMN progress_step text,
    ADD COLUMN progress_message text,
    -- Without a foreign key: a job is deleted by its age, and its parent ended before it did.
    ADD COLUMN parent_id uuid,
    ADD COLUMN traceparent text;
COMMENT ON COLUMN jobs.parent_id IS 'The job that queued it, which may have been deleted since.';
COMMENT ON COLUMN jobs.traceparent IS 'The trace of the request that queued it, as W3C Trace Context has it.';
-- Work that was open already when a batch asked for it stays where it is, and is counted by both.
ALTER TABLE batch_jobs ADD COLUMN joined uuid[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN batch_jobs.joined IS 'Jobs outside of the batch that do work of it.';
-- Rows of the old system were due when they were made.
UPDATE jobs SET run_at = created_at WHERE legacy IS NOT NULL;
SELECT scrapersky_internal.put_back('create_queue', 'down');
ALTER TABLE jobs
    ADD CONSTRAINT jobs_lease_check CHECK (status <> 'running' OR (lease_token IS NOT NULL AND lease_expires_at IS NOT NULL AND worker IS NOT NULL)),
    -- A batch goes when all its jobs have gone (queue::delete_ended), never before.
    ADD CONSTRAINT jobs_batch_fkey FOREIGN KEY (tenant_id, batch_id) REFERENCES batch_jobs (tenant_id, batch_id);

-- A claim and an end write every index of the job's row: an index has no entry for a job that none of its queries asks for.

-- claim_jobs: the best pending job of one tenant. Finished jobs, ten millions of them, are in no index that it reads.
CREATE INDEX jobs_claim_idx ON jobs (tenant_id, priority DESC, run_at, job_id) WHERE status = 'pending';
-- claim_jobs, for how many workers each tenant holds; queue::sweep. In the order of random ids, not of time: entries come and
-- go on the same few pages, where an insertion clears away what is dead, and a heartbeat writes no index at all.
CREATE INDEX jobs_running_idx ON jobs (tenant_id, job_id) WHERE status = 'running';
-- jobs::enqueue: identical work that is not finished is one job. The predicate is repeated in the statement.
CREATE UNIQUE INDEX jobs_tenant_id_kind_dedup_key_key ON jobs (tenant_id, kind, dedup_key)
    WHERE status IN ('pending', 'running') AND dedup_key IS NOT NULL;
-- queue::delete_ended.
CREATE INDEX jobs_completed_at_idx ON jobs (completed_at) WHERE status IN ('completed', 'failed', 'cancelled');
-- jobs::list of a domain, domains::delete, follow_job.
CREATE INDEX jobs_tenant_id_domain_id_idx ON jobs (tenant_id, domain_id) WHERE domain_id IS NOT NULL;
-- jobs::list of a batch, batches::count_jobs, batches::list_ended, queue::delete_ended, jobs_batch_fkey. With the status, so that a
-- batch of 10,000 jobs is counted without reading its rows.
CREATE INDEX jobs_tenant_id_batch_id_idx ON jobs (tenant_id, batch_id) INCLUDE (status, outcome) WHERE batch_id IS NOT NULL;
-- jobs::list of the jobs that a job queued.
CREATE INDEX jobs_tenant_id_parent_id_idx ON jobs (tenant_id, parent_id) WHERE parent_id IS NOT NULL;
-- jobs::list of an outcome, newest first: failures are rare, and "ok" is found soon in any order.
CREATE INDEX jobs_tenant_id_outcome_created_at_idx ON jobs (tenant_id, outcome, created_at, job_id) WHERE outcome <> 'ok';
-- jobs::list, newest first: all, of a state, of a kind.
CREATE INDEX jobs_tenant_id_created_at_idx ON jobs (tenant_id, created_at, job_id);
CREATE INDEX jobs_tenant_id_status_created_at_idx ON jobs (tenant_id, status, created_at, job_id);
CREATE INDEX jobs_tenant_id_kind_created_at_idx ON jobs (tenant_id, kind, created_at, job_id);
-- batches::list, newest first.
CREATE INDEX batch_jobs_tenant_id_created_at_idx ON batch_jobs (tenant_id, created_at, batch_id);

-- Claims up to `most` jobs of these kinds; see `queue::claim`. As many tenants are looked at as jobs are asked for, beginning
-- at a given one, and 64 only where those have nothing to offer; the tenant that holds the fewest workers goes first.
--
-- The circle of tenants is gone round downwards, so that each probe meets a tenant's last job and not the dead entries before
-- its first. A claim of one job, as a busy process makes them, locks that job alone and not one of each tenant.
--
-- It is a function so that each session plans it once: planning takes longer than running it, and the program's own statements
-- may not be kept. Then the plan must not depend on the parameters, and estimated without them (a LIMIT that is no constant
-- counts as a tenth of the table) it would read and sort all waiting jobs, and be compiled first. Hence the settings: a claim
-- reads by index only, whatever the estimates say.
CREATE FUNCTION scrapersky_internal.claim_jobs(beginning_at uuid, kinds text[], most bigint, worker_name text, lease interval) RETURNS SETOF jobs
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
    -- How many tenants with waiting jobs are looked at.
    width integer := least(64, greatest(4, most));
BEGIN
-- The call travels together with the BEGIN and the SET LOCAL ROLE of its transaction. If that BEGIN were refused, the claim
-- would be committed by itself and nobody would hold it.
IF current_user <> 'scrapersky_system' THEN
    RAISE insufficient_privilege USING MESSAGE = 'jobs are claimed as scrapersky_system';
END IF;
LOOP
    IF most = 1 THEN
    -- The first job that is free, of the tenant that holds the fewest workers; jobs are tried one by one until one is locked.
    RETURN QUERY
    WITH RECURSIVE
    -- Tenants with waiting jobs, one index probe each (a loose index scan), once round the circle.
    circle AS (
        (SELECT j.tenant_id, 1 AS place
         FROM jobs j WHERE j.status = 'pending' AND j.tenant_id <= beginning_at ORDER BY j.tenant_id DESC LIMIT 1)
        UNION ALL
        SELECT (SELECT j.tenant_id FROM jobs j WHERE j.status = 'pending' AND j.tenant_id < c.tenant_id ORDER BY j.tenant_id DESC LIMIT 1), c.place + 1
        FROM circle c WHERE c.tenant_id IS NOT NULL AND c.place < width
    ),
    beginning AS (
        (SELECT j.tenant_id, 1 AS place
         FROM jobs j WHERE j.status = 'pending' AND j.tenant_id > beginning_at ORDER BY j.tenant_id DESC LIMIT 1)
        UNION ALL
        SELECT (SELECT j.tenant_id FROM jobs j
                WHERE j.status = 'pending' AND j.tenant_id < b.tenant_id AND j.tenant_id > beginning_at ORDER BY j.tenant_id DESC LIMIT 1), b.place + 1
        FROM beginning b WHERE b.tenant_id IS NOT NULL AND b.place < width
    ),
    tenant AS MATERIALIZED (
        SELECT t.tenant_id,
            (SELECT count(*) FROM jobs j WHERE j.status = 'running' AND j.tenant_id = t.tenant_id) AS running
        FROM (SELECT tenant_id FROM circle WHERE tenant_id IS NOT NULL
              UNION ALL
              SELECT tenant_id FROM beginning WHERE tenant_id IS NOT NULL LIMIT width) t
    ),
    chosen AS MATERIALIZED (
        SELECT o.job_id
        FROM (SELECT tenant_id FROM tenant ORDER BY running) t
        CROSS JOIN LATERAL (
            SELECT j.job_id
            FROM jobs j
            WHERE j.status = 'pending' AND j.tenant_id = t.tenant_id AND j.run_at <= now() AND j.kind = ANY (kinds)
            ORDER BY j.priority DESC, j.run_at, j.job_id
            LIMIT 1
            FOR UPDATE SKIP LOCKED
        ) o
        LIMIT 1
    )
    UPDATE jobs SET
        status = 'running',
        attempts = jobs.attempts + 1,
        lease_token = gen_random_uuid(),
        lease_expires_at = clock_timestamp() + lease,
        worker = worker_name,
        started_at = now(),
        updated_at = now()
    FROM chosen
    WHERE jobs.job_id = chosen.job_id
    RETURNING jobs.*;
    ELSE
    -- As above, but each tenant offers a share of the limit.
    RETURN QUERY
    WITH RECURSIVE
    circle AS (
        (SELECT j.tenant_id, 1 AS place
         FROM jobs j WHERE j.status = 'pending' AND j.tenant_id <= beginning_at ORDER BY j.tenant_id DESC LIMIT 1)
        UNION ALL
        SELECT (SELECT j.tenant_id FROM jobs j WHERE j.status = 'pending' AND j.tenant_id < c.tenant_id ORDER BY j.tenant_id DESC LIMIT 1), c.place + 1
        FROM circle c WHERE c.tenant_id IS NOT NULL AND c.place < width
    ),
    beginning AS (
        (SELECT j.tenant_id, 1 AS place
         FROM jobs j WHERE j.status = 'pending' AND j.tenant_id > beginning_at ORDER BY j.tenant_id DESC LIMIT 1)
        UNION ALL
        SELECT (SELECT j.tenant_id FROM jobs j
                WHERE j.status = 'pending' AND j.tenant_id < b.tenant_id AND j.tenant_id > beginning_at ORDER BY j.tenant_id DESC LIMIT 1), b.place + 1
        FROM beginning b WHERE b.tenant_id IS NOT NULL AND b.place < width
    ),
    tenant AS MATERIALIZED (
        SELECT t.tenant_id, count(*) OVER () AS tenants,
            (SELECT count(*) FROM jobs j WHERE j.status = 'running' AND j.tenant_id = t.tenant_id) AS running
        FROM (SELECT tenant_id FROM circle WHERE tenant_id IS NOT NULL
              UNION ALL
              SELECT tenant_id FROM beginning WHERE tenant_id IS NOT NULL LIMIT width) t
    ),
    -- What each tenant offers, locked so that no two workers are offered the same job.
    offer AS MATERIALIZED (
        SELECT o.job_id, o.priority, o.run_at, t.running + row_number() OVER (PARTITION BY t.tenant_id ORDER BY o.priority DESC, o.run_at, o.job_id) AS turn
        FROM tenant t
        CROSS JOIN LATERAL (
            SELECT j.job_id, j.priority, j.run_at
            FROM jobs j
            WHERE j.status = 'pending' AND j.tenant_id = t.tenant_id AND j.run_at <= now() AND j.kind = ANY (kinds)
            ORDER BY j.priority DESC, j.run_at, j.job_id
            LIMIT (most + t.tenants - 1) / t.tenants
            FOR UPDATE SKIP LOCKED
        ) o
    ),
    -- MATERIALIZED above and here: a LIMIT that is executed again takes more rows than it should.
    chosen AS MATERIALIZED (
        SELECT job_id FROM offer ORDER BY turn, priority DESC, run_at, job_id LIMIT most
    )
    UPDATE jobs SET
        status = 'running',
        attempts = jobs.attempts + 1,
        lease_token = gen_random_uuid(),
        lease_expires_at = clock_timestamp() + lease,
        worker = worker_name,
        started_at = now(),
        updated_at = now()
    FROM chosen
    WHERE jobs.job_id = chosen.job_id
    RETURNING jobs.*;
    END IF;
    -- The jobs of these tenants may be of other kinds, or not due: then it looks at more tenants, once.
    EXIT WHEN FOUND OR width = 64;
    width := 64;
END LOOP;
END
$$;

-- What domains, places and scans say of a job follows the job however that ends: cancelled before it began, or while
-- a worker had it; given up when its worker went silent; queued again. That it is running, and that it ended well, the job
-- writes itself, together with what it found.
--
-- This function and the two behind it, and follow_search in create_places, are the one place where a table of the queue and
-- tables of facts meet.
CREATE FUNCTION scrapersky_internal.follow_job() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    reason text := CASE NEW.status WHEN 'cancelled' THEN 'it was cancelled' ELSE NEW.error END;
    task task_status := CASE NEW.status WHEN 'pending' THEN 'Queued' WHEN 'cancelled' THEN 'Cancelled' ELSE 'Error' END;
    ended_at timestamptz := CASE WHEN NEW.status <> 'pending' THEN now() END;
BEGIN
    IF NEW.kind = 'email_scan' THEN
        UPDATE email_scans SET completed_at = ended_at, error = CASE WHEN ended_at IS NOT NULL THEN reason END
        WHERE tenant_id = NEW.tenant_id AND job_id = NEW.job_id;
    ELSIF NEW.status <> 'pending' THEN
        UPDATE sitemap_runs SET state = 'failed', completed_at = now(), note = reason
        WHERE tenant_id = NEW.tenant_id AND job_id = NEW.job_id AND state = 'running';
    END IF;
    -- Another job that waits or runs decides what the domain says. OFFSET keeps the other conditions from choosing an index: for
    -- thousands of jobs that were just queued, and of which the statistics know nothing, it would be one that reads all of them.
    IF NEW.status <> 'pending' AND EXISTS (
        SELECT FROM (SELECT j.job_id, j.kind, j.status FROM jobs j
                     WHERE j.tenant_id = NEW.tenant_id AND j.domain_id = NEW.domain_id OFFSET 0) of_domain
        WHERE of_domain.kind = NEW.kind AND of_domain.job_id <> NEW.job_id AND of_domain.status IN ('pending', 'running')) THEN
        RETURN NULL;
    END IF;
    -- Whoever changes a job locks its domain first, so that it is free here. Others never wait for it: a transaction that has
    -- locked it is a job that begins or ends, and may wait for this row.
    PERFORM FROM domains WHERE tenant_id = NEW.tenant_id AND id = NEW.domain_id FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF NEW.kind = 'sitemap_scan' THEN
        UPDATE domains SET
            sitemap_analysis_status = CASE NEW.status WHEN 'pending' THEN 'Queued' ELSE 'Error' END::"SitemapAnalysisStatusEnum",
            sitemap_analysis_error = reason, updated_at = now()
        WHERE tenant_id = NEW.tenant_id AND id = NEW.domain_id;
    ELSIF NEW.kind = 'email_scan' THEN
        UPDATE domains SET
            page_scrape_status = task, page_scrape_at = coalesce(ended_at, page_scrape_at), page_scrape_error = reason, updated_at = now()
        WHERE tenant_id = NEW.tenant_id AND id = NEW.domain_id;
    ELSE
        UPDATE domains SET
            content_scrape_status = task, content_scrape_at = coalesce(ended_at, content_scrape_at), content_scrape_error = reason, updated_at = now()
        WHERE tenant_id = NEW.tenant_id AND id = NEW.domain_id;
    END IF;
    RETURN NULL;
END
$$;

-- For the sweep: locks the domain of a job, so that it can show the job's new status. Returns true if it did or the job has
-- none, false if the domain was deleted, and null if another transaction has it: nothing waits.
CREATE FUNCTION scrapersky_internal.lock_domain_of_job(owner uuid, domain_id uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF domain_id IS NULL THEN
        RETURN true;
    END IF;
    PERFORM FROM domains d WHERE d.tenant_id = owner AND d.id = domain_id FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        RETURN true;
    END IF;
    RETURN CASE WHEN NOT EXISTS (SELECT FROM domains d WHERE d.tenant_id = owner AND d.id = domain_id) THEN false END;
END
$$;

CREATE TRIGGER follow_job AFTER UPDATE OF status ON jobs
    FOR EACH ROW
    WHEN (NEW.status IN ('pending', 'failed', 'cancelled') AND NEW.status <> OLD.status
          AND NEW.kind IN ('domain_scan', 'sitemap_scan', 'email_scan') AND NEW.domain_id IS NOT NULL)
    EXECUTE FUNCTION scrapersky_internal.follow_job();

-- The same for places: those that a job has ended without looking them up wait no longer, unless another job will look them up.
CREATE FUNCTION scrapersky_internal.follow_look_up() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    waits boolean := NEW.status = 'pending';
    meant text[] := ARRAY(SELECT jsonb_array_elements_text(NEW.payload->'place_ids'));
BEGIN
    -- In this order, so that jobs do not deadlock.
    PERFORM FROM places_staging WHERE tenant_id = NEW.tenant_id AND place_id = ANY (meant) ORDER BY place_id FOR NO KEY UPDATE;
    UPDATE places_staging p SET
        deep_scan_status = CASE NEW.status WHEN 'pending' THEN 'Queued' WHEN 'failed' THEN 'Error' END::gcp_api_deep_scan_status_enum,
        deep_scan_error = CASE NEW.status WHEN 'cancelled' THEN 'it was cancelled' WHEN 'completed' THEN NEW.result->>'note' ELSE NEW.error END
    WHERE tenant_id = NEW.tenant_id AND place_id = ANY (meant)
        AND CASE WHEN waits THEN deep_scan_status IS DISTINCT FROM 'Completed' ELSE deep_scan_status IN ('Queued', 'Processing') END
        AND (waits OR NOT EXISTS (
            SELECT FROM jobs j WHERE j.tenant_id = NEW.tenant_id AND j.kind = NEW.kind AND j.job_id <> NEW.job_id
                AND j.status IN ('pending', 'running') AND j.payload->'place_ids' ? p.place_id));
    RETURN NULL;
END
$$;

CREATE TRIGGER follow_look_up AFTER UPDATE OF status ON jobs
    FOR EACH ROW
    WHEN (NEW.status <> 'running' AND NEW.status <> OLD.status AND NEW.kind = 'place_details')
    EXECUTE FUNCTION scrapersky_internal.follow_look_up();

-- When each host may be sent its next request, by any process: the pace that all workers keep together. It belongs to no
-- tenant. Unlogged: a crash may forget it.
CREATE UNLOGGED TABLE scrapersky_internal.host_turns (
    host text PRIMARY KEY,
    -- When the host would get its next request if all came evenly.
    due_at timestamptz NOT NULL
);
SELECT scrapersky_internal.put_back('create_queue', 'down', '{scrapersky_internal.host_turns}');
