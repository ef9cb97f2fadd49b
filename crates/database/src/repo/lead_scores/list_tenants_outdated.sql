-- $1 the rules, $2 the tenants. See `list_tenants_outdated`.
SELECT t.id AS tenant_id FROM unnest($2::uuid[]) AS t (id)
LEFT JOIN score_points r ON r.tenant_id = t.id
WHERE r.scored_by IS DISTINCT FROM $1 AND EXISTS (SELECT FROM leads l WHERE l.tenant_id = t.id AND l.score_due_at > '-infinity')
