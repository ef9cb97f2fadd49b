SELECT scrapersky_internal.set_aside_rows('create_email_scans', 'down', 'mail_domains',
    $$SELECT id::text AS key, 'the older shape has no answers of DNS' AS reason FROM mail_domains$$);
SELECT scrapersky_internal.set_aside_rows('create_email_scans', 'down', 'contact_sources',
    $$SELECT id::text AS key, 'the older shape has one page of an address' AS reason FROM contact_sources$$);
SELECT scrapersky_internal.set_aside_rows('create_email_scans', 'down', 'email_scan_urls',
    $$SELECT id::text AS key, 'the older shape has no scans' AS reason FROM email_scan_urls$$);
SELECT scrapersky_internal.set_aside_rows('create_email_scans', 'down', 'email_scans',
    $$SELECT id::text AS key, 'the older shape has no scans' AS reason FROM email_scans$$);
DROP TABLE mail_domains;
DROP TABLE contact_sources;
DROP TABLE email_scan_urls;
DROP TABLE email_scans;

SELECT scrapersky_internal.set_aside_columns('create_email_scans', 'down', 'pages', '{status_code,disposition,disposition_reason,content_hash}',
    $$SELECT id::text AS key, 'the older shape does not say what became of a page' AS reason FROM pages
      WHERE num_nonnulls(status_code, disposition, disposition_reason, content_hash) > 0$$);
ALTER TABLE pages DROP COLUMN status_code, DROP COLUMN disposition, DROP COLUMN disposition_reason, DROP COLUMN content_hash;

SELECT scrapersky_internal.set_aside_columns('create_email_scans', 'down', 'contacts', '{name,role,notes,confidence,mx_status,last_seen_at}',
    $$SELECT id::text AS key, 'the older shape knows the address only' AS reason FROM contacts
      WHERE num_nonnulls(name, role, notes, confidence, mx_status) > 0 OR last_seen_at IS DISTINCT FROM updated_at$$);
ALTER TABLE contacts
    DROP CONSTRAINT contacts_tenant_id_id_key,
    DROP COLUMN name, DROP COLUMN role, DROP COLUMN notes, DROP COLUMN confidence, DROP COLUMN mx_status, DROP COLUMN last_seen_at;
