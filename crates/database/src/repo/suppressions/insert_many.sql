-- $1 the tenant, then one array per column: kind, value, reason. See `insert_many`.
INSERT INTO suppressions (tenant_id, kind, hash, value, reason)
SELECT $1, n.kind, sha256(convert_to(n.value, 'UTF8')), n.value, n.reason
FROM unnest($2::text[], $3::text[], $4::text[]) AS n (kind, value, reason)
ON CONFLICT (tenant_id, hash) DO NOTHING
RETURNING id, tenant_id, kind, value, reason, created_at
