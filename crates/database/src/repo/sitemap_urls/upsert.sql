-- $1 the tenant, $2 the analysis to record differences for, if any, then one array per column of entries. See
-- `upsert_many`.
WITH listed AS MATERIALIZED (
    -- If a file lists a URL twice, the last entry counts.
    SELECT DISTINCT ON (sitemap_id, md5(url)) *
    FROM unnest(
        $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::int[], $10::text[], $11::timestamptz[],
        $12::text[], $13::numeric[], $14::int[], $15::int[], $16::int[], $17::timestamptz[], $18::jsonb[])
    WITH ORDINALITY AS l (
        id, domain_id, sitemap_id, url, loc_text, page_type, status_code, error_message, lastmod,
        changefreq, priority_value, image_count, video_count, news_count, last_checked_at, alternates, position)
    ORDER BY sitemap_id, md5(url), position DESC
),
-- Existing rows are looked up first: an insert that conflicts would write a lock into each of ten million rows. The
-- look-ups use the index one by one, and the rows to rewrite below are found by domain and id: without statistics about
-- the tenant, a join would read all its rows each time, and a look-up by id alone would scan the whole index that has
-- the domain first.
met AS MATERIALIZED (
    SELECT l.*, u.id AS old_id, u.domain_id AS old_domain_id, u.lastmod AS old_lastmod
    FROM listed l LEFT JOIN LATERAL (
        SELECT id, domain_id, lastmod FROM sitemap_urls
        WHERE tenant_id = $1 AND sitemap_id = l.sitemap_id AND md5(url) = md5(l.url) LIMIT 1) u ON true
),
written AS (
    INSERT INTO sitemap_urls (
        id, tenant_id, domain_id, sitemap_id, url, loc_text, page_type, status_code, error_message, lastmod,
        changefreq, priority_value, image_count, video_count, news_count, last_checked_at, alternates)
    SELECT
        id, $1, domain_id, sitemap_id, url, loc_text, page_type, status_code, error_message, lastmod,
        changefreq, priority_value, image_count, video_count, news_count, last_checked_at, alternates
    FROM met WHERE old_id IS NULL
    -- Sorted, so that concurrent runs over a file lock its rows in the same order and the index is written from left to
    -- right.
    ORDER BY sitemap_id, md5(url)
    -- A row that another run wrote in the meantime has the same values.
    ON CONFLICT (tenant_id, sitemap_id, md5(url)) DO NOTHING
    RETURNING url, lastmod
),
rewritten AS (
    UPDATE sitemap_urls u SET
        loc_text = m.loc_text,
        page_type = coalesce(m.page_type, u.page_type),
        status_code = coalesce(m.status_code, u.status_code),
        error_message = m.error_message,
        lastmod = m.lastmod,
        changefreq = m.changefreq,
        priority_value = m.priority_value,
        image_count = m.image_count,
        video_count = m.video_count,
        news_count = m.news_count,
        last_checked_at = coalesce(m.last_checked_at, u.last_checked_at),
        alternates = m.alternates,
        updated_at = now()
    FROM met m
    WHERE u.tenant_id = $1 AND u.id = m.old_id
      AND u.domain_id = ANY (ARRAY(SELECT DISTINCT old_domain_id FROM met WHERE old_id IS NOT NULL))
      AND u.id = ANY (ARRAY(SELECT old_id FROM met WHERE old_id IS NOT NULL))
    -- Unchanged rows are not rewritten, which would leave dead ones behind.
      AND (u.loc_text, u.error_message, u.lastmod, u.changefreq, u.priority_value, u.image_count, u.video_count, u.news_count,
           u.page_type, u.status_code, u.last_checked_at, u.alternates)
        IS DISTINCT FROM
          (m.loc_text, m.error_message, m.lastmod, m.changefreq, m.priority_value, m.image_count, m.video_count,
           m.news_count, coalesce(m.page_type, u.page_type), coalesce(m.status_code, u.status_code),
           coalesce(m.last_checked_at, u.last_checked_at), m.alternates)
    RETURNING 1
),
noted AS (
    INSERT INTO sitemap_url_changes (tenant_id, run_id, change, url, old_lastmod, new_lastmod)
    SELECT $1, $2::uuid, 'added', url, NULL, lastmod FROM written WHERE $2::uuid IS NOT NULL
    UNION ALL
    SELECT $1, $2::uuid, 'changed', url, old_lastmod, lastmod FROM met
    WHERE $2::uuid IS NOT NULL AND old_id IS NOT NULL AND old_lastmod IS DISTINCT FROM lastmod
    RETURNING id
)
SELECT
    (SELECT count(*) FROM written) AS inserted,
    (SELECT count(*) FROM rewritten) AS updated,
    (SELECT count(*) FROM listed) - (SELECT count(*) FROM written) - (SELECT count(*) FROM rewritten) AS unchanged
