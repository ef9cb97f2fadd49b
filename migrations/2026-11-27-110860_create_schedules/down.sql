SET LOCAL row_security = off;

SELECT scrapersky_internal.set_aside_table('create_schedules', t::regclass, 'the older shape has no such table')
FROM unnest('{schedule_runs,schedules}'::text[]) t;
