SELECT scrapersky_internal.set_aside_rows('create_suppressions', 'down', 'suppressions',
    $$SELECT id::text AS key, 'the older shape has no suppressions' AS reason FROM suppressions$$);
DROP TABLE suppressions;
DROP FUNCTION erase_text(uuid, text, text);
DROP FUNCTION suppression_hashes(text);
