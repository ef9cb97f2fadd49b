-- $1 the tenant, $2 the change. See `apply`.
UPDATE places_staging p SET
    status = (c.after->>'status')::place_status_enum,
    notes = c.after->>'notes',
    tags = CASE WHEN jsonb_typeof(c.after->'tags') = 'array'
        THEN ARRAY(SELECT jsonb_array_elements_text(c.after->'tags')) END,
    priority = (c.after->>'priority')::integer,
    revisit_date = (c.after->>'revisit_date')::date,
    updated_by = c.changed_by,
    updated_at = now()
FROM place_changes c
WHERE c.tenant_id = $1 AND c.change_id = $2 AND p.tenant_id = $1 AND p.place_id = c.place_id
