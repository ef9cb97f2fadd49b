-- Row level security on every table that tenants have rows in.

-- Supabase lets its role for strangers, anon, at everything. Takes that away from a table, view or sequence.
CREATE FUNCTION scrapersky_internal.shut_out_strangers(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    granted text;
BEGIN
    SELECT string_agg(DISTINCT a.privilege_type, ', ') INTO granted
        FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.oid = target AND a.grantee = to_regrole('anon');
    IF granted IS NOT NULL THEN
        INSERT INTO scrapersky_internal.set_aside (migration, direction, source_table, key_column, key, reason, is_whole_row, columns, contents)
        VALUES ('isolate_tenants', 'up', target::text, 'grantee', 'anon', 'strangers have no rights to tenants'' rows', false, '{privileges}',
                jsonb_build_object('privileges', granted));
        EXECUTE format('REVOKE ALL ON %s FROM anon', target);
    END IF;
END
$$;
-- Gives it back.
CREATE FUNCTION scrapersky_internal.let_strangers_in(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    granted text;
BEGIN
    FOR granted IN
        DELETE FROM scrapersky_internal.set_aside
        WHERE migration = 'isolate_tenants' AND source_table = target::text AND key_column = 'grantee' AND key = 'anon'
        RETURNING contents->>'privileges'
    LOOP
        EXECUTE format('GRANT %s ON %s TO anon', granted, target);
    END LOOP;
END
$$;

-- The sequences behind a table's columns.
CREATE FUNCTION scrapersky_internal.owned_sequences(target regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT d.objid::regclass FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
    WHERE d.refobjid = target AND d.deptype IN ('a', 'i') AND d.classid = 'pg_class'::regclass;
END;

-- What every table of tenants needs; the migration that creates one calls this.
--   scrapersky_access     lets the tenant role at its own rows;
--   scrapersky_isolation  restricts that role to them even where an older, wider policy is there for everybody;
--   scrapersky_system     lets the system role at all rows.
-- An inline current_setting() keeps the indexes in use; after a transaction it is '' rather than NULL.
CREATE FUNCTION scrapersky_internal.isolate_tenants(target regclass, tenant_column text DEFAULT 'tenant_id') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    own_rows CONSTANT text := format('%I = NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid', tenant_column);
    owned_sequence regclass;
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY scrapersky_access ON %s TO scrapersky_tenant USING (%s) WITH CHECK (%s)', target, own_rows, own_rows);
    EXECUTE format('CREATE POLICY scrapersky_isolation ON %s AS RESTRICTIVE TO scrapersky_tenant USING (%s) WITH CHECK (%s)', target, own_rows, own_rows);
    EXECUTE format('CREATE POLICY scrapersky_system ON %s TO scrapersky_system USING (true) WITH CHECK (true)', target);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO scrapersky_tenant, scrapersky_system', target);
    FOR owned_sequence IN SELECT scrapersky_internal.owned_sequences(target) LOOP
        EXECUTE format('GRANT USAGE ON SEQUENCE %s TO scrapersky_tenant, scrapersky_system', owned_sequence);
        PERFORM scrapersky_internal.shut_out_strangers(owned_sequence);
    END LOOP;
    PERFORM scrapersky_internal.shut_out_strangers(target);
END
$$;
-- The opposite, for the `down` of such a migration where the table itself stays.
CREATE FUNCTION scrapersky_internal.stop_isolating_tenants(target regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    owned_sequence regclass;
BEGIN
    EXECUTE format('DROP POLICY scrapersky_access ON %s', target);
    EXECUTE format('DROP POLICY scrapersky_isolation ON %s', target);
    EXECUTE format('DROP POLICY scrapersky_system ON %s', target);
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', target);
    EXECUTE format('REVOKE ALL ON %s FROM scrapersky_tenant, scrapersky_system', target);
    FOR owned_sequence IN SELECT scrapersky_internal.owned_sequences(target) LOOP
        EXECUTE format('REVOKE ALL ON SEQUENCE %s FROM scrapersky_tenant, scrapersky_system', owned_sequence);
        PERFORM scrapersky_internal.let_strangers_in(owned_sequence);
    END LOOP;
    PERFORM scrapersky_internal.let_strangers_in(target);
END
$$;

SELECT scrapersky_internal.isolate_tenants(t::regclass)
FROM unnest('{domains,domain_profiles,domain_technologies,domain_hosting,batch_jobs,jobs,sitemap_files,sitemap_file_curations,
              sitemap_urls,pages,contacts,place_searches,places_staging,profiles,api_keys}'::text[]) t;
SELECT scrapersky_internal.isolate_tenants('tenants', 'id');
-- A tenant does not make, rename or end tenants.
REVOKE INSERT, UPDATE, DELETE ON tenants FROM scrapersky_tenant;

GRANT SELECT ON domains_wide, sitemap_files_wide TO scrapersky_tenant, scrapersky_system;
SELECT scrapersky_internal.shut_out_strangers('domains_wide'), scrapersky_internal.shut_out_strangers('sitemap_files_wide');
