-- How domains are read. Behind row level security an index serves only operators that are leakproof; the equality of enums is
-- not, so a list by the state of a scan reads the tenant's rows in the order of the list.
SET LOCAL row_security = off;

-- domains::list, newest first and last scanned first; its order by name, domains::upsert and domains::find_by_name read
-- domains_tenant_id_domain_key.
CREATE INDEX domains_tenant_id_created_at_idx ON domains (tenant_id, created_at, id);
CREATE INDEX domains_tenant_id_last_scan_idx ON domains (tenant_id, last_scan, id);
-- domains::list of a status.
CREATE INDEX domains_tenant_id_status_idx ON domains (tenant_id, status);
-- The foreign key that production has here, to a table that is not ours.
CREATE INDEX domains_local_business_id_idx ON domains (local_business_id) WHERE local_business_id IS NOT NULL;

-- What a domain says of a job is null until one is queued. Rows of the old system keep what they say until their first job.
ALTER TABLE domains
    ALTER COLUMN content_scrape_status DROP DEFAULT,
    ALTER COLUMN page_scrape_status DROP DEFAULT,
    ALTER COLUMN sitemap_monitor_status DROP DEFAULT;

-- Why a site is not served over TLS, next to whether it is.
ALTER TABLE domain_hosting ADD COLUMN ssl_fault text, ADD COLUMN ssl_error text;
-- What its certificate is for, and where its other addresses lead.
ALTER TABLE domain_hosting ADD COLUMN ssl_names text[], ADD COLUMN redirects jsonb;
-- What the business calls itself, and what each technology is told by.
ALTER TABLE domain_profiles ADD COLUMN business_name text;
ALTER TABLE domain_technologies ADD COLUMN claims jsonb;
COMMENT ON COLUMN domain_hosting.ssl_fault IS 'What is wrong with TLS where the site is not served over it, such as expired or self_signed.';
COMMENT ON COLUMN domain_hosting.ssl_error IS 'Why the site is not served over TLS.';
COMMENT ON COLUMN domain_hosting.ssl_names IS 'The names of the hosts that the certificate is for.';
COMMENT ON COLUMN domain_hosting.redirects IS 'Where the addresses of the site lead: by http, and with or without www.';
COMMENT ON COLUMN domain_profiles.business_name IS 'The name of the business, as its structured data says it.';
COMMENT ON COLUMN domain_technologies.claims IS 'Each technology with its category, version, confidence and evidence.';
SELECT scrapersky_internal.put_back('create_domains', 'down');
