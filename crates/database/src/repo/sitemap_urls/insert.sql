-- $1 the tenant, $2 the analysis to record differences for, if any, then one array per column of entries. See
-- `insert_many`.
WITH written AS (
    INSERT INTO sitemap_urls (
        id, tenant_id, domain_id, sitemap_id, url, loc_text, page_type, status_code, error_message, lastmod,
        changefreq, priority_value, image_count, video_count, news_count, last_checked_at, alternates)
    SELECT
        id, $1, domain_id, sitemap_id, url, loc_text, page_type, status_code, error_message, lastmod,
        changefreq, priority_value, image_count, video_count, news_count, last_checked_at, alternates
    FROM unnest(
        $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::int[], $10::text[], $11::timestamptz[],
        $12::text[], $13::numeric[], $14::int[], $15::int[], $16::int[], $17::timestamptz[], $18::jsonb[])
    AS l (
        id, domain_id, sitemap_id, url, loc_text, page_type, status_code, error_message, lastmod,
        changefreq, priority_value, image_count, video_count, news_count, last_checked_at, alternates)
    RETURNING url, lastmod
),
noted AS (
    INSERT INTO sitemap_url_changes (tenant_id, run_id, change, url, new_lastmod)
    SELECT $1, $2::uuid, 'added', url, lastmod FROM written WHERE $2::uuid IS NOT NULL
    RETURNING id
)
SELECT count(*) AS rows FROM written
