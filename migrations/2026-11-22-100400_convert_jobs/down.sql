DROP INDEX jobs_tenant_id_domain_id_idx, jobs_tenant_id_batch_id_idx, jobs_tenant_id_created_at_idx,
    jobs_tenant_id_status_created_at_idx, jobs_tenant_id_kind_created_at_idx;
ALTER TABLE contacts DROP CONSTRAINT contacts_source_job_id_fkey;
ALTER TABLE jobs RENAME COLUMN batch_id TO new_batch_id;
ALTER TABLE jobs RENAME COLUMN kind TO job_type;
ALTER SEQUENCE scrapersky_internal.jobs_id_seq SET SCHEMA public;
ALTER TABLE jobs
    DROP CONSTRAINT jobs_pkey,
    DROP CONSTRAINT jobs_tenant_id_job_id_key,
    DROP CONSTRAINT jobs_status_check,
    DROP CONSTRAINT jobs_domain_fkey,
    DROP CONSTRAINT jobs_batch_fkey,
    ALTER COLUMN tenant_id TYPE varchar(255) USING tenant_id::text,
    ALTER COLUMN job_id DROP DEFAULT,
    ALTER COLUMN status TYPE varchar(50),
    ALTER COLUMN status DROP DEFAULT,
    ALTER COLUMN job_type TYPE varchar(50),
    ALTER COLUMN error TYPE varchar,
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamp USING updated_at AT TIME ZONE 'UTC',
    ADD COLUMN id integer,
    ADD COLUMN id_uuid uuid,
    ADD COLUMN tenant_id_uuid uuid,
    ADD COLUMN result_data jsonb,
    ADD COLUMN job_metadata jsonb,
    ADD COLUMN batch_id varchar,
    ADD COLUMN batch_id_string varchar;

-- Rows that never were the old system's, or were worked on since the conversion.
CREATE TEMP TABLE newer ON COMMIT DROP AS
    SELECT job_id FROM jobs
    WHERE legacy IS NULL OR status <> CASE WHEN legacy->>'interrupted' = 'true' THEN 'failed' ELSE scrapersky_internal.job_status(legacy->>'status') END;
-- What has changed since the conversion is newer than what `legacy` holds: it stays.
UPDATE jobs SET
    id = (legacy->>'id')::integer,
    id_uuid = (legacy->>'id_uuid')::uuid,
    tenant_id = legacy->>'tenant_id',
    tenant_id_uuid = (legacy->>'tenant_id_uuid')::uuid,
    batch_id = legacy->>'batch_id',
    batch_id_string = legacy->>'batch_id_string',
    status = CASE WHEN job_id IN (SELECT job_id FROM newer) THEN status ELSE legacy->>'status' END,
    error = CASE WHEN legacy->>'interrupted' = 'true' AND status = 'failed' THEN legacy->>'error' ELSE error END,
    completed_at = CASE WHEN legacy->>'interrupted' = 'true' AND status = 'failed' THEN (legacy->>'completed_at')::timestamptz ELSE completed_at END,
    result_data = (legacy->>'result_data')::jsonb,
    result = CASE
        WHEN legacy ? 'result_data' AND result IS NOT DISTINCT FROM scrapersky_internal.either_json((legacy->>'result')::jsonb, (legacy->>'result_data')::jsonb)
        THEN (legacy->>'result')::jsonb ELSE result END,
    job_metadata = (legacy->>'job_metadata')::jsonb,
    metadata = CASE
        WHEN legacy ? 'job_metadata' AND metadata IS NOT DISTINCT FROM scrapersky_internal.either_json((legacy->>'metadata')::jsonb, (legacy->>'job_metadata')::jsonb)
        THEN (legacy->>'metadata')::jsonb ELSE metadata END
WHERE legacy IS NOT NULL;
SELECT setval('jobs_id_seq', used.id) FROM (SELECT greatest(
    (SELECT max(id) FROM jobs),
    (SELECT max((contents->>'id')::integer) FROM scrapersky_internal.set_aside WHERE source_table = 'jobs' AND direction = 'up' AND is_whole_row)) AS id) used
WHERE used.id > (SELECT last_value FROM jobs_id_seq);
UPDATE jobs SET
    id = nextval('jobs_id_seq'),
    tenant_id_uuid = tenant_id::uuid,
    batch_id = 'batch_' || replace(new_batch_id::text, '-', '')
WHERE legacy IS NULL;
ALTER TABLE jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id),
    ADD CONSTRAINT jobs_job_id_key UNIQUE (job_id);
-- So that the next `up` knows them.
SELECT scrapersky_internal.set_aside_columns('convert_jobs', 'down', 'jobs', '{legacy}',
    $$SELECT id::text AS key, 'the older shape cannot tell this row from its own' AS reason FROM jobs JOIN newer USING (job_id)$$);
DROP TABLE newer;
ALTER TABLE jobs
    DROP COLUMN legacy,
    DROP COLUMN new_batch_id,
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN id SET DEFAULT nextval('jobs_id_seq'),
    ADD CONSTRAINT fk_jobs_domain_id FOREIGN KEY (domain_id) REFERENCES domains (id) ON DELETE SET NULL;
ALTER TABLE contacts
    ADD CONSTRAINT contacts_source_job_id_fkey FOREIGN KEY (source_job_id) REFERENCES jobs (job_id) ON DELETE SET NULL;
ALTER SEQUENCE jobs_id_seq OWNED BY jobs.id;
CREATE INDEX idx_jobs_tenant_id ON jobs (tenant_id);
CREATE INDEX ix_jobs_batch_id ON jobs (batch_id);
CREATE INDEX ix_jobs_tenant_id_uuid ON jobs (tenant_id_uuid);
SELECT scrapersky_internal.put_back('convert_jobs', 'up', '{jobs}');

DROP FUNCTION scrapersky_internal.either_json(jsonb, jsonb);
DROP FUNCTION scrapersky_internal.job_status(text);
