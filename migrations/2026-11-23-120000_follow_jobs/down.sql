DROP TRIGGER follow_job ON jobs;
DROP FUNCTION scrapersky_internal.follow_job();
