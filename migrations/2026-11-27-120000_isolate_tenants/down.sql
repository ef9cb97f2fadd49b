-- The roles stay: they belong to the whole cluster, and another database may use them.
SET LOCAL row_security = off;

SELECT scrapersky_internal.let_strangers_in('domains_wide'), scrapersky_internal.let_strangers_in('sitemap_files_wide');
REVOKE SELECT ON domains_wide, sitemap_files_wide FROM scrapersky_tenant, scrapersky_system;
SELECT scrapersky_internal.stop_isolating_tenants(t::regclass)
FROM unnest('{api_calls,api_keys,audit_log,batch_jobs,contact_sources,contacts,domain_hosting,domain_profiles,domain_technologies,domains,
    email_scan_urls,email_scans,idempotency_keys,jobs,mail_domains,pages,place_changes,place_details,place_finds,place_searches,
    places_staging,profiles,rate_windows,scan_days,sitemap_file_curations,sitemap_files,sitemap_runs,sitemap_url_changes,
    sitemap_urls,suppressions,tenant_limits,tenants}'::text[]) t;
DROP FUNCTION scrapersky_internal.stop_isolating_tenants(regclass);
DROP FUNCTION scrapersky_internal.isolate_tenants(regclass, text);
DROP FUNCTION scrapersky_internal.owned_sequences(regclass);
DROP FUNCTION scrapersky_internal.let_strangers_in(regclass);
DROP FUNCTION scrapersky_internal.shut_out_strangers(regclass);

REVOKE ALL ON FUNCTION scrapersky_internal.claim_jobs(uuid, text[], bigint, text, interval) FROM scrapersky_system;
GRANT EXECUTE ON FUNCTION scrapersky_internal.claim_jobs(uuid, text[], bigint, text, interval) TO PUBLIC;
REVOKE ALL ON scrapersky_internal.host_turns FROM scrapersky_system;
REVOKE ALL ON scrapersky_internal.set_aside FROM scrapersky_system;
REVOKE ALL ON SCHEMA scrapersky_internal FROM scrapersky_system;
REVOKE ALL ON SCHEMA public FROM scrapersky_tenant, scrapersky_system;
