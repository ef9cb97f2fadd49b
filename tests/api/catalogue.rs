//! What must be true of every table, read from the catalogue: a new table is held to it without being named here.

use tokio_postgres::Client;

use crate::support::database::TestDatabase;

/// The tables that tenants have rows in: `relation`, its name, and the column that names the tenant.
const TENANT_TABLES: &str = "(
    SELECT c.oid AS relation, c.relname::text AS name, CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END AS tenant_column
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> '__diesel_schema_migrations')";

/// Policies that a table should have and does not.
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

/// Returns the policies that are missing.
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

/// Fails with the names that a query finds.
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

    /// One that lets in, one that keeps out whatever else lets in, one for the system.
    every_table_has_the_three_policies:
        THREE_POLICIES;

    no_table_has_any_other_policy:
        "SELECT t.name || ': ' || p.polname FROM TENANT_TABLES t JOIN pg_policy p ON p.polrelid = t.relation
         WHERE p.polname NOT IN ('scrapersky_access', 'scrapersky_isolation', 'scrapersky_system')";

    every_table_has_an_index_that_begins_with_the_tenant:
        "SELECT t.name FROM TENANT_TABLES t WHERE NOT EXISTS (
             SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
             WHERE i.indrelid = t.relation AND a.attname = t.tenant_column AND i.indpred IS NULL)";

    /// Row level security does not bind foreign keys: one without the tenant would accept another tenant's row.
    every_foreign_key_between_tables_of_tenants_carries_the_tenant:
        "SELECT t.name || ': ' || f.conname
         FROM pg_constraint f JOIN TENANT_TABLES t ON t.relation = f.conrelid JOIN TENANT_TABLES parent ON parent.relation = f.confrelid
         WHERE f.contype = 'f' AND NOT EXISTS (
             SELECT FROM unnest(f.conkey, f.confkey) k(child, parent_number)
             JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.child
             JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = k.parent_number
             WHERE a.attname = t.tenant_column AND b.attname = parent.tenant_column)";

    /// `ON DELETE SET NULL` without a list of columns would set the tenant to null too.
    no_foreign_key_clears_the_tenant:
        "SELECT t.name || ': ' || f.conname
         FROM pg_constraint f JOIN TENANT_TABLES t ON t.relation = f.conrelid
         WHERE f.contype = 'f' AND (f.confdeltype IN ('n', 'd') OR f.confupdtype IN ('n', 'd'))
           AND (f.confdelsetcols IS NULL OR EXISTS (
               SELECT FROM pg_attribute a WHERE a.attrelid = f.conrelid AND a.attnum = ANY (f.confdelsetcols) AND a.attname = t.tenant_column))";

    /// Else a tenant learns by a refusal what another one has. A key's hash is found before its tenant is known.
    every_uniqueness_is_a_tenants_own:
        "SELECT t.name || ': ' || i.indexrelid::regclass
         FROM pg_index i JOIN TENANT_TABLES t ON t.relation = i.indrelid
         WHERE i.indisunique AND NOT i.indisprimary AND i.indexrelid <> 'api_keys_hash_key'::regclass AND NOT EXISTS (
             SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) AND a.attname = t.tenant_column)";

    /// Else deleting a row reads the whole table that refers to it. Rows that refer to none need no entry.
    every_foreign_key_has_an_index:
        "SELECT t.name || ': ' || f.conname
         FROM pg_constraint f JOIN TENANT_TABLES t ON t.relation = f.conrelid
         WHERE f.contype = 'f' AND NOT EXISTS (
             SELECT FROM pg_index i
             WHERE i.indrelid = f.conrelid AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '(% IS NOT NULL)')
               AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] <@ f.conkey)";

    /// One that is the beginning of another of the same table costs every write and serves nothing.
    no_index_is_the_beginning_of_another:
        "SELECT i.indexrelid::regclass::text
         FROM pg_index i JOIN TENANT_TABLES t ON t.relation = i.indrelid JOIN pg_index longer ON longer.indrelid = i.indrelid
         WHERE i.indexrelid <> longer.indexrelid AND NOT i.indisunique AND i.indpred IS NULL AND longer.indpred IS NULL
           AND i.indexprs IS NULL AND longer.indexprs IS NULL
           AND (longer.indkey::int2[])[0:i.indnkeyatts - 1] = (i.indkey::int2[])[0:i.indnkeyatts - 1]
           AND (longer.indoption::int2[])[0:i.indnkeyatts - 1] = (i.indoption::int2[])[0:i.indnkeyatts - 1]";

    /// Diesel compiles in 17 s with tables of at most 32 columns, in minutes with wider ones. What the database makes of
    /// the others may be left out (`schema/hidden.patch`).
    no_table_has_more_than_32_columns:
        "SELECT t.name FROM TENANT_TABLES t
         WHERE (SELECT count(*) FROM pg_attribute a
                WHERE a.attrelid = t.relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') > 32";

    /// A view that reads as its owner shows every tenant's rows; so does a materialized one.
    every_view_reads_as_its_reader:
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

/// Without this the rules above could hold for nothing at all.
#[tokio::test]
async fn the_rules_are_about_all_tables_of_the_program() {
    let db = TestDatabase::new().await;
    let sql = format!("SELECT count(*) FROM {TENANT_TABLES} t");
    let count: i64 = db.client().await.query_one(&sql, &[]).await.unwrap().get(0);
    assert_eq!(count, 32);
}
