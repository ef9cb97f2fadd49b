SET LOCAL row_security = off;

DROP INDEX domains_tenant_id_created_at_idx, domains_tenant_id_last_scan_idx, domains_tenant_id_status_idx,
    domains_local_business_id_idx;
ALTER TABLE domains
    ALTER COLUMN content_scrape_status SET DEFAULT 'Queued',
    ALTER COLUMN page_scrape_status SET DEFAULT 'Queued',
    ALTER COLUMN sitemap_monitor_status SET DEFAULT 'Queued';
