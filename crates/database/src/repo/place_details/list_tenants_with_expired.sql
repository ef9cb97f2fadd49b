-- $1 the cutoff time, $2 the tenants. See `list_tenants_with_expired`.
SELECT t.id AS tenant_id FROM unnest($2::uuid[]) AS t (id)
WHERE EXISTS (
    SELECT FROM places_staging p
    WHERE p.tenant_id = t.id AND (p.search_time < $1 OR p.search_time IS NULL)
      -- See `places::IMPORTED_PREFIX`.
      AND NOT starts_with(p.place_id, 'import_') AND NOT EXISTS (
        SELECT FROM place_details d
        WHERE d.tenant_id = p.tenant_id AND d.place_id = p.place_id
          AND (d.content_at >= $1 OR d.cleared_at >= coalesce(greatest(p.search_time, d.content_at), d.cleared_at))))
