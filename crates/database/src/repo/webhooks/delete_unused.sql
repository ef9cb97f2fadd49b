-- $1 the cutoff time, $2 the limit. See `requests::delete_old`.
DELETE FROM webhooks WHERE (tenant_id, id) IN (
    SELECT w.tenant_id, w.id FROM webhooks w
    WHERE w.for_requests AND w.updated_at < $1
      AND NOT EXISTS (SELECT FROM webhook_subjects s WHERE s.tenant_id = w.tenant_id AND s.webhook_id = w.id)
      AND NOT EXISTS (SELECT FROM webhook_deliveries d WHERE d.tenant_id = w.tenant_id AND d.webhook_id = w.id)
    LIMIT $2 FOR UPDATE OF w SKIP LOCKED)
