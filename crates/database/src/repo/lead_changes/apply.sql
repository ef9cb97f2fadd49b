-- $1 the tenant, $2 the change. See `apply`.
--
-- The JSON is parsed first; see the file of the same name in `place_changes`.
WITH c AS MATERIALIZED (
    SELECT
        l.id AS lead_id, c.after->>'status' AS status, c.after->>'notes' AS notes,
        CASE WHEN jsonb_typeof(c.after->'tags') = 'array'
            THEN ARRAY(SELECT jsonb_array_elements_text(c.after->'tags')) END AS tags,
        (c.after->>'priority')::integer AS priority,
        (c.after->>'revisit_date')::date AS revisit_date
    FROM lead_changes c JOIN leads l ON l.tenant_id = $1 AND l.id = c.lead_id
    WHERE c.tenant_id = $1 AND c.change_id = $2 AND l.place_id IS NULL
    -- Locked in the order of everybody who locks several.
    ORDER BY l.tenant_id, l.id
    FOR NO KEY UPDATE OF l
)
UPDATE leads l SET
    status = c.status, notes = c.notes, tags = c.tags, priority = c.priority, revisit_date = c.revisit_date, updated_at = now()
FROM c
WHERE l.tenant_id = $1 AND l.id = c.lead_id
