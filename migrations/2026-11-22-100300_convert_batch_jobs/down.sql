DROP INDEX batch_jobs_tenant_id_created_at_idx;
ALTER TABLE batch_jobs RENAME COLUMN completed_at TO end_time;
ALTER TABLE batch_jobs RENAME COLUMN started_at TO start_time;
ALTER TABLE batch_jobs RENAME COLUMN metadata TO batch_metadata;
ALTER SEQUENCE scrapersky_internal.batch_jobs_id_seq SET SCHEMA public;
ALTER TABLE batch_jobs
    DROP CONSTRAINT batch_jobs_pkey,
    DROP CONSTRAINT batch_jobs_tenant_id_batch_id_key,
    DROP CONSTRAINT batch_jobs_status_check,
    ALTER COLUMN batch_id DROP NOT NULL,
    ALTER COLUMN batch_id DROP DEFAULT,
    ALTER COLUMN status TYPE varchar,
    ALTER COLUMN status SET DEFAULT 'pending'::varchar,
    ALTER COLUMN error TYPE varchar,
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamp USING updated_at AT TIME ZONE 'UTC',
    ALTER COLUMN start_time TYPE timestamp USING start_time AT TIME ZONE 'UTC',
    ALTER COLUMN end_time TYPE timestamp USING end_time AT TIME ZONE 'UTC',
    ADD COLUMN id integer,
    ADD COLUMN id_uuid uuid,
    ADD COLUMN batch_id_string varchar,
    ADD COLUMN batch_id_original varchar;

UPDATE batch_jobs SET id = (legacy->>'id')::integer WHERE legacy IS NOT NULL;
SELECT setval('batch_jobs_id_seq', used.id) FROM (SELECT greatest(
    (SELECT max(id) FROM batch_jobs),
    (SELECT max((contents->>'id')::integer) FROM scrapersky_internal.set_aside WHERE source_table = 'batch_jobs' AND direction = 'up' AND is_whole_row)) AS id) used
WHERE used.id > (SELECT last_value FROM batch_jobs_id_seq);
UPDATE batch_jobs SET id = nextval('batch_jobs_id_seq'), id_uuid = batch_id WHERE legacy IS NULL;
-- Rows that never were the old system's, or were worked on since the conversion.
CREATE TEMP TABLE newer ON COMMIT DROP AS
    SELECT id FROM batch_jobs
    WHERE legacy IS NULL OR status <> CASE WHEN legacy->>'interrupted' = 'true' THEN 'failed' ELSE scrapersky_internal.batch_status(legacy->>'status') END;
-- What has changed since the conversion is newer than what `legacy` holds: it stays.
UPDATE batch_jobs SET
    id_uuid = (legacy->>'id_uuid')::uuid,
    batch_id = (legacy->>'batch_id')::uuid,
    batch_id_string = legacy->>'batch_id_string',
    batch_id_original = legacy->>'batch_id_original',
    status = CASE WHEN id IN (SELECT id FROM newer) THEN status ELSE legacy->>'status' END,
    error = CASE WHEN legacy->>'interrupted' = 'true' AND status = 'failed' THEN legacy->>'error' ELSE error END,
    end_time = CASE WHEN legacy->>'interrupted' = 'true' AND status = 'failed' THEN (legacy->>'end_time')::timestamp ELSE end_time END
WHERE legacy IS NOT NULL;
ALTER TABLE batch_jobs ADD CONSTRAINT batch_jobs_pkey PRIMARY KEY (id);
-- So that the next `up` knows them.
SELECT scrapersky_internal.set_aside_columns('convert_batch_jobs', 'down', 'batch_jobs', '{legacy}',
    $$SELECT id::text AS key, 'the older shape cannot tell this row from its own' AS reason FROM newer$$);
DROP TABLE newer;
ALTER TABLE batch_jobs
    DROP COLUMN legacy,
    ALTER COLUMN id SET NOT NULL,
    ALTER COLUMN id SET DEFAULT nextval('batch_jobs_id_seq'),
    ALTER COLUMN id_uuid SET NOT NULL;
ALTER SEQUENCE batch_jobs_id_seq OWNED BY batch_jobs.id;
SELECT scrapersky_internal.put_back('convert_batch_jobs', 'up', '{batch_jobs}');
CREATE INDEX ix_batch_jobs_tenant_id ON batch_jobs (tenant_id);

DROP FUNCTION scrapersky_internal.batch_identity(uuid, text, text, uuid);
DROP FUNCTION scrapersky_internal.batch_uuid(text);
DROP FUNCTION scrapersky_internal.batch_status(text);
