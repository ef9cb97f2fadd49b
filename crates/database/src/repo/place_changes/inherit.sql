-- $1 the tenant, $2 the change's id, $3 its author, $4 places and $5 the domains that they are handed over to. See `inherit`.
INSERT INTO place_changes (tenant_id, change_id, action, place_id, changed_by, before, after)
SELECT
    $1, $2, 'update', p.place_id, $3,
    jsonb_build_object('status', p.status, 'notes', p.notes, 'tags', p.tags, 'priority', p.priority, 'revisit_date', p.revisit_date),
    jsonb_build_object(
        'status', p.status,
        'notes', CASE WHEN p.notes <> '' AND l.notes <> '' THEN p.notes || chr(10) || l.notes ELSE coalesce(nullif(p.notes, ''), l.notes) END,
        'tags', CASE WHEN l.tags IS NULL THEN p.tags ELSE ARRAY(
            SELECT tag FROM unnest(coalesce(p.tags, '{}') || l.tags) WITH ORDINALITY u (tag, position)
            GROUP BY tag ORDER BY min(position)) END,
        'priority', greatest(p.priority, l.priority),
        'revisit_date', least(p.revisit_date, l.revisit_date))
FROM unnest($4::text[], $5::uuid[]) AS h (place_id, domain_id)
JOIN leads l ON l.tenant_id = $1 AND l.domain_id = h.domain_id AND l.place_id IS NULL
JOIN places_staging p ON p.tenant_id = $1 AND p.place_id = h.place_id
WHERE num_nonnulls(l.notes, l.tags, l.revisit_date, nullif(l.priority, 0)) > 0
-- Never conflicts; see `change`.
ON CONFLICT DO NOTHING
