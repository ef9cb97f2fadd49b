SET LOCAL row_security = off;

DROP INDEX batch_jobs_open_idx;
DROP TRIGGER note_job ON jobs;
DROP TRIGGER note_queued ON jobs;
DROP FUNCTION scrapersky_internal.note_job();
DROP FUNCTION scrapersky_internal.note_queued_jobs();
SELECT scrapersky_internal.set_aside_table('create_events', 'events', 'the older shape has no such table');
DROP FUNCTION scrapersky_internal.continue_events();
DROP FUNCTION events_horizon();
DROP FUNCTION scrapersky_internal.events_clock();
DROP FUNCTION scrapersky_internal.events_offset();
DROP FUNCTION scrapersky_internal.set_events_clock(bigint);
