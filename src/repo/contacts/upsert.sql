-- $1 the tenant, then a column of contacts each. See `upsert_many`.
WITH found AS MATERIALIZED (
    -- Of an address found twice on a domain the last one counts.
    SELECT DISTINCT ON (domain_id, email) *
    FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bool[], $7::text[], $8::text[], $9::uuid[])
    WITH ORDINALITY AS f (domain_id, page_id, email, email_type, has_gmail, context, source_url, source_job_id, position)
    ORDER BY domain_id, email, position DESC
),
written AS (
    INSERT INTO contacts AS c (
        tenant_id, domain_id, page_id, email, email_type, has_gmail, context, source_url, source_job_id)
    SELECT
        $1, domain_id, page_id, email, email_type::contact_email_type_enum, has_gmail, context,
        source_url, source_job_id
    FROM found
    -- Two crawls that find the same addresses lock them in the same order.
    ORDER BY domain_id, email
    ON CONFLICT (tenant_id, domain_id, email) DO UPDATE SET
        -- A type that is known may be a person's correction.
        email_type = CASE WHEN coalesce(c.email_type, 'Unknown') = 'Unknown'
            THEN coalesce(EXCLUDED.email_type, c.email_type) ELSE c.email_type END,
        has_gmail = coalesce(EXCLUDED.has_gmail, c.has_gmail),
        -- Where it was seen last.
        page_id = EXCLUDED.page_id,
        context = EXCLUDED.context,
        source_url = EXCLUDED.source_url,
        source_job_id = EXCLUDED.source_job_id,
        updated_at = now()
    RETURNING xmax = 0 AS is_new
)
SELECT
    count(*) FILTER (WHERE is_new) AS inserted,
    count(*) FILTER (WHERE NOT is_new) AS updated,
    0::bigint AS unchanged
FROM written
