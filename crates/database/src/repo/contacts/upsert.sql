-- $1 the tenant, then one array per column of contacts. See `upsert_many`.
WITH found AS MATERIALIZED (
    -- Of an address found twice on a domain the last one counts.
    SELECT DISTINCT ON (f.domain_id, f.email) f.*, gen_random_uuid() AS new_id
    FROM unnest(
        $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bool[], $7::text[], $8::text[], $9::uuid[], $10::text[],
        $11::text[], $12::int2[], $13::text[])
    WITH ORDINALITY AS f (
        domain_id, page_id, email, email_type, has_gmail, context, source_url, source_job_id, name, role, confidence,
        spelling, position)
    LEFT JOIN domains d ON d.tenant_id = $1 AND d.id = f.domain_id
    -- Not stored if the address, its domain or the site's domain is suppressed.
    WHERE NOT EXISTS (
        SELECT FROM suppressions s
        WHERE s.tenant_id = $1 AND s.hash = ANY (suppression_hashes(f.email) || suppression_hashes('@' || d.domain)))
    ORDER BY f.domain_id, f.email, f.position DESC
),
written AS (
    INSERT INTO contacts AS c (
        tenant_id, id, domain_id, page_id, email, email_type, has_gmail, context, source_url, source_job_id, name, role,
        confidence)
    SELECT
        $1, new_id, domain_id, page_id, email, email_type::contact_email_type_enum, has_gmail, context,
        source_url, source_job_id, name, role, confidence
    FROM found
    -- Sorted, so that concurrent crawls lock the same addresses in the same order.
    ORDER BY domain_id, email
    ON CONFLICT (tenant_id, domain_id, email) DO UPDATE SET
        -- An existing type, name or role may be a person's correction.
        email_type = CASE WHEN coalesce(c.email_type, 'Unknown') = 'Unknown'
            THEN coalesce(EXCLUDED.email_type, c.email_type) ELSE c.email_type END,
        has_gmail = coalesce(EXCLUDED.has_gmail, c.has_gmail),
        name = coalesce(c.name, EXCLUDED.name),
        role = coalesce(c.role, EXCLUDED.role),
        -- In one scan the first page wins, since better pages are fetched first; a later scan replaces it.
        page_id = CASE WHEN c.source_job_id = EXCLUDED.source_job_id THEN c.page_id ELSE EXCLUDED.page_id END,
        context = CASE WHEN c.source_job_id = EXCLUDED.source_job_id THEN c.context ELSE EXCLUDED.context END,
        source_url = CASE WHEN c.source_job_id = EXCLUDED.source_job_id THEN c.source_url ELSE EXCLUDED.source_url END,
        confidence = CASE WHEN c.source_job_id = EXCLUDED.source_job_id THEN greatest(c.confidence, EXCLUDED.confidence)
            ELSE coalesce(EXCLUDED.confidence, c.confidence) END,
        source_job_id = EXCLUDED.source_job_id,
        last_seen_at = EXCLUDED.last_seen_at,
        updated_at = EXCLUDED.updated_at
    RETURNING c.id, c.domain_id, c.email
),
sources AS (
    INSERT INTO contact_sources AS s (tenant_id, contact_id, page_id, context, spelling)
    SELECT $1, w.id, f.page_id, f.context, f.spelling
    FROM written w JOIN found f ON f.domain_id = w.domain_id AND f.email = w.email
    ORDER BY w.domain_id, w.email
    ON CONFLICT (tenant_id, contact_id, page_id) DO UPDATE SET
        context = EXCLUDED.context, spelling = EXCLUDED.spelling, last_seen_at = EXCLUDED.last_seen_at
)
SELECT
    -- An existing row keeps its own id.
    count(*) FILTER (WHERE id IN (SELECT new_id FROM found)) AS inserted,
    count(*) FILTER (WHERE id NOT IN (SELECT new_id FROM found)) AS updated,
    0::bigint AS unchanged
FROM written
