-- $1 the tenants. See `list_tenants_due`.
SELECT t.id AS tenant_id FROM unnest($1::uuid[]) AS t (id)
WHERE EXISTS (SELECT FROM leads l WHERE l.tenant_id = t.id AND l.score_due_at <= now())
