-- $1 the cutoff time, $2 the limit. See `requests::delete_old`.
DELETE FROM webhook_subjects WHERE (tenant_id, subject_id, webhook_id) IN (
    SELECT s.tenant_id, s.subject_id, s.webhook_id FROM webhook_subjects s
    WHERE s.created_at < $1
      AND NOT EXISTS (
        SELECT FROM jobs j WHERE j.tenant_id = s.tenant_id AND j.job_id = s.subject_id AND j.status IN ('pending', 'running'))
      AND NOT EXISTS (
        SELECT FROM batch_jobs b WHERE b.tenant_id = s.tenant_id AND b.batch_id = s.subject_id AND b.completed_at IS NULL)
    ORDER BY s.created_at LIMIT $2 FOR UPDATE OF s SKIP LOCKED)
