SET LOCAL row_security = off;

ALTER TABLE pages DROP CONSTRAINT pages_sitemap_file_fkey;
DROP TRIGGER "A_clear_sitemap_file" ON sitemap_files;
DROP FUNCTION scrapersky_internal.clear_sitemap_file();
DROP INDEX pages_url_key, pages_tenant_id_sitemap_file_id_idx, pages_tenant_id_domain_id_created_at_idx,
    contacts_tenant_id_created_at_idx, contacts_tenant_id_last_seen_at_idx, contacts_tenant_id_source_job_id_idx, contacts_tenant_id_page_id_idx;
SELECT scrapersky_internal.set_aside_table('create_pages', 'contact_sources', 'the older shape has one page for an address');

SELECT scrapersky_internal.set_aside_columns('create_pages', 'down', 'contacts', '{name,role,notes,confidence,mx_status,last_seen_at,mark,marked_at}',
    $$SELECT tenant_id || ',' || id AS key, 'the older shape knows the address only' AS reason FROM contacts
      WHERE num_nonnulls(name, role, notes, confidence, mx_status, mark, marked_at) > 0 OR last_seen_at IS DISTINCT FROM updated_at$$);
ALTER TABLE contacts
    DROP COLUMN name, DROP COLUMN role, DROP COLUMN notes, DROP COLUMN confidence, DROP COLUMN mx_status, DROP COLUMN last_seen_at,
    DROP COLUMN mark, DROP COLUMN marked_at;

SELECT scrapersky_internal.set_aside_columns('create_pages', 'down', 'pages', '{status_code,disposition,disposition_reason,content_hash}',
    $$SELECT tenant_id || ',' || id AS key, 'the older shape does not say what became of a page' AS reason FROM pages
      WHERE num_nonnulls(status_code, disposition, disposition_reason, content_hash) > 0$$);
ALTER TABLE pages DROP COLUMN status_code, DROP COLUMN disposition, DROP COLUMN disposition_reason, DROP COLUMN content_hash;
