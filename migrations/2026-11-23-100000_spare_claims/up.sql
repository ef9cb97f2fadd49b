-- Claims and ends leave dead entries at the head of every index that is in the order of time, where nothing is inserted any
-- more and so nothing but a VACUUM takes them out: each claim read its way through all of them.
--
-- Running jobs are in the order of their random ids, then: entries come and go on the same few pages, where an insertion
-- clears away what is dead. A claim reads those of the tenants it looks at, the sweep reads all, and a heartbeat, which
-- changes nothing that is indexed any more, writes no index.
DROP INDEX jobs_lease_expires_at_idx;
CREATE INDEX jobs_running_idx ON jobs (tenant_id, job_id) WHERE status = 'running';

-- The circle of tenants is gone round downwards, so that each probe meets a tenant's last job and not the dead entries before
-- its first. And a claim of one job, as a busy process makes them, locks that job alone, not one of each tenant.
CREATE OR REPLACE FUNCTION scrapersky_internal.claim_jobs(beginning_at uuid, kinds text[], most bigint, worker_name text, lease interval) RETURNS SETOF jobs
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
AS $$
#variable_conflict use_column
DECLARE
    -- How many tenants are looked at.
    width integer := least(64, greatest(4, most));
BEGIN
-- Whoever sends this together with its BEGIN has become this role only within the transaction: a claim outside of it, were
-- that BEGIN refused, would be nobody's.
IF current_user <> 'scrapersky_system' THEN
    RAISE insufficient_privilege USING MESSAGE = 'jobs are claimed as scrapersky_system';
END IF;
LOOP
    IF most = 1 THEN
    -- The first job that can be had, of the tenant that holds the fewest workers. Locked one after the other, until one is.
    RETURN QUERY
    WITH RECURSIVE
    -- Tenants with waiting jobs, one index probe each (a loose index scan), round the circle once.
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
    -- As above, but each tenant offers its share.
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
    -- What each offers: its share of the limit, locked so that no two workers are offered the same.
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
    -- MATERIALIZED above and here: a LIMIT that is executed again takes more rows than it says.
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
    -- Their jobs may be of other kinds, or not due: then it looks further, once.
    EXIT WHEN FOUND OR width = 64;
    width := 64;
END LOOP;
END
$$;
