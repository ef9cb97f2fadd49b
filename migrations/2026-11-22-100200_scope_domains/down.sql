DROP INDEX domains_tenant_id_created_at_idx, domains_tenant_id_last_scan_idx, domains_tenant_id_status_idx,
    domains_tenant_id_content_scrape_status_idx, domains_tenant_id_page_scrape_status_idx,
    domains_tenant_id_sitemap_analysis_status_idx, domains_tenant_id_sitemap_curation_status_idx,
    domains_tenant_id_sitemap_monitor_status_idx, domains_local_business_id_idx;
ALTER TABLE domains DROP CONSTRAINT domains_tenant_id_domain_key, DROP CONSTRAINT domains_tenant_id_id_key;

-- The old shape holds a domain once in the world. Of several tenants' rows the oldest stays; the others are set
-- aside with all that hangs on them, for the next `up`.
UPDATE domains SET domain = legacy->>'domain' WHERE legacy ? 'domain';
SELECT scrapersky_internal.put_back('scope_domains', 'up');
CREATE TEMP TABLE colliding ON COMMIT DROP AS
    SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY domain ORDER BY created_at, id) AS place FROM domains) d WHERE place > 1;
SELECT scrapersky_internal.set_aside_rows('scope_domains', 'down', 'contacts',
    $$SELECT id::text AS key, 'another tenant has this domain' AS reason FROM contacts
      WHERE domain_id IN (SELECT id FROM colliding) OR page_id IN (SELECT id FROM pages WHERE domain_id IN (SELECT id FROM colliding))$$);
SELECT scrapersky_internal.set_aside_rows('scope_domains', 'down', 'pages',
    $$SELECT id::text AS key, 'another tenant has this domain' AS reason FROM pages WHERE domain_id IN (SELECT id FROM colliding)$$);
SELECT scrapersky_internal.set_aside_rows('scope_domains', 'down', 'sitemap_urls',
    $$SELECT id::text AS key, 'another tenant has this domain' AS reason FROM sitemap_urls
      WHERE domain_id IN (SELECT id FROM colliding) OR sitemap_id IN (SELECT id FROM sitemap_files WHERE domain_id IN (SELECT id FROM colliding))$$);
-- A page of another domain that was found in such a file stays.
CREATE TEMP TABLE orphaned ON COMMIT DROP AS
    SELECT p.id FROM pages p JOIN sitemap_files f ON f.id = p.sitemap_file_id WHERE f.domain_id IN (SELECT id FROM colliding);
SELECT scrapersky_internal.set_aside_columns('scope_domains', 'down', 'pages', '{sitemap_file_id}',
    $$SELECT id::text AS key, 'another tenant has the domain of its sitemap file' AS reason FROM orphaned$$);
ALTER TABLE pages DISABLE TRIGGER USER;
UPDATE pages SET sitemap_file_id = NULL WHERE id IN (SELECT id FROM orphaned);
ALTER TABLE pages ENABLE TRIGGER USER;
DROP TABLE orphaned;
SELECT scrapersky_internal.set_aside_rows('scope_domains', 'down', 'sitemap_files',
    $$SELECT id::text AS key, 'another tenant has this domain' AS reason FROM sitemap_files WHERE domain_id IN (SELECT id FROM colliding)$$);
SELECT scrapersky_internal.set_aside_columns('scope_domains', 'down', 'jobs', '{domain_id}',
    $$SELECT job_id::text AS key, 'another tenant has this domain' AS reason FROM jobs WHERE domain_id IN (SELECT id FROM colliding)$$, 'job_id');
UPDATE jobs SET domain_id = NULL WHERE domain_id IN (SELECT id FROM colliding);
UPDATE domains SET domain = scrapersky_internal.standard_domain(domain) WHERE legacy ? 'domain' AND id IN (SELECT id FROM colliding);
SELECT scrapersky_internal.set_aside_rows('scope_domains', 'down', 'domains',
    $$SELECT id::text AS key, 'another tenant has this domain' AS reason FROM colliding$$);
DROP TABLE colliding;

DROP FUNCTION scrapersky_internal.standard_domain(text);

ALTER TABLE domains
    ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC',
    ALTER COLUMN updated_at TYPE timestamp USING updated_at AT TIME ZONE 'UTC',
    DROP COLUMN legacy,
    ADD CONSTRAINT domains_domain_key UNIQUE (domain),
    ADD CONSTRAINT uq_domains_domain UNIQUE (domain);

CREATE INDEX idx_domains_domain ON domains (domain);
CREATE INDEX ix_domains_domain ON domains (domain);
CREATE INDEX idx_domains_tenant_id ON domains (tenant_id);
CREATE INDEX ix_domains_tenant_id ON domains (tenant_id);
CREATE INDEX ix_domains_batch_id ON domains (batch_id);
CREATE INDEX idx_domains_status ON domains (status);
CREATE INDEX idx_domains_content_scrape_status ON domains (content_scrape_status);
CREATE INDEX idx_domains_page_scrape_status ON domains (page_scrape_status);
CREATE INDEX idx_domains_local_business_id ON domains (local_business_id);
CREATE INDEX idx_domains_sitemap_analysis_status ON domains (sitemap_analysis_status);
CREATE INDEX idx_domains_sitemap_curation_status ON domains (sitemap_curation_status);
CREATE INDEX idx_domains_sitemap_monitor_status ON domains (sitemap_monitor_status);
