-- $1 the tenant, $2 the analysis. See `Extent`.
SELECT noted.notes, noted.moves, listed.files, listed.urls
FROM (
    SELECT count(*) AS notes, count(*) FILTER (WHERE change <> 'changed') AS moves
    FROM sitemap_url_changes WHERE tenant_id = $1 AND run_id = $2) noted,
(
    SELECT count(*) AS files, coalesce(sum(f.url_count), 0) AS urls
    FROM sitemap_runs r JOIN sitemap_files f ON f.tenant_id = r.tenant_id AND f.domain_id = r.domain_id
    WHERE r.tenant_id = $1 AND r.id = $2) listed
