-- $1 the tenant, $2 to $5 the domain, the job, the parent and the depth, $6 and $7 one array each of URLs and how they
-- were found. See `add_pending`.
INSERT INTO sitemap_files AS f (
    tenant_id, domain_id, job_id, parent_id, depth, url, discovery_method, sitemap_type, status, created_at)
-- Ordered as they were found, which is the order in which they are read.
SELECT DISTINCT ON (md5(url)) $1, $2, $3, $4, $5, url, discovery_method, 'unknown', 'pending',
    now() + position * interval '1 microsecond'
FROM unnest($6::text[], $7::text[]) WITH ORDINALITY AS l (url, discovery_method, position)
ORDER BY md5(url), position
ON CONFLICT (tenant_id, domain_id, md5(url)) DO UPDATE SET
    job_id = EXCLUDED.job_id, parent_id = EXCLUDED.parent_id, depth = EXCLUDED.depth,
    discovery_method = EXCLUDED.discovery_method, status = 'pending', updated_at = EXCLUDED.updated_at
WHERE f.job_id IS DISTINCT FROM EXCLUDED.job_id
