-- See `list`.
SELECT migration, source_table, r.reason, is_whole_row, count(*) AS count, min(key) AS example_key
FROM scrapersky_internal.set_aside,
     LATERAL (SELECT regexp_replace(reason, '^row [0-9a-f-]+ ', 'another row ') AS reason) r
WHERE direction = 'up'
GROUP BY migration, source_table, r.reason, is_whole_row
ORDER BY is_whole_row DESC, migration, source_table, r.reason
