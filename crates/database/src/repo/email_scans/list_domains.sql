-- $1 the tenant, $2 the limit, $3 the offset, $4 the maximum number of pages per domain, $5 the name after which the list
-- begins, or NULL. See `list_domains`.
SELECT d.id, d.domain, p.urls AS pages, p.count AS pages_count
FROM (SELECT id, domain FROM domains WHERE tenant_id = $1 AND ($5::text IS NULL OR domain > $5) ORDER BY domain LIMIT $2 OFFSET $3) d
CROSS JOIN LATERAL (
    SELECT count(*) AS count, coalesce((array_agg(url ORDER BY created_at, id))[:$4], '{}') AS urls
    FROM pages WHERE tenant_id = $1 AND domain_id = d.id) p
ORDER BY d.domain
