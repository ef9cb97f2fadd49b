-- One identity instead of five (`batch_id`; what id, id_uuid, batch_id_string and batch_id_original said is kept in
-- `legacy`), one word per state, times that know their zone.

-- Times are kept as text: always in the same form.
SET LOCAL datestyle = ISO;
SET LOCAL timezone = UTC;

-- The words that jobs have, and `partial`: some of its jobs failed. NULL for a word that nobody knows.
CREATE FUNCTION scrapersky_internal.batch_status(word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN lower(btrim(word)) IN ('pending', 'queued') THEN 'pending'
    WHEN lower(btrim(word)) IN ('running', 'processing', 'in_progress') THEN 'running'
    WHEN lower(btrim(word)) IN ('completed', 'complete') THEN 'completed'
    WHEN lower(btrim(word)) IN ('failed', 'error') THEN 'failed'
    WHEN lower(btrim(word)) IN ('cancelled', 'canceled') THEN 'cancelled'
    WHEN lower(btrim(word)) = 'partial' THEN 'partial'
END;
-- The UUID in `batch_<32 hex digits>`.
CREATE FUNCTION scrapersky_internal.batch_uuid(spelled text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN scrapersky_internal.try_uuid(regexp_replace(spelled, '^\s*batch_', ''));
-- The one identity of a row of the old shape.
CREATE FUNCTION scrapersky_internal.batch_identity(batch_id uuid, batch_id_string text, batch_id_original text, id_uuid uuid) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(batch_id, scrapersky_internal.batch_uuid(batch_id_string), scrapersky_internal.batch_uuid(batch_id_original), id_uuid);

SELECT scrapersky_internal.set_aside_rows('convert_batch_jobs', 'up', 'batch_jobs', $$
    SELECT id::text AS key, CASE
        WHEN scrapersky_internal.batch_status(status) IS NULL THEN 'status is no known word: ' || status
        WHEN row_number() OVER (
            PARTITION BY scrapersky_internal.batch_identity(batch_id, batch_id_string, batch_id_original, id_uuid), scrapersky_internal.batch_status(status) IS NULL
            ORDER BY created_at DESC, id DESC) > 1 THEN 'a newer row has the same batch_id'
        END AS reason
    FROM batch_jobs$$);

ALTER TABLE batch_jobs ADD COLUMN legacy jsonb;
-- A batch that the old system had not ended never will be: its state lived in that process.
UPDATE batch_jobs b SET
    legacy = jsonb_strip_nulls(jsonb_object(
        ARRAY['id', 'id_uuid', 'batch_id', 'batch_id_string', 'batch_id_original', 'status', 'interrupted', 'error', 'end_time'],
        ARRAY[b.id::text, b.id_uuid::text, b.batch_id::text, b.batch_id_string, b.batch_id_original, b.status,
              CASE WHEN i.interrupted THEN 'true' END, CASE WHEN i.interrupted THEN b.error END, CASE WHEN i.interrupted THEN b.end_time::text END])),
    batch_id = scrapersky_internal.batch_identity(b.batch_id, b.batch_id_string, b.batch_id_original, b.id_uuid),
    status = CASE WHEN i.interrupted THEN 'failed' ELSE scrapersky_internal.batch_status(b.status) END,
    error = CASE WHEN i.interrupted THEN coalesce(b.error, 'interrupted: the system that ran this batch was replaced before it ended') ELSE b.error END,
    end_time = CASE WHEN i.interrupted THEN coalesce(b.end_time, b.updated_at) ELSE b.end_time END
FROM (SELECT b.id, scrapersky_internal.batch_status(b.status) IN ('pending', 'running') AS interrupted
      FROM batch_jobs b
      WHERE NOT EXISTS (SELECT FROM scrapersky_internal.set_aside s
                        WHERE s.migration = 'convert_batch_jobs' AND s.direction = 'down' AND s.key = b.id::text)) i
WHERE i.id = b.id;
-- Rows of the new shape, which a revert had given the old one's numbers.
UPDATE batch_jobs SET batch_id = scrapersky_internal.batch_identity(batch_id, batch_id_string, batch_id_original, id_uuid) WHERE legacy IS NULL;
SELECT scrapersky_internal.put_back('convert_batch_jobs', 'down');

-- It waits for a revert, with its place and the rights to it.
ALTER SEQUENCE batch_jobs_id_seq OWNED BY NONE;
ALTER SEQUENCE batch_jobs_id_seq SET SCHEMA scrapersky_internal;
DROP INDEX IF EXISTS ix_batch_jobs_tenant_id;
ALTER TABLE batch_jobs
    DROP CONSTRAINT batch_jobs_pkey,
    DROP COLUMN id,
    DROP COLUMN id_uuid,
    DROP COLUMN batch_id_string,
    DROP COLUMN batch_id_original,
    ALTER COLUMN batch_id SET NOT NULL,
    ALTER COLUMN batch_id SET DEFAULT gen_random_uuid(),
    ALTER COLUMN status TYPE text,
    ALTER COLUMN status SET DEFAULT 'pending',
    ALTER COLUMN error TYPE text,
    ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamptz USING updated_at AT TIME ZONE 'UTC',
    ALTER COLUMN start_time TYPE timestamptz USING start_time AT TIME ZONE 'UTC',
    ALTER COLUMN end_time TYPE timestamptz USING end_time AT TIME ZONE 'UTC',
    ADD CONSTRAINT batch_jobs_pkey PRIMARY KEY (batch_id),
    ADD CONSTRAINT batch_jobs_tenant_id_batch_id_key UNIQUE (tenant_id, batch_id),
    ADD CONSTRAINT batch_jobs_status_check CHECK (status IN ('pending', 'running', 'completed', 'failed', 'cancelled', 'partial'));
ALTER TABLE batch_jobs RENAME COLUMN batch_metadata TO metadata;
ALTER TABLE batch_jobs RENAME COLUMN start_time TO started_at;
ALTER TABLE batch_jobs RENAME COLUMN end_time TO completed_at;
CREATE INDEX batch_jobs_tenant_id_created_at_idx ON batch_jobs (tenant_id, created_at, batch_id);
