//! Up, down and up again by each kind of owner, with rows of the program in every table.
//!
//! Tables are FORCE ROW LEVEL SECURITY, which applies to their owner: a plain owner's migration that does not lift it
//! sees no rows, and silently loses what it moves or drops.

use std::collections::BTreeSet;
use std::fs;

use database::migrate::{self, Revert};
use futures_util::future::join_all;
use tokio_postgres::Client;

use super::adoption::own_database;
use super::lead_rows::{TOLD, fill_leads};
use super::legacy_rows::fill_legacy_tables;
use super::new_shape::fill_every_table;
use super::queue_rows::add_queue_rows;
use super::{down, making_roles, name, step_up, up};
use crate::support::database::{Login, TestDatabase, migration_folders};
use crate::support::extent;
use crate::support::rows::{assert_same, everything, fill};

type Contents = Vec<(String, Vec<String>)>;

/// The roles that run migrations: the owner described in the README, the private PostgreSQL's superuser, Supabase's
/// postgres.
const OWNERS: [(&str, &str); 3] = [
    ("plain_owner", "NOSUPERUSER CREATEROLE NOBYPASSRLS"),
    ("superuser", "SUPERUSER"),
    ("supabase_owner", "NOSUPERUSER CREATEROLE BYPASSRLS"),
];

/// The roles of a run; in the short form only the first, who sees the least.
pub(super) fn owners() -> impl Iterator<Item = (&'static str, &'static str)> {
    OWNERS.into_iter().take(extent::of(OWNERS.len(), 1))
}

#[tokio::test]
async fn a_new_database_keeps_every_row_whoever_migrates_it() {
    let ends = join_all(owners().map(async |(name, attributes)| {
        let (db, admin, owner) = database(name, attributes).await;
        up(&owner.database_url()).await;
        fill_every_table(&admin).await;
        settle_events(&admin).await;
        (db, there_and_back(name, &admin, &owner).await)
    }))
    .await;
    assert_equal_ends(&ends);
}

#[tokio::test]
async fn an_adopted_database_keeps_every_row_whoever_migrates_it() {
    let ends = join_all(owners().map(async |(name, attributes)| {
        let (db, admin, owner) = database(name, attributes).await;
        let mut client = owner.client().await;
        step_up(&mut client, 1).await;
        fill_legacy_tables(&client).await;
        // As it was before this program adopted it.
        client
            .batch_execute("DROP TABLE __diesel_schema_migrations")
            .await
            .unwrap();
        up(&owner.database_url()).await;
        work_for_a_while(&admin).await;
        settle_events(&admin).await;
        (db, there_and_back(name, &admin, &owner).await)
    }))
    .await;
    assert_equal_ends(&ends);
}

/// Gives events, which triggers wrote, the same times in every database.
pub(super) async fn settle_events(admin: &Client) {
    let settle = "UPDATE events SET clock = 1, happened_at = '2026-11-27 12:00+00'";
    admin.batch_execute(settle).await.unwrap();
}

/// Returns an empty database of that owner, and a connection that sees every row.
pub(super) async fn database(name: &str, attributes: &str) -> (TestDatabase, Client, Login) {
    let mut db = TestDatabase::empty().await;
    let owner = db.login(name, attributes).await;
    let admin = db.client().await;
    own_database(&admin, &owner).await;
    (db, admin, owner)
}

/// Reverts and reapplies all migrations, and returns the rows of every table.
async fn there_and_back(who: &str, admin: &Client, owner: &Login) -> Contents {
    let url = owner.database_url();
    let before = everything(admin).await;
    for (table, rows) in &before {
        assert!(!rows.is_empty(), "{table} has no row: the test says nothing about it");
    }
    let count = migration_folders().len();
    assert_eq!(down(&url, Revert::All).await.len(), count);
    assert_eq!(up(&url).await.len(), count);
    let after = everything(admin).await;
    assert_same(&format!("down and up as {who}"), &before, &after);
    after
}

/// Compares first and drops the databases after: dropping one blocks the thread that serves the others' connections.
fn assert_equal_ends(ends: &[(TestDatabase, Contents)]) {
    for ((name, _), (_, end)) in OWNERS.iter().zip(ends).skip(1) {
        assert_same(&format!("{name} and the plain owner"), &ends[0].1, end);
    }
}

/// Adds to an adopted database what the program would: rows in its own tables, values in its own columns, and kinds of
/// rows that the old system never had.
async fn work_for_a_while(admin: &Client) {
    add_runs(admin).await;
    add_what_is_found(admin).await;
    add_callers(admin).await;
    fill(admin, "scrapersky_internal.host_turns", 5, &[("host", "'host' || i")]).await;
    admin
        .batch_execute(
            "INSERT INTO domains (id, tenant_id, domain, created_at, updated_at, first_scan, last_scan)
                 SELECT md5('new domain' || t.id)::uuid, t.id, 'everybody.test', '2026-11-27', '2026-11-27', '2026-11-27', '2026-11-27' FROM tenants t;
             INSERT INTO batch_jobs (batch_id, tenant_id, processor_type, created_at, updated_at)
                 SELECT md5('new batch' || t.id)::uuid, t.id, 'scan', '2026-11-27', '2026-11-27' FROM tenants t;
             INSERT INTO jobs (job_id, tenant_id, kind, domain_id, batch_id, dedup_key, run_at, created_at, updated_at)
                 SELECT md5('new job' || t.id)::uuid, t.id, 'domain_scan', md5('new domain' || t.id)::uuid, md5('new batch' || t.id)::uuid, 'x',
                        '2026-11-27', '2026-11-27', '2026-11-27' FROM tenants t;
             UPDATE jobs SET progress_step = 'storing', progress_message = 'almost there', attempts = 2 WHERE legacy IS NOT NULL;
             UPDATE sitemap_files f SET depth = 1, parent_id = (
                 SELECT p.id FROM sitemap_files p WHERE p.tenant_id = f.tenant_id AND p.domain_id = f.domain_id ORDER BY p.id LIMIT 1);
             UPDATE sitemap_urls SET alternates = jsonb_build_array(jsonb_build_object('hreflang', 'de', 'href', url)) WHERE id::text < '8';
             ALTER TABLE pages DISABLE TRIGGER USER;
             UPDATE pages SET status_code = 200, disposition = 'ok', content_hash = md5(url);
             ALTER TABLE pages ENABLE TRIGGER USER;
             UPDATE contacts SET name = 'Ann', confidence = 90, last_seen_at = '2026-11-27', source_job_id = md5('deleted' || id)::uuid WHERE id::text < '8'",
        )
        .await
        .unwrap();
    fill_leads(admin, TENANT).await;
}

/// One of the four tenants.
const TENANT: &str = "(SELECT id FROM tenants ORDER BY id OFFSET i % 4 LIMIT 1)";

/// Every third domain.
const DOMAIN: &str = "(SELECT id FROM domains ORDER BY id OFFSET i * 3 LIMIT 1)";

async fn add_runs(admin: &Client) {
    let of_domain = [
        (
            "tenant_id",
            "(SELECT tenant_id FROM domains ORDER BY id OFFSET i * 3 LIMIT 1)",
        ),
        ("domain_id", DOMAIN),
    ];
    let new = |what: &str| format!("md5('new {what}' || i)::uuid");
    let (run, scan) = (new("run"), new("scan"));
    fill(
        admin,
        "domain_changes",
        20,
        &[of_domain[0], of_domain[1], ("kind", "'title'")],
    )
    .await;
    let told = [&of_domain, TOLD.as_slice()].concat();
    fill(admin, "domain_evidence", 20, &told).await;
    for (table, id) in [("sitemap_runs", &run), ("email_scans", &scan)] {
        let mut columns = vec![("id", id.as_str()), of_domain[0], of_domain[1]];
        columns.push(if table == "sitemap_runs" {
            ("state", "'completed'")
        } else {
            ("total_pages", "i")
        });
        fill(admin, table, 20, &columns).await;
    }
    let of_run = "(SELECT tenant_id FROM sitemap_runs WHERE id = md5('new run' || i)::uuid)";
    let of_scan = "(SELECT tenant_id FROM email_scans WHERE id = md5('new scan' || i)::uuid)";
    fill(
        admin,
        "sitemap_url_changes",
        20,
        &[("tenant_id", of_run), ("run_id", &run), ("change", "'added'")],
    )
    .await;
    fill(
        admin,
        "email_scan_urls",
        20,
        &[("tenant_id", of_scan), ("scan_id", &scan), ("state", "'waiting'")],
    )
    .await;
}

/// Sources of contacts and details of places.
async fn add_what_is_found(admin: &Client) {
    let contact = "FROM contacts ORDER BY id OFFSET i * 3 LIMIT 1)";
    fill(
        admin,
        "contact_sources",
        20,
        &[
            ("tenant_id", &format!("(SELECT tenant_id {contact}")),
            ("contact_id", &format!("(SELECT id {contact}")),
            ("page_id", &format!("(SELECT page_id {contact}")),
        ],
    )
    .await;
    let place = "FROM places_staging ORDER BY id OFFSET i * 3 LIMIT 1)";
    let of_place = [
        ("tenant_id", &*format!("(SELECT tenant_id {place}")),
        ("place_id", &*format!("(SELECT place_id {place}")),
    ];
    fill(
        admin,
        "place_details",
        20,
        &[of_place[0], of_place[1], ("domain_id", "NULL::uuid")],
    )
    .await;
    fill(admin, "place_finds", 20, &of_place).await;
    fill(
        admin,
        "place_changes",
        20,
        &[of_place[0], of_place[1], ("action", "'bulk'")],
    )
    .await;
}

/// Keys, limits and traces of callers.
async fn add_callers(admin: &Client) {
    let own = ("tenant_id", TENANT);
    for (table, column, value) in [
        ("mail_domains", "mx_status", "'ok'"),
        ("api_calls", "price_micros", "i"),
        ("audit_log", "action", "'key.create'"),
        ("events", "kind", "'job.ended'"),
        ("rate_windows", "kind", "'requests'"),
    ] {
        fill(admin, table, 12, &[own, (column, value)]).await;
    }
    fill(
        admin,
        "suppressions",
        12,
        &[own, ("kind", "'address'"), ("hash", "sha256(i::text::bytea)")],
    )
    .await;
    fill(
        admin,
        "api_keys",
        12,
        &[
            own,
            ("name", "'key'"),
            ("hash", "sha256(i::text::bytea)"),
            ("scopes", "'{read}'::text[]"),
        ],
    )
    .await;
    fill(
        admin,
        "idempotency_keys",
        12,
        &[
            own,
            ("key", "'order ' || i"),
            ("request_hash", "sha256(i::text::bytea)"),
            ("status", "200"),
        ],
    )
    .await;
    fill(admin, "scan_days", 3, &[own]).await;
    add_queue_rows(admin, own).await;
    fill(
        admin,
        "tenant_limits",
        3,
        &[
            own,
            ("requests_per_minute", "i"),
            ("batches_per_minute", "i"),
            ("caller_requests_per_minute", "NULL::int"),
            ("caller_batches_per_minute", "i"),
            ("scans_per_day", "i"),
            ("rows_stored", "i"),
        ],
    )
    .await;
}

/// Adopted contacts were last seen when they last changed; a migration that sees no rows would use its own time.
#[tokio::test]
async fn adopted_contacts_keep_the_time_they_were_seen() {
    let (_db, admin, owner) = database("plain_owner", OWNERS[0].1).await;
    let mut client = owner.client().await;
    step_up(&mut client, 1).await;
    fill_legacy_tables(&client).await;
    up(&owner.database_url()).await;
    let sql = "SELECT count(*), count(*) FILTER (WHERE last_seen_at IS DISTINCT FROM updated_at) FROM contacts";
    let row = admin.query_one(sql, &[]).await.unwrap();
    let (all, wrong): (i64, i64) = (row.get(0), row.get(1));
    assert!(all > 100);
    assert_eq!(wrong, 0);
}

#[tokio::test]
async fn migrations_fail_instead_of_losing_hidden_rows() {
    let (_db, admin, owner) = database("plain_owner", OWNERS[0].1).await;
    up(&owner.database_url()).await;
    fill_every_table(&admin).await;
    let before = everything(&admin).await;
    let client = owner.client().await;
    for sql in [
        "SELECT scrapersky_internal.set_aside_table('later', 'suppressions', 'x')",
        "SELECT scrapersky_internal.set_aside_rows('later', 'down', 'suppressions', $$SELECT '' AS key, 'x' AS reason$$)",
        "SELECT scrapersky_internal.set_aside_columns('later', 'down', 'suppressions', '{reason}', $$SELECT '' AS key, 'x' AS reason$$)",
        "SELECT scrapersky_internal.put_back('scope_places', 'up', '{places_staging}')",
        "SET row_security = off; UPDATE contacts SET last_seen_at = updated_at",
    ] {
        let error = client.batch_execute(sql).await.expect_err(sql);
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "42501", "{sql}: {}", error.message());
        assert!(
            error.message().contains("row-level security"),
            "{sql}: {}",
            error.message()
        );
    }
    assert_same("nothing moved", &before, &everything(&admin).await);
    // The correct way in a later migration.
    client
        .batch_execute(
            "SET row_security = off; ALTER TABLE suppressions NO FORCE ROW LEVEL SECURITY;
             SELECT scrapersky_internal.set_aside_table('later', 'suppressions', 'x')",
        )
        .await
        .unwrap();
    let kept = "SELECT count(*) FROM scrapersky_internal.set_aside WHERE migration = 'later'";
    assert_eq!(admin.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 30);
}

/// Statements that would only affect visible rows must fail: PostgreSQL's `row_security = off` does that.
#[test]
fn every_migration_sees_all_rows_or_fails() {
    for folder in migration_folders() {
        for file in ["up.sql", "down.sql"] {
            let sql = fs::read_to_string(folder.join(file)).unwrap();
            let first = sql.lines().find(|line| !line.is_empty() && !line.starts_with("--"));
            assert_eq!(first, Some("SET LOCAL row_security = off;"), "{}/{file}", name(&folder));
        }
    }
}

/// Roles belong to the whole server: a concurrent migration may find them complete or half created.
#[tokio::test]
async fn databases_of_one_server_may_be_migrated_at_once() {
    let databases = join_all((0..6).map(async |_| database("plain_owner", OWNERS[0].1).await)).await;
    let results = databases
        .iter()
        .map(async |(.., owner)| migrate::up(&owner.database_url()).await);
    for result in join_all(results).await {
        assert_eq!(result.unwrap().len(), migration_folders().len());
    }

    // Other tests need the existing roles: other names stand for roles not created yet.
    let prefix = format!("fresh_{}_", uuid::Uuid::new_v4().simple());
    let roles = making_roles(&prefix);
    let attempts = databases
        .iter()
        .map(async |(.., owner)| owner.client().await.batch_execute(&roles).await);
    let results = join_all(attempts).await;
    let admin = &databases[0].1;
    let made = "SELECT string_agg(format('%s %s', rolname, (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid)), ', ' ORDER BY rolname)
                FROM pg_roles r WHERE starts_with(rolname, $1)";
    let made: String = admin.query_one(made, &[&prefix]).await.unwrap().get(0);
    for name in ["tenant_login", "system_login", "tenant", "system"] {
        admin.batch_execute(&format!("DROP ROLE {prefix}{name}")).await.unwrap();
    }
    for result in results {
        result.unwrap();
    }
    let expected = ["system 0", "system_login 1", "tenant 0", "tenant_login 1"].map(|role| format!("{prefix}{role}"));
    assert_eq!(made, expected.join(", "));
}

/// Each function is defined once: a change is an edit, not a copy.
#[test]
fn each_function_is_defined_in_one_migration() {
    let mut seen = BTreeSet::new();
    for folder in migration_folders() {
        let sql = fs::read_to_string(folder.join("up.sql")).unwrap();
        for declaration in sql.split("FUNCTION ").skip(1).filter(|rest| rest.contains("LANGUAGE")) {
            let head = declaration.split('(').next().unwrap();
            if declaration.lines().take(3).any(|line| line.contains("LANGUAGE")) {
                assert!(seen.insert(head.to_owned()), "{head} stands twice");
            }
        }
    }
    assert!(seen.len() >= 20, "only {} functions were found", seen.len());
}
