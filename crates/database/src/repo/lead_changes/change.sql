-- $1 the tenant, $2 to $4 the change's id, kind and author, $5 leads, $6 the values to set, $7 labels to add, $8 labels to
-- remove. See `change`.
INSERT INTO lead_changes (tenant_id, change_id, action, lead_id, changed_by, before, after)
SELECT
    $1, $2, $3, l.id, $4, c.current,
    c.current || $6 || CASE
        WHEN cardinality($7::text[]) + cardinality($8::text[]) = 0 THEN '{}'
        ELSE jsonb_build_object('tags', ARRAY(
            SELECT tag FROM unnest(coalesce(l.tags, '{}') || $7::text[]) WITH ORDINALITY u (tag, position)
            WHERE tag <> ALL ($8::text[]) GROUP BY tag ORDER BY min(position)))
    END
FROM leads l
CROSS JOIN LATERAL (
    SELECT jsonb_build_object('status', l.status, 'notes', l.notes, 'tags', l.tags, 'priority', l.priority,
                              'revisit_date', l.revisit_date) AS current) c
WHERE l.tenant_id = $1 AND l.id = ANY ($5::uuid[]) AND l.place_id IS NULL
-- Never conflicts; see `place_changes::change`.
ON CONFLICT DO NOTHING
