-- Back to the claim that locks a job of each tenant it looks at.
DROP INDEX jobs_running_idx;
CREATE INDEX jobs_lease_expires_at_idx ON jobs (lease_expires_at) WHERE status = 'running';

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
    -- How many tenants are looked at: each one's first job is locked, so looking at 64 to take one job costs 64 times what it brings.
    width integer := least(64, greatest(4, most));
BEGIN
LOOP
    RETURN QUERY
    WITH RECURSIVE
    -- Tenants with waiting jobs, one index probe each (a loose index scan), round the circle once.
    circle AS (
        (SELECT j.tenant_id, 1 AS place
         FROM jobs j WHERE j.status = 'pending' AND j.tenant_id >= beginning_at ORDER BY j.tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT j.tenant_id FROM jobs j WHERE j.status = 'pending' AND j.tenant_id > c.tenant_id ORDER BY j.tenant_id LIMIT 1), c.place + 1
        FROM circle c WHERE c.tenant_id IS NOT NULL AND c.place < width
    ),
    beginning AS (
        (SELECT j.tenant_id, 1 AS place
         FROM jobs j WHERE j.status = 'pending' AND j.tenant_id < beginning_at ORDER BY j.tenant_id LIMIT 1)
        UNION ALL
        SELECT (SELECT j.tenant_id FROM jobs j
                WHERE j.status = 'pending' AND j.tenant_id > b.tenant_id AND j.tenant_id < beginning_at ORDER BY j.tenant_id LIMIT 1), b.place + 1
        FROM beginning b WHERE b.tenant_id IS NOT NULL AND b.place < width
    ),
    tenant AS MATERIALIZED (
        SELECT t.tenant_id, coalesce(r.running, 0) AS running, count(*) OVER () AS tenants
        FROM (SELECT tenant_id FROM circle WHERE tenant_id IS NOT NULL
              UNION ALL
              SELECT tenant_id FROM beginning WHERE tenant_id IS NOT NULL LIMIT width) t
        LEFT JOIN (SELECT j.tenant_id, count(*) AS running FROM jobs j WHERE j.status = 'running' GROUP BY j.tenant_id) r USING (tenant_id)
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
    -- Their jobs may be of other kinds, or not due: then it looks further, once.
    EXIT WHEN FOUND OR width = 64;
    width := 64;
END LOOP;
END
$$;
