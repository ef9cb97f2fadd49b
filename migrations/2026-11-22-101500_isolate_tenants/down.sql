SELECT scrapersky_internal.let_strangers_in('domains_wide'), scrapersky_internal.let_strangers_in('sitemap_files_wide');
REVOKE SELECT ON domains_wide, sitemap_files_wide FROM scrapersky_tenant, scrapersky_system;
SELECT scrapersky_internal.stop_isolating_tenants(t::regclass)
FROM unnest('{domains,domain_profiles,domain_technologies,domain_hosting,batch_jobs,jobs,sitemap_files,sitemap_file_curations,
              sitemap_urls,pages,contacts,place_searches,places_staging,profiles,api_keys,tenants}'::text[]) t;
DROP FUNCTION scrapersky_internal.stop_isolating_tenants(regclass);
DROP FUNCTION scrapersky_internal.isolate_tenants(regclass, text);
DROP FUNCTION scrapersky_internal.owned_sequences(regclass);
DROP FUNCTION scrapersky_internal.let_strangers_in(regclass);
DROP FUNCTION scrapersky_internal.shut_out_strangers(regclass);
