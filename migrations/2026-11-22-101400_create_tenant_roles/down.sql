-- The roles stay: they belong to the whole cluster, and another database may use them.
REVOKE SELECT ON scrapersky_internal.set_aside FROM scrapersky_system;
REVOKE USAGE ON SCHEMA scrapersky_internal FROM scrapersky_system;
REVOKE USAGE ON SCHEMA public FROM scrapersky_tenant, scrapersky_system;
