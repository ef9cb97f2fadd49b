-- The roles stay: they belong to the whole cluster, and another database may use them.
SET LOCAL row_security = off;

SELECT scrapersky_internal.let_strangers_in('domains_wide'), scrapersky_internal.let_strangers_in('sitemap_files_wide');
REVOKE SELECT ON domains_wide, sitemap_files_wide FROM scrapersky_tenant, scrapersky_system;
SELECT scrapersky_internal.stop_isolating_tenants(target) FROM scrapersky_internal.tenant_tables();
DROP FUNCTION scrapersky_internal.digest(regclass);
DROP FUNCTION scrapersky_internal.secure();
DROP FUNCTION scrapersky_internal.safeguards();
DROP FUNCTION scrapersky_internal.wanted_grants();
DROP FUNCTION scrapersky_internal.tenant_tables();
DROP FUNCTION scrapersky_internal.make_roles();
DROP FUNCTION scrapersky_internal.roles();
DROP FUNCTION scrapersky_internal.stop_isolating_tenants(regclass);
DROP FUNCTION scrapersky_internal.owned_sequences(regclass);
DROP FUNCTION scrapersky_internal.let_strangers_in(regclass);
DROP FUNCTION scrapersky_internal.shut_out_strangers(regclass);

REVOKE ALL ON FUNCTION scrapersky_internal.claim_jobs(uuid, text[], bigint, text, interval) FROM scrapersky_system;
GRANT EXECUTE ON FUNCTION scrapersky_internal.claim_jobs(uuid, text[], bigint, text, interval) TO PUBLIC;
REVOKE ALL ON scrapersky_internal.host_turns FROM scrapersky_system;
REVOKE ALL ON scrapersky_internal.set_aside FROM scrapersky_system;
REVOKE ALL ON SCHEMA scrapersky_internal FROM scrapersky_system;
REVOKE ALL ON SCHEMA public FROM scrapersky_tenant, scrapersky_system;
