SELECT scrapersky_internal.set_aside_rows('create_place_finds', 'down', 'place_finds',
    $$SELECT id::text AS key, 'the older shape knows the last search only' AS reason FROM place_finds$$);
DROP TABLE place_finds;
