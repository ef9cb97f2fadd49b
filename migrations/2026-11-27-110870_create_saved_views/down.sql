SET LOCAL row_security = off;

SELECT scrapersky_internal.set_aside_table('create_saved_views', 'saved_views', 'the older shape has no such table');
