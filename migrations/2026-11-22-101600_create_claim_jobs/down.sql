DROP FUNCTION scrapersky_internal.claim_jobs(uuid, text[], bigint, text, interval);
