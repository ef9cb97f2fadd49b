-- One identity (`job_id`), one tenant that is a UUID, one result, one metadata, one batch, one word per state, times
-- that know their zone. What the columns that go said otherwise is kept in `legacy`.

-- Times are kept as text: always in the same form.
SET LOCAL datestyle = ISO;
SET LOCAL timezone = UTC;

-- NULL for a word that nobody knows.
CREATE FUNCTION scrapersky_internal.job_status(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN nullif(scrapersky_internal.batch_status(word), 'partial');
-- What stands in one of two columns; an SQL NULL and a JSON null both say that it is in the other.
CREATE FUNCTION scrapersky_internal.either_json(one jsonb, other jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(nullif(one, 'null'), nullif(other, 'null'), one, other);

-- A row whose tenant cannot be told for certain is no tenant's to see.
CREATE TEMP TABLE doomed ON COMMIT DROP AS
    SELECT id, job_id, reason
    FROM jobs, LATERAL (SELECT CASE
        WHEN coalesce(scrapersky_internal.try_uuid(tenant_id), tenant_id_uuid) IS NULL
            THEN format('tenant_id %L is no UUID, and tenant_id_uuid is null', tenant_id)
        WHEN scrapersky_internal.try_uuid(tenant_id) <> tenant_id_uuid THEN 'tenant_id and tenant_id_uuid name two tenants'
        WHEN scrapersky_internal.job_status(status) IS NULL THEN 'status is no known word: ' || status
    END AS reason) r
    WHERE reason IS NOT NULL;
SELECT scrapersky_internal.set_aside_columns('convert_jobs', 'up', 'contacts', '{source_job_id}',
    $$SELECT id::text AS key, 'its job was set aside' AS reason FROM contacts WHERE source_job_id IN (SELECT job_id FROM doomed)$$);
UPDATE contacts SET source_job_id = NULL WHERE source_job_id IN (SELECT job_id FROM doomed);
SELECT scrapersky_internal.set_aside_rows('convert_jobs', 'up', 'jobs', 'SELECT id::text AS key, reason FROM doomed');
DROP TABLE doomed;

SELECT scrapersky_internal.set_aside_columns('convert_jobs', 'up', 'jobs', '{domain_id}',
    $$SELECT job_id::text AS key, 'its domain is another tenant''s' AS reason
      FROM jobs j JOIN domains d ON d.id = j.domain_id
      WHERE d.tenant_id <> coalesce(scrapersky_internal.try_uuid(j.tenant_id), j.tenant_id_uuid)$$, 'job_id');
UPDATE jobs j SET domain_id = NULL
    FROM domains d
    WHERE d.id = j.domain_id AND d.tenant_id <> coalesce(scrapersky_internal.try_uuid(j.tenant_id), j.tenant_id_uuid);

-- Each statement below sees the old columns; `new_batch_id` is the batch of the same tenant that the row names.
ALTER TABLE jobs ADD COLUMN legacy jsonb, ADD COLUMN new_batch_id uuid;
UPDATE jobs j SET new_batch_id = b.batch_id
    FROM batch_jobs b
    WHERE b.batch_id = coalesce(scrapersky_internal.batch_uuid(j.batch_id), scrapersky_internal.batch_uuid(j.batch_id_string))
      AND b.tenant_id = coalesce(scrapersky_internal.try_uuid(j.tenant_id), j.tenant_id_uuid);
-- A job that the old system had not ended never will be: its state lived in that process.
UPDATE jobs j SET
    legacy = jsonb_strip_nulls(jsonb_object(
        ARRAY['id', 'id_uuid', 'tenant_id', 'tenant_id_uuid', 'batch_id', 'batch_id_string', 'status', 'interrupted', 'error', 'completed_at',
              'result_data', 'result', 'job_metadata', 'metadata'],
        ARRAY[j.id::text, j.id_uuid::text, j.tenant_id, j.tenant_id_uuid::text, j.batch_id, j.batch_id_string, j.status,
              CASE WHEN i.interrupted THEN 'true' END, CASE WHEN i.interrupted THEN j.error END, CASE WHEN i.interrupted THEN j.completed_at::text END,
              j.result_data::text, CASE WHEN j.result_data IS NOT NULL THEN j.result::text END,
              j.job_metadata::text, CASE WHEN j.job_metadata IS NOT NULL THEN j.metadata::text END])),
    status = CASE WHEN i.interrupted THEN 'failed' ELSE scrapersky_internal.job_status(j.status) END,
    error = CASE WHEN i.interrupted THEN coalesce(j.error, 'interrupted: the system that ran this job was replaced before it ended') ELSE j.error END,
    completed_at = CASE WHEN i.interrupted THEN coalesce(j.completed_at, j.updated_at AT TIME ZONE 'UTC') ELSE j.completed_at END,
    result = scrapersky_internal.either_json(j.result, j.result_data),
    metadata = scrapersky_internal.either_json(j.metadata, j.job_metadata)
FROM (SELECT j.job_id, scrapersky_internal.job_status(j.status) IN ('pending', 'running') AS interrupted
      FROM jobs j
      WHERE NOT EXISTS (SELECT FROM scrapersky_internal.set_aside s
                        WHERE s.migration = 'convert_jobs' AND s.direction = 'down' AND s.key = j.id::text)) i
WHERE i.job_id = j.job_id;
SELECT scrapersky_internal.put_back('convert_jobs', 'down');

-- It waits for a revert, with its place and the rights to it.
ALTER SEQUENCE jobs_id_seq OWNED BY NONE;
ALTER SEQUENCE jobs_id_seq SET SCHEMA scrapersky_internal;
ALTER TABLE contacts DROP CONSTRAINT contacts_source_job_id_fkey;
DROP INDEX IF EXISTS idx_jobs_tenant_id, ix_jobs_batch_id, ix_jobs_tenant_id_uuid;
ALTER TABLE jobs
    ALTER COLUMN tenant_id TYPE uuid USING coalesce(scrapersky_internal.try_uuid(tenant_id), tenant_id_uuid);
ALTER TABLE jobs
    DROP CONSTRAINT jobs_pkey,
    DROP CONSTRAINT jobs_job_id_key,
    DROP CONSTRAINT fk_jobs_domain_id,
    DROP COLUMN id,
    DROP COLUMN id_uuid,
    DROP COLUMN tenant_id_uuid,
    DROP COLUMN result_data,
    DROP COLUMN job_metadata,
    DROP COLUMN batch_id,
    DROP COLUMN batch_id_string,
    ALTER COLUMN job_id SET DEFAULT gen_random_uuid(),
    ALTER COLUMN status TYPE text,
    ALTER COLUMN status SET DEFAULT 'pending',
    ALTER COLUMN job_type TYPE text,
    ALTER COLUMN error TYPE text,
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC',
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (job_id),
    ADD CONSTRAINT jobs_tenant_id_job_id_key UNIQUE (tenant_id, job_id),
    ADD CONSTRAINT jobs_status_check CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled'));
ALTER TABLE jobs RENAME COLUMN job_type TO kind;
ALTER TABLE jobs RENAME COLUMN new_batch_id TO batch_id;
ALTER TABLE jobs
    ADD CONSTRAINT jobs_domain_fkey FOREIGN KEY (tenant_id, domain_id) REFERENCES domains (tenant_id, id) ON DELETE SET NULL (domain_id),
    ADD CONSTRAINT jobs_batch_fkey FOREIGN KEY (tenant_id, batch_id) REFERENCES batch_jobs (tenant_id, batch_id) ON DELETE SET NULL (batch_id);
ALTER TABLE contacts
    ADD CONSTRAINT contacts_source_job_id_fkey FOREIGN KEY (source_job_id) REFERENCES jobs (job_id) ON DELETE SET NULL;

CREATE INDEX jobs_tenant_id_domain_id_idx ON jobs (tenant_id, domain_id);
CREATE INDEX jobs_tenant_id_batch_id_idx ON jobs (tenant_id, batch_id);
CREATE INDEX jobs_tenant_id_created_at_idx ON jobs (tenant_id, created_at, job_id);
CREATE INDEX jobs_tenant_id_status_created_at_idx ON jobs (tenant_id, status, created_at, job_id);
CREATE INDEX jobs_tenant_id_kind_created_at_idx ON jobs (tenant_id, kind, created_at, job_id);
