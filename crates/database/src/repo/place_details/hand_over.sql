-- $1 the tenant, $2 to $4 one array per column: places, their domains and errors. See `hand_over_many`.
WITH done AS (SELECT * FROM unnest($2::text[], $3::uuid[], $4::text[]) AS n (place_id, domain_id, error)),
noted AS (
    INSERT INTO place_details AS d (tenant_id, place_id, domain_id, handed_over_at, hand_over_error)
    SELECT $1, place_id, domain_id, CASE WHEN domain_id IS NOT NULL THEN now() END, error FROM done
    ORDER BY place_id
    ON CONFLICT (tenant_id, place_id) DO UPDATE SET
        domain_id = coalesce(EXCLUDED.domain_id, d.domain_id),
        handed_over_at = coalesce(EXCLUDED.handed_over_at, d.handed_over_at),
        hand_over_error = EXCLUDED.hand_over_error
    RETURNING d.place_id
)
UPDATE places_staging p SET processed = true, processed_time = now()
FROM done n
WHERE p.tenant_id = $1 AND p.place_id = n.place_id AND n.domain_id IS NOT NULL
