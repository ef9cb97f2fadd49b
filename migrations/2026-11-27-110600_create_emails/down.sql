SET LOCAL row_security = off;

DROP FUNCTION hide_text(uuid, text[], text[], text[]);
DROP FUNCTION erase_text(uuid, text, text);
DROP FUNCTION erasable_tables();
DROP FUNCTION erase_json(jsonb, text);
DROP FUNCTION suppression_hashes(text);
SELECT scrapersky_internal.set_aside_table('create_emails', 'suppressions', 'the older shape has no suppressions');
SELECT scrapersky_internal.set_aside_table('create_emails', 'mail_domains', 'the older shape has no answers from DNS');
SELECT scrapersky_internal.set_aside_table('create_emails', 'email_scan_urls', 'the older shape has no scans');
SELECT scrapersky_internal.set_aside_table('create_emails', 'email_scans', 'the older shape has no scans');
