-- $1 the tenant, $2 domains. See `list_contacts`.
SELECT DISTINCT ON (c.domain_id) c.id, c.domain_id, c.email, c.name, c.role, c.confidence, c.mark, c.last_seen_at
FROM contacts c JOIN domains d ON d.tenant_id = c.tenant_id AND d.id = c.domain_id
WHERE c.tenant_id = $1 AND c.domain_id = ANY ($2::uuid[]) AND coalesce(c.mark, 'contacted') = 'contacted'
  AND NOT EXISTS (
    SELECT FROM suppressions s
    WHERE s.tenant_id = c.tenant_id AND s.hash = ANY (suppression_hashes(c.email) || suppression_hashes('@' || d.domain)))
ORDER BY
    c.domain_id,
    -- Addresses at the domain or below it.
    (right('.' || split_part(c.email, '@', 2), length(d.domain) + 1) = '.' || d.domain) DESC,
    (c.mx_status IS NOT DISTINCT FROM 'none'), c.confidence DESC NULLS LAST, c.created_at, c.id
