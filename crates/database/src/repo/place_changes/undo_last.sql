-- $1 the tenant, $2 the id of the undo, $3 its author. See `undo_last`.
WITH last AS (
    SELECT change_id FROM place_changes
    WHERE tenant_id = $1 AND action IN ('bulk', 'import') AND undone_at IS NULL ORDER BY id DESC LIMIT 1
),
undone AS (
    UPDATE place_changes c SET undone_at = now() FROM last
    WHERE c.tenant_id = $1 AND c.change_id = last.change_id
    RETURNING c.change_id, c.place_id, c.before, c.after
),
restored AS (
    INSERT INTO place_changes (tenant_id, change_id, action, place_id, changed_by, before, after)
    SELECT $1, $2, 'undo', u.place_id, $3, u.after, u.before
    FROM undone u JOIN places_staging ON places_staging.tenant_id = $1 AND places_staging.place_id = u.place_id
    WHERE jsonb_build_object('status', places_staging.status, 'notes', places_staging.notes, 'tags', places_staging.tags,
                             'priority', places_staging.priority, 'revisit_date', places_staging.revisit_date) = u.after
    RETURNING place_id
)
SELECT
    (SELECT change_id FROM last) AS change_id,
    (SELECT count(*) FROM undone) AS changed,
    (SELECT count(*) FROM restored) AS restored
