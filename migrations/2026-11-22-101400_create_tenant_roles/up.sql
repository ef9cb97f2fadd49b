-- Two roles that nobody logs in as; the program enters one of them in each transaction (SET LOCAL ROLE), so that
-- row level security holds whoever is connected: a superuser, or Supabase's postgres with its BYPASSRLS.
--   scrapersky_tenant  sees the rows of the tenant in app.tenant_id, and nothing where none is set;
--   scrapersky_system  sees all rows: a worker that claims a job, the look-up of a key.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['scrapersky_tenant', 'scrapersky_system'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
            EXCEPTION
                -- Roles belong to the whole cluster: another database was faster.
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'the role "%" does not exist and the user "%" may not create it', wanted, current_user
                        USING HINT = format('As a user with CREATEROLE: CREATE ROLE %1$I NOLOGIN; GRANT %1$I TO %2$I; then migrate again.', wanted, current_user);
            END;
        END IF;
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = wanted AND (rolsuper OR rolbypassrls OR rolcanlogin)) THEN
            RAISE EXCEPTION 'the role "%" can log in or pass row level security by: tenants would not be apart', wanted
                USING HINT = format('As a superuser: ALTER ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS; then migrate again.', wanted);
        END IF;
        -- From PostgreSQL 16 on who creates a role is its member, yet may not enter it.
        IF NOT pg_has_role(current_user, wanted, CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END) THEN
            BEGIN
                EXECUTE format('GRANT %I TO %I', wanted, current_user);
            EXCEPTION WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'the user "%" may not enter the role "%"', current_user, wanted
                    USING HINT = format('As a user with CREATEROLE: GRANT %I TO %I; then migrate again.', wanted, current_user);
            END;
        END IF;
    END LOOP;
END
$$;
GRANT USAGE ON SCHEMA public TO scrapersky_tenant, scrapersky_system;
GRANT USAGE ON SCHEMA scrapersky_internal TO scrapersky_system;
GRANT SELECT ON scrapersky_internal.set_aside TO scrapersky_system;
