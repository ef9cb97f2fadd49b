-- $1 the tenant, then one array per column of details. See `upsert_many`.
INSERT INTO place_details AS d (tenant_id, place_id, website, phone, opening_hours, raw_data, content_at)
SELECT $1, n.* FROM unnest($2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::timestamptz[])
    AS n (place_id, website, phone, opening_hours, raw_data, content_at)
ORDER BY n.place_id
ON CONFLICT (tenant_id, place_id) DO UPDATE SET
    website = coalesce(EXCLUDED.website, d.website),
    phone = coalesce(EXCLUDED.phone, d.phone),
    opening_hours = coalesce(EXCLUDED.opening_hours, d.opening_hours),
    raw_data = coalesce(EXCLUDED.raw_data, d.raw_data),
    content_at = EXCLUDED.content_at,
    cleared_at = NULL
