//! Adopting a production database, as the roles that may own it.

use std::collections::BTreeSet;

use database::migrate::{self, Revert};
use tokio_postgres::Client;

use super::dump::dump;
use super::legacy_rows::fill_legacy_tables;
use super::{down, making_roles, step_up, up};
use crate::support::database::{Login, TestDatabase, migration_folders};
use crate::support::rows::{assert_same, everything};

#[tokio::test]
async fn a_database_of_supabase_is_adopted_and_given_back() {
    let (db, _admin, client, owner) = database_of_supabase().await;
    let url = owner.database_url();
    let (before, schema) = (everything(&client).await, dump(db.url()));
    let references = outside(&client).await;
    assert!(
        references.starts_with("15 foreign keys, 40 tasks on pages, 40 on domains, 5 users"),
        "{references}"
    );

    up(&url).await;
    assert_isolated(&client).await;
    assert_strangers_are_shut_out(&client).await;
    assert_eq!(outside(&client).await, references);
    let first = dump(db.url());

    down(&url, Revert::Last(migration_folders().len() - 1)).await;
    let back: Vec<_> = without_set_aside(everything(&client).await);
    assert_same("given back", &before, &back);
    assert_eq!(outside(&client).await, references);
    let ours = |dump: BTreeSet<String>| -> BTreeSet<String> {
        dump.into_iter()
            .filter(|statement| !statement.contains("scrapersky_internal"))
            .collect()
    };
    let (schema, back) = (ours(schema), ours(dump(db.url())));
    assert_eq!(
        (
            schema.difference(&back).collect::<Vec<_>>(),
            back.difference(&schema).collect::<Vec<_>>()
        ),
        (vec![], vec![]),
        "lost and added statements of the dump"
    );

    up(&url).await;
    assert_isolated(&client).await;
    let second = dump(db.url());
    assert_eq!(
        first.symmetric_difference(&second).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

#[tokio::test]
async fn an_owner_without_bypassrls_can_adopt() {
    let mut db = TestDatabase::new().await;
    let owner = db.login("plain_owner", "NOSUPERUSER NOCREATEROLE NOBYPASSRLS").await;
    // `TestDatabase::new` has created the roles.
    let admin = db.client().await;
    admin
        .batch_execute(&format!(
            "DROP SCHEMA scrapersky_internal, public CASCADE; CREATE SCHEMA public;
             GRANT scrapersky_tenant, scrapersky_system TO {}",
            owner.name
        ))
        .await
        .unwrap();
    own_database(&admin, &owner).await;
    let mut client = owner.client().await;
    step_up(&mut client, 1).await;
    fill_legacy_tables(&client).await;
    let before = everything(&client).await;
    up(&owner.database_url()).await;
    assert_isolated(&client).await;
    down(&owner.database_url(), Revert::Last(migration_folders().len() - 1)).await;
    assert_same("given back", &before, &without_set_aside(everything(&client).await));
    up(&owner.database_url()).await;
}

#[tokio::test]
async fn a_user_who_may_not_enter_the_roles_gets_instructions() {
    let mut db = TestDatabase::new().await;
    let owner = db.login("not_a_member", "").await;
    let admin = db.client().await;
    admin
        .batch_execute("DROP SCHEMA scrapersky_internal, public CASCADE; CREATE SCHEMA public")
        .await
        .unwrap();
    own_database(&admin, &owner).await;
    let error = migrate::up(&owner.database_url()).await.unwrap_err().to_string();
    let name = &owner.name;
    assert!(
        error.ends_with(&format!(
            "the user \"{name}\" may not enter the role \"scrapersky_tenant\" \
             HINT: As a user with CREATEROLE: GRANT scrapersky_tenant TO {name}; then migrate again."
        )),
        "{error}"
    );
    assert!(error.contains("isolate_tenants failed"), "{error}");
}

#[tokio::test]
async fn a_user_who_may_not_create_the_roles_gets_instructions() {
    let mut db = TestDatabase::new().await;
    let user = db.login("no_createrole", "").await;
    // Other tests need the roles, which belong to the whole server: other names stand for missing roles.
    let sql = making_roles("absent_");
    let error = user.client().await.batch_execute(&sql).await.unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(
        error.message(),
        format!(
            "the role \"absent_tenant\" does not exist and the user \"{}\" may not create it",
            user.name
        )
    );
    assert_eq!(
        error.hint().unwrap(),
        format!(
            "As a user with CREATEROLE: CREATE ROLE absent_tenant NOLOGIN; GRANT absent_tenant TO {}; then migrate again.",
            user.name
        )
    );
}

pub async fn own_database(admin: &Client, owner: &Login) {
    let name = &owner.name;
    admin
        .batch_execute(&format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO {name}', current_database()); END $$;
             ALTER SCHEMA public OWNER TO {name};
             DROP TABLE IF EXISTS __diesel_schema_migrations"
        ))
        .await
        .unwrap();
}

/// Returns a database of Supabase with the old system's rows, and connections of the superuser and of its owner.
pub async fn database_of_supabase() -> (TestDatabase, Client, Client, Login) {
    let mut db = TestDatabase::empty().await;
    for role in ["anon", "authenticated"] {
        db.role(role, "NOLOGIN").await;
    }
    db.role("service_role", "NOLOGIN BYPASSRLS").await;
    let owner = db
        .login("postgres_of_supabase", "NOSUPERUSER CREATEROLE BYPASSRLS")
        .await;
    let admin = db.client().await;
    own_database(&admin, &owner).await;
    let mut client = owner.client().await;
    build_supabase(&admin, &mut client).await;
    (db, admin, client, owner)
}

/// Adds what Supabase and its other tables add to the old system.
async fn build_supabase(admin: &Client, client: &mut Client) {
    admin
        .batch_execute(
            "CREATE SCHEMA auth; CREATE TABLE auth.users (id uuid PRIMARY KEY, email text);
             ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
             CREATE SCHEMA extensions; CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" SCHEMA extensions;
             GRANT USAGE ON SCHEMA extensions, auth TO PUBLIC;
             GRANT REFERENCES ON auth.users TO PUBLIC;
             INSERT INTO auth.users SELECT md5('profile' || i)::uuid, i || '@x' FROM generate_series(1, 40) i",
        )
        .await
        .unwrap();
    client
        .batch_execute(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role;
             ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;
             ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role;
             GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role",
        )
        .await
        .unwrap();
    step_up(client, 1).await;
    // As it was before this program adopted it.
    client
        .batch_execute("DROP TABLE __diesel_schema_migrations")
        .await
        .unwrap();
    fill_legacy_tables(client).await;
    client.batch_execute(include_str!("supabase.sql")).await.unwrap();
}

/// Returns the number of foreign keys from and to tables of others, and of rows that depend on them.
async fn outside(client: &Client) -> String {
    let sql = "SELECT (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated
                          AND (conrelid = ANY (others)) <> (confrelid = ANY (others)))
                   || ' foreign keys, ' || (SELECT count(page_id) || ' tasks on pages, ' || count(domain_id) || ' on domains' FROM tasks)
                   || ', ' || (SELECT count(*) FROM user_tenants) || ' users of tenants, '
                   || (SELECT count(*) FROM domains WHERE local_business_id IS NOT NULL) || ' domains of businesses'
               FROM (SELECT '{auth.users,roles,local_businesses,tasks,user_tenants}'::regclass[]::oid[] AS others) o";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

fn without_set_aside(all: Vec<(String, Vec<String>)>) -> Vec<(String, Vec<String>)> {
    all.into_iter()
        .filter(|(table, _)| !table.starts_with("scrapersky_internal."))
        .collect()
}

/// The tables that the old system did not have.
const NEW_TABLES: [&str; 31] = [
    "api_calls",
    "api_keys",
    "contact_sources",
    "domain_changes",
    "domain_evidence",
    "email_scan_urls",
    "email_scans",
    "audit_log",
    "events",
    "idempotency_keys",
    "lead_changes",
    "mail_domains",
    "place_changes",
    "place_details",
    "place_finds",
    "rate_windows",
    "saved_views",
    "scan_days",
    "schedule_runs",
    "schedules",
    "score_points",
    "sessions",
    "sitemap_runs",
    "sitemap_url_changes",
    "stored_rows",
    "suppressions",
    "tenant_limits",
    "webhook_deliveries",
    "webhook_secrets",
    "webhook_subjects",
    "webhooks",
];

/// Fails if a tenant can see, write or move another tenant's row, in any table.
async fn assert_isolated(client: &Client) {
    let tables = "SELECT c.relname::text, CASE WHEN c.relname = 'tenants' THEN 'id' ELSE 'tenant_id' END
                  FROM pg_class c WHERE c.relrowsecurity AND c.relnamespace = 'public'::regnamespace
                  UNION ALL VALUES ('domains_wide', 'tenant_id'), ('sitemap_files_wide', 'tenant_id')";
    let tables = client.query(tables, &[]).await.unwrap();
    assert!(tables.len() > 16);
    let own = "aaaaaaaa-0000-4000-8000-000000000001";
    let begin = format!("BEGIN; SET LOCAL ROLE scrapersky_tenant; SET LOCAL app.tenant_id = '{own}'");
    client.batch_execute(&begin).await.unwrap();
    for row in &tables {
        let (table, column): (&str, &str) = (row.get(0), row.get(1));
        let sql = format!("SELECT count(*), count(*) FILTER (WHERE {column}::text <> '{own}') FROM {table}");
        let row = client.query_one(&sql, &[]).await.unwrap();
        let (seen, foreign): (i64, i64) = (row.get(0), row.get(1));
        assert_eq!(foreign, 0, "{table}");
        assert!(seen > 0 || NEW_TABLES.contains(&table), "{table}: nothing seen");
    }
    let foreign = "'aaaaaaaa-0000-4000-8000-000000000002'";
    for (sql, refusal) in [
        (
            format!("INSERT INTO domains (tenant_id, domain) VALUES ({foreign}, 'x.com')"),
            "row-level security",
        ),
        (
            format!("UPDATE domains SET tenant_id = {foreign}"),
            "row-level security",
        ),
        (
            "SELECT FROM scrapersky_internal.set_aside".to_owned(),
            "permission denied",
        ),
    ] {
        client.batch_execute("SAVEPOINT s").await.unwrap();
        let error = client.batch_execute(&sql).await.unwrap_err();
        let message = error.as_db_error().unwrap().message().to_owned();
        assert!(message.contains(refusal), "{sql}: {message}");
        client.batch_execute("ROLLBACK TO s").await.unwrap();
    }
    client
        .batch_execute("COMMIT; BEGIN; SET LOCAL ROLE scrapersky_tenant")
        .await
        .unwrap();
    let row = client.query_one("SELECT count(*) FROM domains", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 0, "seen without a tenant");
    client
        .batch_execute("COMMIT; BEGIN; SET LOCAL ROLE scrapersky_system")
        .await
        .unwrap();
    let row = client
        .query_one("SELECT count(DISTINCT tenant_id) FROM jobs", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 4, "tenants seen by the system");
    client.batch_execute("COMMIT").await.unwrap();
}

async fn assert_strangers_are_shut_out(client: &Client) {
    let sql = "SELECT string_agg(c.oid::regclass::text, ', ')
               FROM pg_class c
               WHERE CASE c.relkind WHEN 'S' THEN has_sequence_privilege('anon', c.oid, 'USAGE,SELECT,UPDATE')
                                    ELSE has_any_column_privilege('anon', c.oid, 'SELECT,INSERT,UPDATE,REFERENCES')
                                      OR has_table_privilege('anon', c.oid, 'DELETE,TRUNCATE,TRIGGER') END
                 AND has_schema_privilege('anon', c.relnamespace, 'USAGE')
                 AND c.relnamespace IN ('public'::regnamespace, 'scrapersky_internal'::regnamespace)
                 AND c.relkind IN ('r', 'v', 'S')
                 AND c.relname NOT IN ('roles', 'roles_id_seq', 'local_businesses', 'tasks', 'user_tenants', '__diesel_schema_migrations')";
    let allowed: Option<String> = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(allowed, None, "another role has rights to these");
}
