DROP TABLE scrapersky_internal.host_turns;
