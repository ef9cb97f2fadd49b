-- $1 the tenant, then one array per column of search results. See `upsert_many`.
WITH distinct_places AS (
    -- If a place is given twice, the last one counts.
    SELECT DISTINCT ON (place_id) *
    FROM unnest(
        $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[], $8::text[], $9::float8[],
        $10::int[], $11::int[], $12::uuid[], $13::uuid[], $14::text[], $15::text[], $16::timestamptz[],
        $17::jsonb[], $18::uuid[], $19::text[])
    WITH ORDINALITY AS f (
        place_id, name, formatted_address, business_type, latitude, longitude, vicinity, rating,
        user_ratings_total, price_level, created_by, search_job_id, search_query, search_location, search_time,
        raw_data, user_id, user_name, position)
    ORDER BY place_id, position DESC
),
found AS MATERIALIZED (
    SELECT *, nextval('places_staging_id_seq') AS new_id FROM distinct_places
),
written AS (
    INSERT INTO places_staging AS p (
        tenant_id, id, place_id, name, formatted_address, business_type, latitude, longitude, vicinity, rating,
        user_ratings_total, price_level, created_by, search_job_id, search_query, search_location, search_time,
        raw_data, user_id, user_name)
    SELECT
        $1, new_id, place_id, name, formatted_address, business_type, latitude, longitude, vicinity, rating,
        user_ratings_total, price_level, created_by, search_job_id, search_query, search_location,
        coalesce(search_time, now()), raw_data, user_id, user_name
    FROM found
    -- Sorted, so that concurrent searches lock the same places in the same order.
    ORDER BY place_id
    ON CONFLICT (tenant_id, place_id) DO UPDATE SET
        -- A missing value does not clear the stored one: the search's field mask may have been narrower.
        name = EXCLUDED.name,
        formatted_address = coalesce(EXCLUDED.formatted_address, p.formatted_address),
        business_type = coalesce(EXCLUDED.business_type, p.business_type),
        latitude = coalesce(EXCLUDED.latitude, p.latitude),
        longitude = coalesce(EXCLUDED.longitude, p.longitude),
        vicinity = coalesce(EXCLUDED.vicinity, p.vicinity),
        rating = coalesce(EXCLUDED.rating, p.rating),
        user_ratings_total = coalesce(EXCLUDED.user_ratings_total, p.user_ratings_total),
        price_level = coalesce(EXCLUDED.price_level, p.price_level),
        raw_data = coalesce(EXCLUDED.raw_data, p.raw_data),
        -- The last search; imports from files may not name one.
        search_job_id = coalesce(EXCLUDED.search_job_id, p.search_job_id),
        search_query = coalesce(EXCLUDED.search_query, p.search_query),
        search_location = coalesce(EXCLUDED.search_location, p.search_location),
        search_time = EXCLUDED.search_time,
        user_id = coalesce(EXCLUDED.user_id, p.user_id),
        user_name = coalesce(EXCLUDED.user_name, p.user_name)
    RETURNING p.id
)
SELECT
    -- An existing row keeps its own number.
    count(*) FILTER (WHERE id IN (SELECT new_id FROM found)) AS inserted,
    count(*) FILTER (WHERE id NOT IN (SELECT new_id FROM found)) AS updated,
    0::bigint AS unchanged
FROM written
