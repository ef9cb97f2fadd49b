SELECT scrapersky_internal.set_aside_rows('create_place_details', 'down', 'place_details',
    $$SELECT id::text AS key, 'the older shape has no details of places' AS reason FROM place_details$$);
DROP TABLE place_details;
