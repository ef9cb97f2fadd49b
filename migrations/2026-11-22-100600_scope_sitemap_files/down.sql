DROP INDEX sitemap_files_url_key, sitemap_files_tenant_id_created_at_idx, sitemap_files_tenant_id_status_idx,
    sitemap_files_tenant_id_curation_idx, sitemap_files_tenant_id_import_idx;
ALTER TABLE sitemap_files
    DROP CONSTRAINT sitemap_files_tenant_id_id_key,
    DROP CONSTRAINT sitemap_files_domain_fkey,
    ALTER COLUMN tenant_id DROP NOT NULL,
    ALTER COLUMN tenant_id SET DEFAULT '550e8400-e29b-41d4-a716-446655440000',
    ADD CONSTRAINT sitemap_files_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domains (id);
-- Production's default, which the tenant role may not call there.
DO $$
BEGIN
    IF to_regprocedure('extensions.uuid_generate_v4()') IS NOT NULL THEN
        ALTER TABLE sitemap_files ALTER COLUMN id SET DEFAULT extensions.uuid_generate_v4();
    END IF;
END
$$;
CREATE INDEX idx_sitemap_files_deep_scrape_process_status ON sitemap_files (sitemap_import_status);
CREATE INDEX idx_sitemap_files_status ON sitemap_files (status);
CREATE INDEX idx_sitemap_files_tenant_domain ON sitemap_files (tenant_id, domain_id);
SELECT scrapersky_internal.put_back('scope_sitemap_files', 'up', '{sitemap_files,sitemap_urls}');
