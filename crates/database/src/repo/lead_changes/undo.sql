-- $1 the tenant, $2 the change, $3 the id of the undo, $4 its author. See `restore`.
WITH undone AS (
    UPDATE lead_changes SET undone_at = now()
    WHERE tenant_id = $1 AND change_id = $2
    RETURNING lead_id, before, after
),
restored AS (
    INSERT INTO lead_changes (tenant_id, change_id, action, lead_id, changed_by, before, after)
    SELECT $1, $3, 'undo', u.lead_id, $4, u.after, u.before
    FROM undone u JOIN leads l ON l.tenant_id = $1 AND l.id = u.lead_id
    WHERE l.place_id IS NULL
      AND jsonb_build_object('status', l.status, 'notes', l.notes, 'tags', l.tags, 'priority', l.priority,
                             'revisit_date', l.revisit_date) = u.after
    RETURNING lead_id
)
SELECT
    (SELECT count(*) FROM undone) AS changed,
    (SELECT count(*) FROM restored) AS restored
