-- Roles, and row level security on every table with rows of tenants. This is applied last and reverted first: the migrations
-- before it work on tables whose policies hide nothing from their owner.
SET LOCAL row_security = off;

-- Two roles that nobody logs in as. The program enters one of them in each transaction (SET LOCAL ROLE), so that row level
-- security holds whoever is connected: a superuser, or Supabase's postgres with its BYPASSRLS.
--   scrapersky_tenant  sees the rows of the tenant in app.tenant_id, and nothing where none is set;
--   scrapersky_system  sees all rows: a worker that claims a job, the look-up of a key.
-- And a login for each: a session of scrapersky_tenant_login can enter the tenant role and no other, so that within a tenant's
-- transaction neither RESET ROLE nor SET ROLE scrapersky_system leads anywhere; the system's statements come by
-- scrapersky_system_login. NOINHERIT: outside of the role that it enters a login has no rights at all. They have no password:
-- with password authentication nobody can log in as them before the operator sets one.
--
-- Roles belong to the whole cluster. Where they exist already, another database made them, perhaps at this very moment.
DO $$
DECLARE
    wanted record;
    -- Who has to be able to enter which role: this user a role, a login its own.
    member text;
    entered text;
    attempts integer;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('scrapersky_tenant', 'NOLOGIN', NULL),
            ('scrapersky_system', 'NOLOGIN', NULL),
            ('scrapersky_tenant_login', 'LOGIN NOINHERIT', 'scrapersky_tenant'),
            ('scrapersky_system_login', 'LOGIN NOINHERIT', 'scrapersky_system')) w(name, attributes, enters)
    LOOP
        entered := coalesce(wanted.enters, wanted.name);
        member := CASE WHEN wanted.enters IS NULL THEN current_user ELSE wanted.name END;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I %s', wanted.name, wanted.attributes);
            EXCEPTION
                -- Another database was faster.
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'the role "%" does not exist and the user "%" may not create it', wanted.name, current_user
                        USING HINT = format('As a user with CREATEROLE: CREATE ROLE %1$I %2$s; GRANT %3$I TO %4$I; then migrate again.',
                            wanted.name, wanted.attributes, entered, member);
            END;
        END IF;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name
                   AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR rolcanlogin <> (wanted.enters IS NOT NULL)
                        OR rolinherit AND wanted.enters IS NOT NULL)) THEN
            RAISE EXCEPTION 'the role "%" has rights that it must not have: tenants would not be isolated', wanted.name
                USING HINT = format('As a superuser: ALTER ROLE %I %s NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION; then migrate again.',
                    wanted.name, wanted.attributes);
        END IF;
        IF EXISTS (SELECT FROM pg_auth_members m WHERE m.member = to_regrole(wanted.name)
                   AND m.roleid IS DISTINCT FROM to_regrole(wanted.enters)) THEN
            RAISE EXCEPTION 'the role "%" is a member of other roles: tenants would not be isolated', wanted.name
                USING HINT = format('As a superuser: REVOKE those roles FROM %I; then migrate again.', wanted.name);
        END IF;
        -- From PostgreSQL 16 on the creator of a role is its member, yet may not enter it.
        attempts := 0;
        WHILE NOT pg_has_role(member, entered, CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END) LOOP
            BEGIN
                EXECUTE format('GRANT %I TO %I', entered, member);
            EXCEPTION
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'the user "%" may not enter the role "%"', member, entered
                        USING HINT = format('As a user with CREATEROLE: GRANT %I TO %I; then migrate again.', entered, member);
                -- Another database grants it at this moment (internal_error: "tuple concurrently updated"): look again.
                WHEN unique_violation OR internal_error THEN
                    attempts := attempts + 1;
                    IF attempts = 100 THEN
                        RAISE;
                    END IF;
                    PERFORM pg_sleep(0.01);
            END;
        END LOOP;
    END LOOP;
END
$$;
GRANT USAGE ON SCHEMA public TO scrapersky_tenant, scrapersky_system;
GRANT USAGE ON SCHEMA scrapersky_internal TO scrapersky_system;
GRANT SELECT ON scrapersky_internal.set_aside TO scrapersky_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON scrapersky_internal.host_turns TO scrapersky_system;
REVOKE ALL ON FUNCTION scrapersky_internal.claim_jobs(uuid, text[], bigint, text, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION scrapersky_internal.claim_jobs(uuid, text[], bigint, text, interval) TO scrapersky_system;

-- Supabase grants everything to anon, its role for strangers. Revokes that on a table, view or sequence.
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
-- Grants it again.
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

-- Returns the sequences of a table's columns.
CREATE FUNCTION scrapersky_internal.owned_sequences(target regclass) RETURNS SETOF regclass
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT d.objid::regclass FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
    WHERE d.refobjid = target AND d.deptype IN ('a', 'i') AND d.classid = 'pg_class'::regclass;
END;

-- What every table with rows of tenants needs.
--   scrapersky_access     gives the tenant role access to the tenant's own rows;
--   scrapersky_isolation  restricts that role to them even where an older, wider policy applies to everybody;
--   scrapersky_system     gives the system role access to all rows.
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
-- The opposite, for a `down` that leaves the table itself in place.
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

-- Every table with rows of tenants, by its column tenant_id; tests/api/catalogue.rs finds one that is missing here.
SELECT scrapersky_internal.isolate_tenants(t::regclass)
FROM unnest('{api_calls,api_keys,audit_log,batch_jobs,contact_sources,contacts,domain_hosting,domain_profiles,domain_technologies,domains,
    email_scan_urls,email_scans,idempotency_keys,jobs,mail_domains,pages,place_changes,place_details,place_finds,place_searches,
    places_staging,profiles,rate_windows,scan_days,sitemap_file_curations,sitemap_files,sitemap_runs,sitemap_url_changes,
    sitemap_urls,suppressions,tenant_limits}'::text[]) t;
SELECT scrapersky_internal.isolate_tenants('tenants', 'id');
-- A tenant does not make, rename or end tenants, and does not set its own limits.
REVOKE INSERT, UPDATE, DELETE ON tenants, tenant_limits FROM scrapersky_tenant;
-- What is written in the audit log stays as it is, whatever the program does.
REVOKE UPDATE, DELETE ON audit_log FROM scrapersky_tenant, scrapersky_system;

GRANT SELECT ON domains_wide, sitemap_files_wide TO scrapersky_tenant, scrapersky_system;
SELECT scrapersky_internal.shut_out_strangers('domains_wide'), scrapersky_internal.shut_out_strangers('sitemap_files_wide');
