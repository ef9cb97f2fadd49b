-- $1 the tenant, $2 the change. See `apply`.
--
-- The JSON is parsed first: a cast that depends on settings is not allowed in an UPDATE of a table distributed by
-- tenant.
WITH c AS MATERIALIZED (
    SELECT
        place_id, changed_by,
        (after->>'status')::place_status_enum AS status,
        after->>'notes' AS notes,
        CASE WHEN jsonb_typeof(after->'tags') = 'array'
            THEN ARRAY(SELECT jsonb_array_elements_text(after->'tags')) END AS tags,
        (after->>'priority')::integer AS priority,
        (after->>'revisit_date')::date AS revisit_date
    FROM place_changes WHERE tenant_id = $1 AND change_id = $2
)
UPDATE places_staging p SET
    status = c.status, notes = c.notes, tags = c.tags, priority = c.priority, revisit_date = c.revisit_date,
    updated_by = c.changed_by, updated_at = now()
FROM c
WHERE p.tenant_id = $1 AND p.place_id = c.place_id
