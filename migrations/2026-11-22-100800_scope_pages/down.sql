DROP INDEX pages_url_key, pages_tenant_id_sitemap_file_id_idx, pages_tenant_id_created_at_idx,
    pages_tenant_id_page_curation_status_idx, pages_tenant_id_page_processing_status_idx;
ALTER TABLE pages
    DROP CONSTRAINT pages_tenant_id_id_key,
    DROP CONSTRAINT pages_domain_fkey,
    DROP CONSTRAINT pages_sitemap_file_fkey,
    ADD CONSTRAINT fk_pages_sitemap_file_id FOREIGN KEY (sitemap_file_id) REFERENCES sitemap_files (id) ON DELETE SET NULL,
    ADD CONSTRAINT pages_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES domains (id);
CREATE INDEX idx_pages_domain_id ON pages (domain_id);
CREATE INDEX idx_pages_page_curation_status ON pages (page_curation_status);
CREATE INDEX idx_pages_page_processing_status ON pages (page_processing_status);
CREATE INDEX idx_pages_sitemap_file_id ON pages (sitemap_file_id);
SELECT scrapersky_internal.put_back('scope_pages', 'up', '{pages,contacts}');
