SELECT scrapersky_internal.set_aside_rows('create_place_changes', 'down', 'place_changes',
    $$SELECT id::text AS key, 'the older shape has no history' AS reason FROM place_changes$$);
DROP TABLE place_changes;
