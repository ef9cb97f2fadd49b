SET LOCAL row_security = off;

SELECT scrapersky_internal.set_aside_table('create_domains', 'domain_evidence', 'the older shape has no evidence');
SELECT scrapersky_internal.set_aside_table('create_domains', 'domain_changes', 'the older shape compares no scans');

SELECT scrapersky_internal.set_aside_columns('create_domains', 'down', 'domain_hosting', '{ssl_fault,ssl_error,ssl_names,redirects}',
    $$SELECT tenant_id || ',' || domain_id AS key, 'the older shape says less of TLS and of redirects' AS reason FROM domain_hosting
      WHERE num_nonnulls(ssl_fault, ssl_error, ssl_names, redirects) > 0$$);
ALTER TABLE domain_hosting DROP COLUMN ssl_fault, DROP COLUMN ssl_error, DROP COLUMN ssl_names, DROP COLUMN redirects;
SELECT scrapersky_internal.set_aside_columns('create_domains', 'down', 'domain_profiles', '{business_name,has_viewport}',
    $$SELECT tenant_id || ',' || domain_id AS key, 'the older shape says neither the name of the business nor the viewport' AS reason FROM domain_profiles
      WHERE num_nonnulls(business_name, has_viewport) > 0$$);
ALTER TABLE domain_profiles DROP COLUMN business_name, DROP COLUMN has_viewport;
SELECT scrapersky_internal.set_aside_columns('create_domains', 'down', 'domain_technologies', '{claims}',
    $$SELECT tenant_id || ',' || domain_id AS key, 'the older shape has no evidence' AS reason FROM domain_technologies
      WHERE claims IS NOT NULL$$);
ALTER TABLE domain_technologies DROP COLUMN claims;
DROP INDEX domains_tenant_id_created_at_idx, domains_tenant_id_last_scan_idx, domains_tenant_id_status_idx,
    domains_local_business_id_idx;
ALTER TABLE domains
    ALTER COLUMN content_scrape_status SET DEFAULT 'Queued',
    ALTER COLUMN page_scrape_status SET DEFAULT 'Queued',
    ALTER COLUMN sitemap_monitor_status SET DEFAULT 'Queued';
