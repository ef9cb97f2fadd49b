-- $1 the tenant, $2 the addresses. See `list_covered`.
SELECT address FROM unnest($2::text[]) AS address
WHERE EXISTS (SELECT FROM suppressions s WHERE s.tenant_id = $1 AND s.hash = ANY (suppression_hashes(address)))
