-- $1 the tenant, $2 the change, $3 the id of the undo, $4 its author. See `restore`.
WITH undone AS (
    UPDATE place_changes SET undone_at = now()
    WHERE tenant_id = $1 AND change_id = $2
    RETURNING place_id, before, after
),
restored AS (
    INSERT INTO place_changes (tenant_id, change_id, action, place_id, changed_by, before, after)
    SELECT $1, $3, 'undo', u.place_id, $4, u.after, u.before
    FROM undone u JOIN places_staging ON places_staging.tenant_id = $1 AND places_staging.place_id = u.place_id
    WHERE jsonb_build_object('status', places_staging.status, 'notes', places_staging.notes, 'tags', places_staging.tags,
                             'priority', places_staging.priority, 'revisit_date', places_staging.revisit_date) = u.after
    RETURNING place_id
)
SELECT
    $2 AS change_id,
    (SELECT count(*) FROM undone) AS changed,
    (SELECT count(*) FROM restored) AS restored
