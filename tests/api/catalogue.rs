//! Rules for every table, read from PostgreSQL's catalogue, so that they cover new tables too.

use tokio_postgres::Client;

use crate::support::database::TestDatabase;

/// The tables with tenants' rows: `relation`, its name, and the tenant column.
const TENANT_TABLES: &str = "(
    SELECT c.oid AS relation, c.relname::text AS name, CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END AS tenant_column
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> '__diesel_schema_migrations')";

/// Required policies that a table lacks.
const THREE_POLICIES: &str = "SELECT t.name || ': ' || wanted.name
         FROM TENANT_TABLES t
         CROSS JOIN (VALUES ('scrapersky_access', true, 'scrapersky_tenant'), ('scrapersky_isolation', false, 'scrapersky_tenant'),
                            ('scrapersky_system', true, 'scrapersky_system')) wanted(name, permissive, role)
         WHERE NOT EXISTS (
             SELECT FROM pg_policy p
             WHERE p.polrelid = t.relation AND p.polname = wanted.name AND p.polpermissive = wanted.permissive AND p.polcmd = '*'
               AND p.polroles = ARRAY[wanted.role::regrole::oid]
               AND pg_get_expr(p.polqual, p.polrelid) = pg_get_expr(p.polwithcheck, p.polrelid)
               AND pg_get_expr(p.polqual, p.polrelid) = CASE wanted.role WHEN 'scrapersky_system' THEN 'true'
                   ELSE format('(%s = (NULLIF(current_setting(''app.tenant_id''::text, true), ''''::text))::uuid)', t.tenant_column) END)";

/// Returns the missing policies.
pub async fn missing_policies(client: &Client) -> Vec<String> {
    let sql = THREE_POLICIES.replace("TENANT_TABLES", TENANT_TABLES);
    client
        .query(&sql, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
}

/// Fails if a query finds any names.
async fn assert_none(client: &Client, sql: &str) {
    let sql = sql.replace("TENANT_TABLES", TENANT_TABLES);
    let rows = client
        .query(&sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{error:?}\n{sql}"));
    let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident: $sql:expr;)*) => {
        $(
            $(#[$doc])*
            #[tokio::test]
            async fn $name() {
                let db = TestDatabase::new().await;
                assert_none(&db.client().await, $sql).await;
            }
        )*
    };
}

rules! {
    every_table_says_whose_a_row_is:
        "SELECT t.name FROM TENANT_TABLES t WHERE NOT EXISTS (
             SELECT FROM pg_attribute a WHERE a.attrelid = t.relation AND a.attname = t.tenant_column AND a.attnotnull AND a.atttypid = 'uuid'::regtype)";

    every_table_has_row_level_security_that_binds_its_owner_too:
        "SELECT t.name FROM TENANT_TABLES t JOIN pg_class c ON c.oid = t.relation WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)";

    /// One policy permits, one restricts whatever else permits, one is for the system.
    every_table_has_the_three_policies:
        THREE_POLICIES;

    no_table_has_any_other_policy:
        "SELECT t.name || ': ' || p.polname FROM TENANT_TABLES t JOIN pg_policy p ON p.polrelid = t.relation
         WHERE p.polname NOT IN ('scrapersky_access', 'scrapersky_isolation', 'scrapersky_system')";

    every_table_has_an_index_that_begins_with_the_tenant:
        "SELECT t.name FROM TENANT_TABLES t WHERE NOT EXISTS (
             SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
             WHERE i.indrelid = t.relation AND a.attname = t.tenant_column AND i.indpred IS NULL)";

    /// Row level security does not apply to foreign keys: one without the tenant would accept another tenant's row.
    every_foreign_key_between_tables_of_tenants_carries_the_tenant:
        "SELECT t.name || ': ' || f.conname
         FROM pg_constraint f JOIN TENANT_TABLES t ON t.relation = f.conrelid JOIN TENANT_TABLES parent ON parent.relation = f.confrelid
         WHERE f.contype = 'f' AND NOT EXISTS (
             SELECT FROM unnest(f.conkey, f.confkey) k(child, parent_number)
             JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.child
             JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.parent_number
             WHERE a.attname = t.tenant_column AND b.attname = parent.tenant_column)";

    /// Triggers clear references to deleted rows instead: distributed tables do not support SET NULL with a list of
    /// columns, and without the list it would clear the tenant too.
    no_foreign_key_clears_a_column:
        "SELECT t.name || ': ' || f.conname
         FROM pg_constraint f JOIN TENANT_TABLES t ON t.relation = f.conrelid
         WHERE f.contype = 'f' AND (f.confdeltype IN ('n', 'd') OR f.confupdtype IN ('n', 'd'))";

    /// Required for distributing rows by tenant.
    every_primary_key_begins_with_the_tenant:
        "SELECT t.name FROM TENANT_TABLES t WHERE NOT EXISTS (
             SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
             WHERE i.indrelid = t.relation AND i.indisprimary AND a.attname = t.tenant_column)";

    /// Otherwise a conflict would reveal another tenant's values, and rows could not be distributed by tenant. The
    /// exceptions are looked up before the tenant is known: a key or session by its hash, a person by a token's id, a job by its
    /// worker.
    every_uniqueness_begins_with_the_tenant:
        "SELECT t.name || ': ' || i.indexrelid::regclass
         FROM pg_index i JOIN TENANT_TABLES t ON t.relation = i.indrelid
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attname = t.tenant_column
         WHERE i.indisunique AND i.indkey[0] <> a.attnum
           AND i.indexrelid <> ALL ('{api_keys_hash_key,sessions_hash_key,profiles_id_key,jobs_job_id_key}'::regclass[])";

    /// The queue and accounts stay on one machine if facts are distributed; only `follow_job` connects them.
    no_foreign_key_connects_the_queue_and_facts:
        "SELECT f.conname::text
         FROM pg_constraint f JOIN TENANT_TABLES t ON t.relation = f.conrelid JOIN TENANT_TABLES parent ON parent.relation = f.confrelid,
              (SELECT '{api_keys,audit_log,batch_jobs,events,idempotency_keys,jobs,profiles,rate_windows,saved_views,scan_days,schedule_runs,schedules,sessions,tenant_limits,tenants,webhook_deliveries,webhook_secrets,webhook_subjects,webhooks}'::name[] AS names) queue
         WHERE f.contype = 'f' AND (t.name::name = ANY (queue.names)) <> (parent.name::name = ANY (queue.names))";

    /// Triggers fire in order of their names; a foreign key's own are named `RI_ConstraintTrigger...`.
    reference_clearing_triggers_fire_before_foreign_keys:
        "SELECT t.tgname::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
         WHERE p.proname ~ '^clear_' AND NOT (t.tgname < 'RI_ConstraintTrigger' COLLATE \"C\")";

    /// Otherwise deleting a row reads the whole referring table. Rows without a reference need no entry.
    every_foreign_key_has_an_index:
        "SELECT t.name || ': ' || f.conname
         FROM pg_constraint f JOIN TENANT_TABLES t ON t.relation = f.conrelid
         WHERE f.contype = 'f' AND NOT EXISTS (
             SELECT FROM pg_index i
             WHERE i.indrelid = f.conrelid AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '(% IS NOT NULL)')
               AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] <@ f.conkey)";

    /// An index that is a prefix of another one slows every write and helps no query.
    no_index_is_a_prefix_of_another:
        "SELECT i.indexrelid::regclass::text
         FROM pg_index i JOIN TENANT_TABLES t ON t.relation = i.indrelid JOIN pg_index longer ON longer.indrelid = i.indrelid
         WHERE i.indexrelid <> longer.indexrelid AND NOT i.indisunique AND i.indpred IS NULL AND longer.indpred IS NULL
           AND i.indexprs IS NULL AND longer.indexprs IS NULL
           AND (longer.indkey::int2[])[0:i.indnkeyatts - 1] = (i.indkey::int2[])[0:i.indnkeyatts - 1]
           AND (longer.indoption::int2[])[0:i.indnkeyatts - 1] = (i.indoption::int2[])[0:i.indnkeyatts - 1]";

    /// Diesel compiles in 17 s with tables of up to 32 columns, and in minutes with wider ones. Generated columns may
    /// be left out (`schema/hidden.patch`).
    no_table_has_more_than_32_columns:
        "SELECT t.name FROM TENANT_TABLES t
         WHERE (SELECT count(*) FROM pg_attribute a
                WHERE a.attrelid = t.relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') > 32";

    /// Views that run as their owner, and materialized views, show every tenant's rows.
    every_view_runs_as_its_caller:
        "SELECT c.relname::text FROM pg_class c
         WHERE c.relnamespace IN ('public'::regnamespace, 'scrapersky_internal'::regnamespace)
           AND (c.relkind = 'm' OR c.relkind = 'v' AND NOT coalesce(c.reloptions, '{}') && '{security_invoker=true,security_invoker=on}')";

    no_function_works_as_its_owner:
        "SELECT p.oid::regprocedure::text FROM pg_proc p
         WHERE p.prosecdef AND p.pronamespace IN ('public'::regnamespace, 'scrapersky_internal'::regnamespace)";

    nobody_logs_in_as_a_tenant_or_passes_its_policies_by:
        "SELECT r.rolname::text FROM pg_roles r
         WHERE r.rolname IN ('scrapersky_tenant', 'scrapersky_system')
           AND (r.rolsuper OR r.rolbypassrls OR r.rolcanlogin OR r.rolcreaterole OR r.rolcreatedb
                OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid))";

    /// Each login of the program can enter one role and do nothing outside it.
    each_login_enters_its_own_role_and_no_other:
        "SELECT wanted.name FROM (VALUES ('scrapersky_tenant_login', 'scrapersky_tenant'), ('scrapersky_system_login', 'scrapersky_system')) wanted(name, enters)
         WHERE NOT EXISTS (
             SELECT FROM pg_roles r WHERE r.rolname = wanted.name AND r.rolcanlogin AND NOT r.rolinherit
               AND NOT (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication)
               AND ARRAY[wanted.enters] = ARRAY(SELECT m.roleid::regrole::text FROM pg_auth_members m WHERE m.member = r.oid))";

    the_tenant_role_has_no_rights_but_to_its_rows:
        "SELECT c.oid::regclass || ': ' || right_to
         FROM pg_class c CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) right_to
         WHERE c.relkind IN ('r', 'v', 'm', 'p') AND c.relnamespace IN ('public'::regnamespace, 'scrapersky_internal'::regnamespace)
           AND has_table_privilege('scrapersky_tenant', c.oid, right_to)
           AND CASE WHEN c.relname = 'tenants' OR c.relkind = 'v' THEN right_to <> 'SELECT'
                    WHEN c.oid IN (SELECT relation FROM TENANT_TABLES t) THEN right_to IN ('TRUNCATE', 'REFERENCES', 'TRIGGER')
                    ELSE true END
         UNION ALL
         SELECT 'the schema scrapersky_internal' WHERE has_schema_privilege('scrapersky_tenant', 'scrapersky_internal', 'USAGE')
         UNION ALL
         SELECT 'making tables' WHERE has_schema_privilege('scrapersky_tenant', 'public', 'CREATE')";
}

/// Within a tenant's transaction no other role can be entered.
#[tokio::test]
async fn a_tenants_transaction_cannot_change_its_role() {
    let db = TestDatabase::new().await;
    let client = db.client().await;
    client
        .batch_execute("INSERT INTO domains (tenant_id, domain) SELECT id, 'acme.test' FROM tenants")
        .await
        .unwrap();
    let begin = "SET SESSION AUTHORIZATION scrapersky_tenant_login;
                 BEGIN; SET LOCAL ROLE scrapersky_tenant; SET LOCAL app.tenant_id = '550e8400-e29b-41d4-a716-446655440000'";
    let count = "SELECT count(*) FROM domains";
    for (way, refusal) in [
        ("RESET ROLE", "permission denied for"),
        ("SET ROLE NONE", "permission denied for"),
        ("SET ROLE scrapersky_system", "permission denied to set role"),
        ("SET ROLE scrapersky_system_login", "permission denied to set role"),
        ("SET row_security = off", "row-level security"),
    ] {
        client.batch_execute(begin).await.unwrap();
        let own: i64 = client.query_one(count, &[]).await.unwrap().get(0);
        assert_eq!(own, 1, "its own rows are seen");
        let out = async {
            client.batch_execute(way).await?;
            client.query_one(count, &[]).await
        };
        let error = out.await.expect_err(way);
        let message = error.as_db_error().unwrap().message().to_owned();
        assert!(message.contains(refusal), "{way}: {message}");
        client
            .batch_execute("ROLLBACK; RESET SESSION AUTHORIZATION")
            .await
            .unwrap();
    }
    // The system's login sees all rows, but only in its role.
    client
        .batch_execute("SET SESSION AUTHORIZATION scrapersky_system_login")
        .await
        .unwrap();
    client.batch_execute(count).await.expect_err("outside of its role");
    client
        .batch_execute("BEGIN; SET LOCAL ROLE scrapersky_system")
        .await
        .unwrap();
    assert_eq!(client.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 1);
}

/// Partitions are not granted to tenants, who only reach them through their table.
#[tokio::test]
async fn erasing_does_not_visit_partitions() {
    let db = TestDatabase::new().await;
    let client = db.client().await;
    let sql = "CREATE TABLE notes (tenant_id uuid NOT NULL, id bigint NOT NULL, note text, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
               CREATE TABLE notes_0 PARTITION OF notes FOR VALUES WITH (MODULUS 2, REMAINDER 0);
               CREATE TABLE notes_1 PARTITION OF notes FOR VALUES WITH (MODULUS 2, REMAINDER 1);
               GRANT SELECT, UPDATE, DELETE ON notes TO scrapersky_tenant;
               INSERT INTO notes VALUES ('550e8400-e29b-41d4-a716-446655440000', 1, 'write to ann@acme.test');
               BEGIN; SET LOCAL ROLE scrapersky_tenant; SET LOCAL app.tenant_id = '550e8400-e29b-41d4-a716-446655440000'";
    client.batch_execute(sql).await.unwrap();
    let erase = "SELECT erase_text('550e8400-e29b-41d4-a716-446655440000', 'ann@acme\\.test', '%acme.test%')";
    let row = client.query_one(erase, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
    let note: String = client.query_one("SELECT note FROM notes", &[]).await.unwrap().get(0);
    assert_eq!(note, "write to [erased]");
}

/// Ensures that the rules above find tables to check.
#[tokio::test]
async fn the_rules_cover_all_tables_of_the_program() {
    let db = TestDatabase::new().await;
    let sql = format!("SELECT count(*) FROM {TENANT_TABLES} t");
    let count: i64 = db.client().await.query_one(&sql, &[]).await.unwrap().get(0);
    assert_eq!(count, 47);
}

/// A plan that was made for a few rows compares each with each of the other table: 10,000 places took minutes. Sets are
/// compared by EXCEPT.
#[tokio::test]
async fn no_trigger_joins_the_rows_before_a_statement_with_those_after_it() {
    let db = TestDatabase::new().await;
    let client = db.client().await;
    let both = "SELECT DISTINCT p.proname::text, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE t.tgoldtable IS NOT NULL AND t.tgnewtable IS NOT NULL";
    let rows = client.query(both, &[]).await.unwrap();
    assert!(rows.len() >= 3, "{} functions", rows.len());
    for row in rows {
        let (name, source): (String, String) = (row.get(0), row.get(1));
        assert!(
            !source.contains("JOIN gone") && !source.contains("JOIN come"),
            "{name}: {source}"
        );
    }
}
