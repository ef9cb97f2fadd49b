-- $1 the limit. See `note_done`.
WITH ended AS MATERIALIZED (
    SELECT b.tenant_id, b.batch_id, b.processor_type FROM batch_jobs b
    WHERE b.completed_at IS NULL AND b.legacy IS NULL
      AND NOT EXISTS (
        SELECT FROM jobs j WHERE j.tenant_id = b.tenant_id AND j.batch_id = b.batch_id AND j.status IN ('pending', 'running'))
      AND NOT EXISTS (
        SELECT FROM unnest(b.joined) AS joined(job_id)
        JOIN jobs j ON j.tenant_id = b.tenant_id AND j.job_id = joined.job_id AND j.status IN ('pending', 'running'))
    ORDER BY b.created_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED),
noted AS (
    UPDATE batch_jobs SET completed_at = now() FROM ended
    WHERE batch_jobs.tenant_id = ended.tenant_id AND batch_jobs.batch_id = ended.batch_id)
INSERT INTO events (tenant_id, kind, batch_id, data)
SELECT tenant_id, 'batch.done', batch_id, jsonb_build_object('batch_kind', processor_type) FROM ended
RETURNING batch_id
