-- $1 the tenant, $2 to $4 the change's id, kind and author, $5 places and $6 their patches. See `change_each`.
INSERT INTO place_changes (tenant_id, change_id, action, place_id, changed_by, before, after)
SELECT
    $1, $2, $3, places_staging.place_id, $4,
    jsonb_build_object('status', places_staging.status, 'notes', places_staging.notes, 'tags', places_staging.tags,
                       'priority', places_staging.priority, 'revisit_date', places_staging.revisit_date),
    jsonb_build_object('status', places_staging.status, 'notes', places_staging.notes, 'tags', places_staging.tags,
                       'priority', places_staging.priority, 'revisit_date', places_staging.revisit_date) || n.patch
FROM unnest($5::text[], $6::jsonb[]) AS n (place_id, patch)
JOIN places_staging ON places_staging.tenant_id = $1 AND places_staging.place_id = n.place_id
RETURNING place_changes.place_id
