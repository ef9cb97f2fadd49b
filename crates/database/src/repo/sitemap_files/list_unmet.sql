-- $1 the tenant, $2 the domain, $3 the job, $4 the limit. See `list_unmet`.
WITH RECURSIVE unmet AS (
    SELECT f.id FROM sitemap_files f LEFT JOIN sitemap_files p ON p.tenant_id = f.tenant_id AND p.id = f.parent_id
    WHERE f.tenant_id = $1 AND f.domain_id = $2 AND f.job_id IS DISTINCT FROM $3 AND f.status <> 'gone'
      AND (p.id IS NULL OR p.job_id = $3 AND p.status IN ('completed', 'gone'))
    UNION
    SELECT c.id FROM unmet u JOIN sitemap_files c ON c.tenant_id = $1 AND c.parent_id = u.id
    WHERE c.job_id IS DISTINCT FROM $3 AND c.status <> 'gone'
)
SELECT id FROM unmet LIMIT $4
