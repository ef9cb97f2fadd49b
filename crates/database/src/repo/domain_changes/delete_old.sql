-- $1 the cutoff time, $2 the limit. See `delete_old`.
DELETE FROM domain_changes WHERE (tenant_id, id) IN (
    SELECT tenant_id, id FROM domain_changes WHERE changed_at < $1 ORDER BY changed_at LIMIT $2 FOR UPDATE SKIP LOCKED)
