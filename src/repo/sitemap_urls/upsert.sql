-- $1 the tenant, then a column of a sitemap's entries each. See `upsert_many`.
WITH listed AS MATERIALIZED (
    -- Of a URL listed twice in a file the last entry counts.
    SELECT DISTINCT ON (sitemap_id, md5(url)) *
    FROM unnest(
        $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::int[], $8::text[], $9::timestamptz[],
        $10::text[], $11::numeric[], $12::int[], $13::int[], $14::int[], $15::timestamptz[])
    WITH ORDINALITY AS l (
        domain_id, sitemap_id, url, loc_text, page_type, status_code, error_message, lastmod,
        changefreq, priority_value, image_count, video_count, news_count, last_checked_at, position)
    ORDER BY sitemap_id, md5(url), position DESC
),
written AS (
    INSERT INTO sitemap_urls AS u (
        tenant_id, domain_id, sitemap_id, url, loc_text, page_type, status_code, error_message, lastmod,
        changefreq, priority_value, image_count, video_count, news_count, last_checked_at)
    SELECT
        $1, domain_id, sitemap_id, url, loc_text, page_type, status_code, error_message, lastmod,
        changefreq, priority_value, image_count, video_count, news_count, last_checked_at
    FROM listed
    -- Two runs over the same file lock its rows in the same order.
    ORDER BY sitemap_id, md5(url)
    ON CONFLICT (tenant_id, sitemap_id, md5(url)) DO UPDATE SET
        loc_text = EXCLUDED.loc_text,
        page_type = coalesce(EXCLUDED.page_type, u.page_type),
        status_code = coalesce(EXCLUDED.status_code, u.status_code),
        error_message = EXCLUDED.error_message,
        lastmod = EXCLUDED.lastmod,
        changefreq = EXCLUDED.changefreq,
        priority_value = EXCLUDED.priority_value,
        image_count = EXCLUDED.image_count,
        video_count = EXCLUDED.video_count,
        news_count = EXCLUDED.news_count,
        last_checked_at = coalesce(EXCLUDED.last_checked_at, u.last_checked_at),
        updated_at = now()
    -- A row written without need is a dead one to clean up, times ten million.
    WHERE (u.loc_text, u.error_message, u.lastmod, u.changefreq, u.priority_value, u.image_count, u.video_count, u.news_count,
           u.page_type, u.status_code, u.last_checked_at)
        IS DISTINCT FROM
          (EXCLUDED.loc_text, EXCLUDED.error_message, EXCLUDED.lastmod, EXCLUDED.changefreq, EXCLUDED.priority_value,
           EXCLUDED.image_count, EXCLUDED.video_count, EXCLUDED.news_count, coalesce(EXCLUDED.page_type, u.page_type),
           coalesce(EXCLUDED.status_code, u.status_code), coalesce(EXCLUDED.last_checked_at, u.last_checked_at))
    RETURNING xmax = 0 AS is_new
)
SELECT
    count(*) FILTER (WHERE is_new) AS inserted,
    count(*) FILTER (WHERE NOT is_new) AS updated,
    (SELECT count(*) FROM listed) - count(*) AS unchanged
FROM written
