-- $1 the tenant, $2 the file, $3 the hashes of the URLs it lists, $4 the analysis to record differences for, if any.
-- See `delete_unlisted`.
WITH deleted AS (
    DELETE FROM sitemap_urls u
    WHERE u.tenant_id = $1 AND u.sitemap_id = $2
      AND NOT EXISTS (SELECT FROM unnest($3::uuid[]) l (hash) WHERE l.hash = md5(u.url)::uuid)
    RETURNING url, lastmod
), noted AS (
    INSERT INTO sitemap_url_changes (tenant_id, run_id, change, url, old_lastmod)
    SELECT $1, $4::uuid, 'removed', url, lastmod FROM deleted WHERE $4::uuid IS NOT NULL
    RETURNING id
)
SELECT count(*) AS rows FROM deleted
