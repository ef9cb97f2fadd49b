-- $1 the tenant, $2 the analysis. See `settle`.
WITH noted AS (
    DELETE FROM sitemap_url_changes WHERE tenant_id = $1 AND run_id = $2
    RETURNING change, url, old_lastmod, new_lastmod
),
-- What the files say of a URL, together.
said AS MATERIALIZED (
    SELECT
        url,
        count(*) FILTER (WHERE change = 'added') AS listings,
        count(*) FILTER (WHERE change = 'removed') AS unlistings,
        bool_or(change = 'changed') AS is_changed,
        max(old_lastmod) AS old_lastmod,
        max(new_lastmod) AS new_lastmod
    FROM noted GROUP BY url
),
counted AS MATERIALIZED (
    SELECT s.*, (
        SELECT count(*)
        FROM sitemap_files f JOIN sitemap_urls u ON u.tenant_id = f.tenant_id AND u.sitemap_id = f.id
        WHERE f.tenant_id = $1 AND f.domain_id = r.domain_id AND md5(u.url) = md5(s.url)) AS listed
    FROM said s, sitemap_runs r WHERE r.tenant_id = $1 AND r.id = $2
),
judged AS MATERIALIZED (
    SELECT url, old_lastmod, new_lastmod, CASE
        -- So many files listed it before.
        WHEN listed - listings + unlistings <= 0 AND listed > 0 THEN 'added'
        WHEN listed = 0 AND unlistings > 0 THEN 'removed'
        WHEN listed > 0 AND (is_changed OR (listings > 0 AND unlistings > 0 AND old_lastmod IS DISTINCT FROM new_lastmod)) THEN 'changed'
        END AS change
    FROM counted
),
kept AS (
    INSERT INTO sitemap_url_changes (tenant_id, run_id, change, url, old_lastmod, new_lastmod)
    SELECT $1, $2, change, url,
        CASE WHEN change <> 'added' THEN old_lastmod END,
        CASE WHEN change <> 'removed' THEN new_lastmod END
    FROM judged WHERE change IS NOT NULL
)
SELECT
    count(*) FILTER (WHERE change = 'added') AS added,
    count(*) FILTER (WHERE change = 'removed') AS removed,
    count(*) FILTER (WHERE change = 'changed') AS changed
FROM judged
