-- $1 the tenant, then a column of pages each; lists as JSON, since PostgreSQL has no ragged arrays. See `upsert_many`.
WITH seen AS MATERIALIZED (
    -- Of a page given twice the last one counts.
    SELECT DISTINCT ON (domain_id, md5(url)) *, gen_random_uuid() AS new_id
    FROM unnest(
        $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bool[],
        $10::jsonb[], $11::bool[], $12::bool[], $13::int[], $14::jsonb[], $15::jsonb[], $16::timestamptz[],
        $17::timestamptz[], $18::text[], $19::text[], $20::jsonb[], $21::uuid[], $22::text[], $23::text[],
        $24::int[], $25::text[], $26::text[], $27::text[])
    WITH ORDINALITY AS s (
        domain_id, url, title, description, h1, canonical_url, meta_robots, has_schema_markup,
        schema_types, has_contact_form, has_comments, word_count, inbound_links, outbound_links, last_modified,
        last_scan, page_type, lead_source, additional_json, sitemap_file_id, page_processing_status,
        page_processing_error, status_code, disposition, disposition_reason, content_hash, position)
    ORDER BY domain_id, md5(url), position DESC
),
written AS (
    INSERT INTO pages AS p (
        tenant_id, id, domain_id, url, title, description, h1, canonical_url, meta_robots, has_schema_markup,
        schema_types, has_contact_form, has_comments, word_count, inbound_links, outbound_links, last_modified,
        last_scan, page_type, lead_source, additional_json, sitemap_file_id, page_processing_status,
        page_processing_error, status_code, disposition, disposition_reason, content_hash)
    SELECT
        $1, new_id, domain_id, url, title, description, h1, canonical_url, meta_robots, has_schema_markup,
        CASE WHEN schema_types IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(schema_types)) END,
        has_contact_form, has_comments, word_count,
        CASE WHEN inbound_links IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(inbound_links)) END,
        CASE WHEN outbound_links IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(outbound_links)) END,
        last_modified, last_scan, page_type, lead_source, additional_json, sitemap_file_id,
        page_processing_status::pageprocessingstatus, page_processing_error,
        status_code, disposition, disposition_reason, content_hash
    FROM seen
    -- Two crawls of the same site lock its pages in the same order.
    ORDER BY domain_id, md5(url)
    ON CONFLICT (tenant_id, domain_id, md5(url)) DO UPDATE SET
        title = coalesce(EXCLUDED.title, p.title),
        description = coalesce(EXCLUDED.description, p.description),
        h1 = coalesce(EXCLUDED.h1, p.h1),
        canonical_url = coalesce(EXCLUDED.canonical_url, p.canonical_url),
        meta_robots = coalesce(EXCLUDED.meta_robots, p.meta_robots),
        has_schema_markup = coalesce(EXCLUDED.has_schema_markup, p.has_schema_markup),
        schema_types = coalesce(EXCLUDED.schema_types, p.schema_types),
        has_contact_form = coalesce(EXCLUDED.has_contact_form, p.has_contact_form),
        has_comments = coalesce(EXCLUDED.has_comments, p.has_comments),
        word_count = coalesce(EXCLUDED.word_count, p.word_count),
        inbound_links = coalesce(EXCLUDED.inbound_links, p.inbound_links),
        outbound_links = coalesce(EXCLUDED.outbound_links, p.outbound_links),
        last_modified = coalesce(EXCLUDED.last_modified, p.last_modified),
        last_scan = coalesce(EXCLUDED.last_scan, p.last_scan),
        page_type = coalesce(EXCLUDED.page_type, p.page_type),
        lead_source = coalesce(EXCLUDED.lead_source, p.lead_source),
        additional_json = coalesce(EXCLUDED.additional_json, p.additional_json),
        sitemap_file_id = coalesce(EXCLUDED.sitemap_file_id, p.sitemap_file_id),
        page_processing_status = coalesce(EXCLUDED.page_processing_status, p.page_processing_status),
        page_processing_error = coalesce(EXCLUDED.page_processing_error, p.page_processing_error),
        status_code = coalesce(EXCLUDED.status_code, p.status_code),
        disposition = coalesce(EXCLUDED.disposition, p.disposition),
        -- What became of a page is told together.
        disposition_reason = CASE WHEN EXCLUDED.disposition IS NULL THEN p.disposition_reason ELSE EXCLUDED.disposition_reason END,
        content_hash = coalesce(EXCLUDED.content_hash, p.content_hash)
    RETURNING p.id
)
SELECT
    -- A row that was met keeps its own id.
    count(*) FILTER (WHERE id IN (SELECT new_id FROM seen)) AS inserted,
    count(*) FILTER (WHERE id NOT IN (SELECT new_id FROM seen)) AS updated,
    0::bigint AS unchanged
FROM written
