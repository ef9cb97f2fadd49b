-- 36 columns are more than Diesel is built for here: what people say of a file stands beside what the file is, 1:1.
-- A side row is there where something is said; the view `sitemap_files_wide` still shows the old shape.
CREATE TABLE sitemap_file_curations (
    tenant_id uuid NOT NULL,
    sitemap_file_id uuid NOT NULL,
    priority integer DEFAULT 5,
    lead_source text,
    user_name text,
    notes text,
    tags text[],
    is_active boolean DEFAULT true,
    process_after timestamptz,
    PRIMARY KEY (tenant_id, sitemap_file_id),
    CONSTRAINT sitemap_file_curations_sitemap_file_fkey FOREIGN KEY (tenant_id, sitemap_file_id) REFERENCES sitemap_files (tenant_id, id) ON DELETE CASCADE
);
INSERT INTO sitemap_file_curations (tenant_id, sitemap_file_id, priority, lead_source, user_name, notes, tags, is_active, process_after)
SELECT tenant_id, id, priority, lead_source, user_name, notes, tags, is_active, process_after
FROM sitemap_files
WHERE num_nonnulls(priority, lead_source, user_name, notes, tags, is_active, process_after) > 0;
SELECT scrapersky_internal.put_back('split_sitemap_files', 'down', '{sitemap_file_curations}');
ALTER TABLE sitemap_files
    DROP COLUMN priority,
    DROP COLUMN lead_source,
    DROP COLUMN user_name,
    DROP COLUMN notes,
    DROP COLUMN tags,
    DROP COLUMN is_active,
    DROP COLUMN process_after;

CREATE VIEW sitemap_files_wide WITH (security_invoker = true) AS
SELECT
    f.id, f.tenant_id, f.domain_id, f.url, f.sitemap_type, f.discovery_method, f.page_count, f.size_bytes,
    f.response_time_ms, f.status, c.priority, f.status_code, f.error_message, f.last_modified, f.is_gzipped,
    f.has_lastmod, f.has_priority, f.has_changefreq, f.generator, c.lead_source, f.user_id, c.user_name, c.notes,
    c.tags, c.is_active, c.process_after, f.last_processed_at, f.created_at, f.created_by, f.updated_at, f.updated_by,
    f.job_id, f.url_count, f.deep_scrape_curation_status, f.sitemap_import_error, f.sitemap_import_status
FROM sitemap_files f
LEFT JOIN sitemap_file_curations c ON c.sitemap_file_id = f.id AND c.tenant_id = f.tenant_id;
