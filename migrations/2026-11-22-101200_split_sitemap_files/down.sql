DROP VIEW sitemap_files_wide;
-- A side row that says nothing leaves no trace in the wide table: it is kept as such.
-- As text such a row is two ids and commas; even an empty string and a JSON null would show.
SELECT scrapersky_internal.set_aside_rows('split_sitemap_files', 'down', 'sitemap_file_curations',
    $$SELECT sitemap_file_id::text AS key, 'a row that says nothing' AS reason FROM sitemap_file_curations t
      WHERE t::text ~ '^\([^,]*,[^,]*,*\)$'$$, 'sitemap_file_id');
ALTER TABLE sitemap_files
    ADD COLUMN priority integer,
    ADD COLUMN lead_source text,
    ADD COLUMN user_name text,
    ADD COLUMN notes text,
    ADD COLUMN tags text[],
    ADD COLUMN is_active boolean,
    ADD COLUMN process_after timestamptz;
UPDATE sitemap_files f SET
    priority = c.priority, lead_source = c.lead_source, user_name = c.user_name, notes = c.notes, tags = c.tags,
    is_active = c.is_active, process_after = c.process_after
FROM sitemap_file_curations c WHERE c.tenant_id = f.tenant_id AND c.sitemap_file_id = f.id;
DROP TABLE sitemap_file_curations;
ALTER TABLE sitemap_files
    ALTER COLUMN priority SET DEFAULT 5,
    ALTER COLUMN is_active SET DEFAULT true;
