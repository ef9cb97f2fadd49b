-- Roles, and row level security on every table with rows of tenants. This is applied last and reverted first: the migrations
-- before it work on tables whose policies hide nothing from their owner.
--
-- What isolates tenants stands here once, as rows of safeguards(): what it is, whether it holds, and the statement that makes
-- it so. secure() makes what does not hold. This migration calls it on new tables, a restore at its end, and `scrapersky
-- migrate up` where something was lost, such as the policies of a dump that was restored before its roles were there.
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
-- Returns these roles: the role to enter and who has to be able to enter it, whether it exists, has no right that it must not
-- have, is a member of no other role, and can be entered.
CREATE FUNCTION scrapersky_internal.roles(OUT name text, OUT attributes text, OUT entered text, OUT member text,
    OUT is_there boolean, OUT is_modest boolean, OUT is_alone boolean, OUT is_open boolean) RETURNS SETOF record
LANGUAGE sql AS $$
    SELECT w.name, w.attributes, w.entered, w.member, r.oid IS NOT NULL,
        coalesce(NOT (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication)
                 AND r.rolcanlogin = (w.name <> w.entered) AND NOT (r.rolinherit AND w.name <> w.entered), false),
        NOT EXISTS (SELECT FROM pg_auth_members m
                    WHERE m.member = r.oid AND (w.name = w.entered OR m.roleid IS DISTINCT FROM e.oid)),
        -- From PostgreSQL 16 on the creator of a role is its member, yet may not enter it.
        coalesce(pg_has_role(m.oid, e.oid, CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END), false)
    FROM (VALUES
        ('scrapersky_tenant', 'NOLOGIN', 'scrapersky_tenant', current_user::text),
        ('scrapersky_system', 'NOLOGIN', 'scrapersky_system', current_user::text),
        ('scrapersky_tenant_login', 'LOGIN NOINHERIT', 'scrapersky_tenant', 'scrapersky_tenant_login'),
        ('scrapersky_system_login', 'LOGIN NOINHERIT', 'scrapersky_system', 'scrapersky_system_login')) w(name, attributes, entered, member)
    LEFT JOIN pg_roles r ON r.rolname = w.name
    LEFT JOIN pg_roles e ON e.rolname = w.entered
    LEFT JOIN pg_roles m ON m.rolname = w.member
$$;

-- Makes them. Roles belong to the whole cluster: where they exist already, another database made them, perhaps at this very
-- moment.
CREATE FUNCTION scrapersky_internal.make_roles() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    wanted record;
    attempts integer;
BEGIN
    FOR wanted IN SELECT * FROM scrapersky_internal.roles() LOOP
        IF NOT wanted.is_there THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I %s', wanted.name, wanted.attributes);
            EXCEPTION
                -- Another database was faster.
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'the role "%" does not exist and the user "%" may not create it', wanted.name, current_user
                        USING HINT = format('As a user with CREATEROLE: CREATE ROLE %1$I %2$s; GRANT %3$I TO %4$I; then migrate again.',
                            wanted.name, wanted.attributes, wanted.entered, wanted.member);
            END;
        END IF;
        SELECT * INTO wanted FROM scrapersky_internal.roles() r WHERE r.name = wanted.name;
        IF NOT wanted.is_modest THEN
            RAISE EXCEPTION 'the role "%" has rights that it must not have: tenants would not be isolated', wanted.name
                USING HINT = format('As a superuser: ALTER ROLE %I %s NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION; then migrate again.',
                    wanted.name, wanted.attributes);
        END IF;
        IF NOT wanted.is_alone THEN
            RAISE EXCEPTION 'the role "%" is a member of other roles: tenants would not be isolated', wanted.name
                USING HINT = format('As a superuser: REVOKE those roles FROM %I; then migrate again.', wanted.name);
        END IF;
        attempts := 0;
        WHILE NOT (SELECT r.is_open FROM scrapersky_internal.roles() r WHERE r.name = wanted.name) LOOP
            BEGIN
                EXECUTE format('GRANT %I TO %I', wanted.entered, wanted.member);
            EXCEPTION
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'the user "%" may not enter the role "%"', wanted.member, wanted.entered
                        USING HINT = format('As a user with CREATEROLE: GRANT %I TO %I; then migrate again.', wanted.entered, wanted.member);
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

-- Returns every table with rows of tenants, the column that says whose a row is, and what the two roles may do;
-- tests/api/catalogue.rs finds one that is missing here. A tenant does not make, rename or end tenants, and does not set its own
-- limits. What is written in the audit log stays as it is, whatever the program does. Secrets of webhooks are read as their tenant; the
-- system backs them up and restores them.
CREATE FUNCTION scrapersky_internal.tenant_tables(OUT target regclass, OUT tenant_column text, OUT tenant_may text, OUT system_may text)
RETURNS SETOF record
LANGUAGE sql STABLE AS $$
    SELECT ('public.' || t.name)::regclass, CASE t.name WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END,
        CASE WHEN t.name IN ('tenants', 'tenant_limits') THEN 'SELECT' WHEN t.name = 'audit_log' THEN 'INSERT, SELECT' ELSE 'DELETE, INSERT, SELECT, UPDATE' END,
        CASE WHEN t.name IN ('audit_log', 'webhook_secrets') THEN 'INSERT, SELECT' ELSE 'DELETE, INSERT, SELECT, UPDATE' END
    FROM unnest('{api_calls,api_keys,audit_log,batch_jobs,contact_sources,contacts,domain_changes,domain_evidence,domain_hosting,domain_profiles,domain_technologies,domains,
        email_scan_urls,email_scans,events,idempotency_keys,jobs,lead_changes,leads,mail_domains,pages,place_changes,place_details,
        place_finds,place_searches,places_staging,profiles,rate_windows,saved_views,scan_days,schedule_runs,schedules,score_points,sessions,sitemap_file_curations,sitemap_files,sitemap_runs,sitemap_url_changes,
        sitemap_urls,stored_rows,suppressions,tenant_limits,tenants,webhook_deliveries,webhook_secrets,webhook_subjects,webhooks}'::text[]) t(name)
$$;

-- Returns every grant to the two roles, and what must not be granted to others: privileges in the order of the alphabet.
CREATE FUNCTION scrapersky_internal.wanted_grants(OUT kind text, OUT target text, OUT acl aclitem[], OUT grantee text, OUT may text) RETURNS SETOF record
LANGUAGE sql STABLE AS $$
    WITH relations AS (
        SELECT t.target, t.tenant_may, t.system_may FROM scrapersky_internal.tenant_tables() t
        UNION ALL
        SELECT s, 'USAGE', 'USAGE' FROM scrapersky_internal.tenant_tables() t, scrapersky_internal.owned_sequences(t.target) s
        UNION ALL
        SELECT v::regclass, 'SELECT', 'SELECT' FROM unnest('{public.domains_wide,public.sitemap_files_wide}'::text[]) v
        UNION ALL
        SELECT 'scrapersky_internal.set_aside'::regclass, '', 'SELECT'
        UNION ALL
        SELECT 'scrapersky_internal.host_turns'::regclass, '', 'DELETE, INSERT, SELECT, UPDATE'
    ),
    objects AS (
        SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, r.target::text, c.relacl AS acl, r.tenant_may, r.system_may
        FROM relations r JOIN pg_class c ON c.oid = r.target
        UNION ALL
        SELECT 'SCHEMA', n.nspname, n.nspacl, CASE n.nspname WHEN 'public' THEN 'USAGE' ELSE '' END, 'USAGE'
        FROM pg_namespace n WHERE n.nspname IN ('public', 'scrapersky_internal')
        UNION ALL
        SELECT 'FUNCTION', p.oid::regprocedure::text, coalesce(p.proacl, acldefault('f', p.proowner)), '', 'EXECUTE'
        FROM pg_proc p WHERE p.oid = 'scrapersky_internal.claim_jobs(uuid, text[], bigint, text, interval)'::regprocedure
    )
    SELECT o.kind, o.target, o.acl, 'scrapersky_tenant', o.tenant_may FROM objects o
    UNION ALL
    SELECT o.kind, o.target, o.acl, 'scrapersky_system', o.system_may FROM objects o
    UNION ALL
    SELECT o.kind, o.target, o.acl, 'PUBLIC', '' FROM objects o WHERE o.kind = 'FUNCTION'
$$;

-- Returns what isolates tenants, whether it holds, and the statement that makes it so. Every table has
--   scrapersky_access     which gives the tenant role access to the tenant's own rows;
--   scrapersky_isolation  which restricts that role to them even where an older, wider policy applies to everybody;
--   scrapersky_system     which gives the system role access to all rows.
-- An inline current_setting() keeps the indexes in use; after a transaction it is '' rather than NULL. Expressions are compared
-- without the parentheses and casts by which PostgreSQL shows them.
CREATE FUNCTION scrapersky_internal.safeguards(OUT kind text, OUT what text, OUT holds boolean, OUT remedy text) RETURNS SETOF record
LANGUAGE sql STABLE AS $$
    WITH tables AS (
        SELECT t.target, c.relrowsecurity, c.relforcerowsecurity,
            format('%I = NULLIF(current_setting(''app.tenant_id'', true), '''')::uuid', t.tenant_column) AS own_rows
        FROM scrapersky_internal.tenant_tables() t JOIN pg_class c ON c.oid = t.target
    ),
    policies AS (
        SELECT t.target, w.name, w.style, w.role, CASE w.role WHEN 'scrapersky_system' THEN 'true' ELSE t.own_rows END AS rows
        FROM tables t
        CROSS JOIN (VALUES ('scrapersky_access', 'PERMISSIVE', 'scrapersky_tenant'), ('scrapersky_isolation', 'RESTRICTIVE', 'scrapersky_tenant'),
                           ('scrapersky_system', 'PERMISSIVE', 'scrapersky_system')) w(name, style, role)
    )
    SELECT 'role', format('the role %s', r.name), r.is_there AND r.is_modest AND r.is_alone AND r.is_open, NULL
    FROM scrapersky_internal.roles() r
    UNION ALL
    SELECT 'flag', format('row level security on %s', target), relrowsecurity, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target)
    FROM tables
    UNION ALL
    SELECT 'flag', format('row level security for the owner of %s', target), relforcerowsecurity, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target)
    FROM tables
    UNION ALL
    SELECT 'policy', format('the policy %s on %s', w.name, w.target),
        coalesce(p.polcmd = '*' AND p.polpermissive = (w.style = 'PERMISSIVE') AND p.polroles = ARRAY[to_regrole(w.role)::oid]
            AND regexp_replace(pg_get_expr(p.polqual, p.polrelid), spelling, '', 'g') = regexp_replace(w.rows, spelling, '', 'g')
            AND regexp_replace(pg_get_expr(p.polwithcheck, p.polrelid), spelling, '', 'g') = regexp_replace(w.rows, spelling, '', 'g'), false),
        CASE WHEN p.oid IS NOT NULL THEN format('DROP POLICY %s ON %s; ', w.name, w.target) ELSE '' END
            || format('CREATE POLICY %s ON %s AS %s TO %s USING (%5$s) WITH CHECK (%5$s)', w.name, w.target, w.style, w.role, w.rows)
    FROM policies w LEFT JOIN pg_policy p ON p.polrelid = w.target AND p.polname = w.name, (SELECT '[()]|::(text|uuid)' AS spelling) s
    UNION ALL
    SELECT 'grant', format('the rights of %s to %s', g.grantee, g.target),
        g.may = coalesce((SELECT string_agg(DISTINCT a.privilege_type, ', ' ORDER BY a.privilege_type) FROM aclexplode(g.acl) a
                          WHERE a.grantee = CASE g.grantee WHEN 'PUBLIC' THEN 0 ELSE to_regrole(g.grantee)::oid END), ''),
        format('REVOKE ALL ON %s %s FROM %s', g.kind, g.target, g.grantee)
            || CASE WHEN g.may <> '' THEN format('; GRANT %s ON %s %s TO %s', g.may, g.kind, g.target, g.grantee) ELSE '' END
    FROM scrapersky_internal.wanted_grants() g
    UNION ALL
    SELECT 'grant', format('that anon has no rights to %s', g.target),
        NOT EXISTS (SELECT FROM aclexplode(g.acl) a WHERE a.grantee = to_regrole('anon')::oid),
        format('SELECT scrapersky_internal.shut_out_strangers(%L)', g.target)
    FROM scrapersky_internal.wanted_grants() g
    WHERE g.grantee = 'scrapersky_tenant' AND g.may <> '' AND g.kind IN ('TABLE', 'SEQUENCE')
$$;

-- Makes what does not hold, and returns what that was.
CREATE FUNCTION scrapersky_internal.secure() RETURNS SETOF text
LANGUAGE plpgsql SET search_path = public AS $$
DECLARE
    remedy text;
BEGIN
    RETURN QUERY SELECT s.what FROM scrapersky_internal.safeguards() s WHERE NOT s.holds;
    PERFORM scrapersky_internal.make_roles();
    FOREACH remedy IN ARRAY ARRAY(SELECT s.remedy FROM scrapersky_internal.safeguards() s WHERE NOT s.holds AND s.remedy IS NOT NULL) LOOP
        EXECUTE remedy;
    END LOOP;
    PERFORM scrapersky_internal.continue_events();
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

-- Returns the number of a table's rows and a digest of them, which does not depend on their order: a backup keeps both, and a
-- restore compares them.
CREATE FUNCTION scrapersky_internal.digest(target regclass, OUT rows bigint, OUT digest text)
LANGUAGE plpgsql STABLE SET datestyle = ISO SET timezone = UTC SET intervalstyle = postgres SET extra_float_digits = 1 SET bytea_output = hex AS $$
BEGIN
    EXECUTE format('SELECT count(*), coalesce(sum((''x'' || left(md5(t::text), 15))::bit(60)::bigint), 0)::text FROM %s t', target) INTO rows, digest;
END
$$;

SELECT scrapersky_internal.secure();
