-- See `count_waiting_tenants`. One index probe per tenant, as in scrapersky_internal.claim_jobs.
WITH RECURSIVE waiting AS (
    (SELECT j.tenant_id, 1 AS place FROM jobs j WHERE j.status = 'pending' ORDER BY j.tenant_id DESC LIMIT 1)
    UNION ALL
    SELECT (SELECT j.tenant_id FROM jobs j WHERE j.status = 'pending' AND j.tenant_id < w.tenant_id ORDER BY j.tenant_id DESC LIMIT 1),
        w.place + 1
    FROM waiting w WHERE w.tenant_id IS NOT NULL AND w.place < 64)
SELECT count(tenant_id) AS count FROM waiting
