REVOKE SELECT ON domains_wide, sitemap_files_wide FROM scrapersky_tenant, scrapersky_system;
SELECT scrapersky.stop_isolating_tenants(t::regclass)
FROM unnest('{domains,domain_profiles,domain_technologies,domain_hosting,batch_jobs,jobs,sitemap_files,sitemap_file_curations,
              sitemap_urls,pages,contacts,place_searches,places_staging,profiles,api_keys,tenants}'::text[]) t;
DROP FUNCTION scrapersky.stop_isolating_tenants(regclass);
DROP FUNCTION scrapersky.isolate_tenants(regclass, text);
