-- $1 the tenant, $2 the analysis, $3 whether to read all listed URLs, $4 and $5 the range of hashes. See `settle`.
--
-- Rows just written by this analysis are not joined: the statistics do not know them, and a join planned for one row
-- would compare each with all. Rows of one URL are grouped by sorting instead.
WITH read AS MATERIALIZED (
    SELECT array_agg(f.id) AS files
    FROM sitemap_runs r JOIN sitemap_files f ON f.tenant_id = r.tenant_id AND f.domain_id = r.domain_id
    WHERE r.tenant_id = $1 AND r.id = $2
),
rows AS (
    SELECT id, change, url, old_lastmod, new_lastmod FROM sitemap_url_changes
    WHERE tenant_id = $1 AND run_id = $2 AND md5(url) COLLATE "C" >= $4 AND md5(url) COLLATE "C" < $5
    UNION ALL
    SELECT NULL, NULL, url, NULL, NULL FROM sitemap_urls
    WHERE $3 AND tenant_id = $1 AND sitemap_id = ANY ((SELECT files FROM read)::uuid[])
      AND md5(url) COLLATE "C" >= $4 AND md5(url) COLLATE "C" < $5
),
-- Groups the rows by URL; within a URL the recorded differences come first.
said AS (
    SELECT
        *,
        row_number() OVER same AS position,
        count(change) OVER same AS notes,
        count(*) FILTER (WHERE change = 'added') OVER same AS listings,
        count(*) FILTER (WHERE change = 'removed') OVER same AS unlistings,
        bool_or(change = 'changed') OVER same AS is_changed,
        max(old_lastmod) OVER same AS oldest,
        max(new_lastmod) OVER same AS newest,
        count(*) FILTER (WHERE change IS NULL) OVER same AS met
    FROM rows
    WINDOW same AS (PARTITION BY url COLLATE "C" ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
counted AS MATERIALIZED (
    SELECT *, CASE
        WHEN $3 THEN met
        -- The file with the changed entry still lists it.
        WHEN listings = 0 AND unlistings = 0 THEN 1
        ELSE (
            SELECT count(*) FROM unnest((SELECT files FROM read)) file
            JOIN LATERAL (
                SELECT FROM sitemap_urls u
                WHERE u.tenant_id = $1 AND u.sitemap_id = file AND md5(u.url) = md5(said.url) LIMIT 1) u ON true)
        END AS listed
    FROM said WHERE change IS NOT NULL
),
judged AS MATERIALIZED (
    SELECT id, position, url, oldest, newest, verdict, notes = 1 AND verdict IS NOT DISTINCT FROM change AS is_settled
    FROM counted CROSS JOIN LATERAL (SELECT CASE
        -- The number of files that listed it before.
        WHEN listed - listings + unlistings <= 0 AND listed > 0 THEN 'added'
        WHEN listed = 0 AND unlistings > 0 THEN 'removed'
        WHEN listed > 0 AND (is_changed OR (listings > 0 AND unlistings > 0 AND oldest IS DISTINCT FROM newest)) THEN 'changed'
        END AS verdict) v
),
dropped AS (
    DELETE FROM sitemap_url_changes
    WHERE tenant_id = $1 AND run_id = $2 AND id = ANY (ARRAY(SELECT id FROM judged WHERE NOT is_settled))
),
kept AS (
    INSERT INTO sitemap_url_changes (tenant_id, run_id, change, url, old_lastmod, new_lastmod)
    SELECT $1, $2, verdict, url,
        CASE WHEN verdict <> 'added' THEN oldest END,
        CASE WHEN verdict <> 'removed' THEN newest END
    FROM judged WHERE position = 1 AND NOT is_settled AND verdict IS NOT NULL
    RETURNING id
)
SELECT
    count(*) FILTER (WHERE verdict = 'added') AS added,
    count(*) FILTER (WHERE verdict = 'removed') AS removed,
    count(*) FILTER (WHERE verdict = 'changed') AS changed
FROM judged WHERE position = 1
