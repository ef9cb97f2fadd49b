//! Statements as PostgreSQL sees them: raw ones fit the schema and their role, and statements sent before their
//! transaction is open only read.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, LazyLock, Mutex};

use diesel::connection::InstrumentationEvent;
use diesel_async::AsyncConnection;
use regex::Regex;
use tokio_postgres::Client;

use super::isolation::{Walls, open};
use super::probes::{PROBES, Rows};
use crate::house::statements::sql_files;
use crate::support::database::TestDatabase;
use crate::support::tenants::Agencies;

/// Raw statements of the system, by the last two parts of their paths; all others are of tenants.
const SYSTEM: &[&str] = &[
    "backups/digests.sql",
    "batches/delete_ended.sql",
    "diagnostics/session.sql",
    "jobs/claim.sql",
    "jobs/count_waiting_tenants.sql",
    "jobs/delete_ended.sql",
    "jobs/finish_many.sql",
    "jobs/list_ended.sql",
    "jobs/sweep.sql",
    "safeguards/list.sql",
    "schedule_runs/delete_old.sql",
    "set_aside/list.sql",
    "webhook_deliveries/delete_old.sql",
    "webhooks/delete_old_subjects.sql",
    "webhooks/delete_unused.sql",
    "webhooks/queue.sql",
];

#[tokio::test]
async fn every_raw_statement_fits_the_schema_and_its_role() {
    let database = TestDatabase::new().await;
    let client = database.client().await;
    let mut failures = Vec::new();
    let files = sql_files();
    assert!(files.len() > 20, "only {} were found", files.len());
    for file in &files {
        let name = file.iter().rev().take(2).collect::<Vec<_>>();
        let name = format!("{}/{}", name[1].to_str().unwrap(), name[0].to_str().unwrap());
        let role = if SYSTEM.contains(&name.as_str()) {
            "scrapersky_system"
        } else {
            "scrapersky_tenant"
        };
        if let Err(error) = prepare(&client, &fs::read_to_string(file).unwrap(), role).await {
            failures.push(format!("{name} as {role}: {error:?}"));
        }
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    println!("{} raw statements are prepared", files.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Prepares a statement, and lets PostgreSQL check the role's privileges.
async fn prepare(client: &Client, sql: &str, role: &str) -> Result<(), tokio_postgres::Error> {
    let begin = format!(
        "BEGIN; SET LOCAL ROLE {role}; SET LOCAL app.tenant_id = '{}'; SET LOCAL plan_cache_mode = force_generic_plan",
        uuid::Uuid::nil()
    );
    client.batch_execute(&begin).await?;
    client.batch_execute(&format!("PREPARE raw AS {sql}")).await?;
    let binds = "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'raw'";
    let binds: i32 = client.query_one(binds, &[]).await?.get(0);
    let nulls = vec!["NULL"; usize::try_from(binds).unwrap()].join(", ");
    let arguments = if binds == 0 {
        String::new()
    } else {
        format!("({nulls})")
    };
    let explained = client.batch_execute(&format!("EXPLAIN EXECUTE raw{arguments}")).await;
    client.batch_execute("DEALLOCATE ALL").await.ok();
    explained
}

/// Matches statements that write or lock in their own text.
static WRITES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:INSERT INTO|UPDATE|DELETE FROM|MERGE INTO|FOR (?:NO KEY )?UPDATE|FOR (?:KEY )?SHARE)\b")
        .unwrap()
});

#[tokio::test]
async fn only_reads_are_sent_with_begin() {
    let agencies = Agencies::new().await;
    let (acme, bolt) = (agencies.tenant("acme").await, agencies.tenant("bolt").await);
    let rows = Rows::of_both(&agencies, &acme, &bolt).await;
    let client = agencies.database.client().await;
    // Functions that change something, or may, are volatile.
    let volatile = "SELECT proname::text FROM pg_proc WHERE provolatile = 'v'";
    let volatile: BTreeSet<String> = client
        .query(volatile, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let comment = Regex::new("(?m)^ *--.*$").unwrap();
    let called = Regex::new(r"\b([a-z_0-9]+)\(").unwrap();
    let only_reads =
        |sql: &str| !WRITES.is_match(sql) && called.captures_iter(sql).all(|call| !volatile.contains(&call[1]));
    let (mut reads, mut broken) = (0, BTreeSet::new());
    for probe in PROBES {
        let mut conn = open(Walls::Both, &acme, &bolt).await;
        let sent = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&sent);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                notes.lock().unwrap().push(query.to_string());
            }
        });
        // The result does not matter here.
        let _ = (probe.call)(&mut conn, &rows).await;
        for sql in sent.lock().unwrap().iter() {
            let is_early = sql.ends_with(" -- reading");
            let (text, _) = sql.rsplit_once(" -- binds:").unwrap_or((sql, ""));
            let text = comment.replace_all(text, "");
            let text = text.trim();
            reads += usize::from(is_early);
            if !text.starts_with("BEGIN") && is_early != only_reads(text) {
                broken.insert(format!("{} (sent with BEGIN: {is_early}): {text}", probe.function));
            }
        }
    }
    assert!(reads > 50, "only {reads} reads were seen");
    assert!(
        broken.is_empty(),
        "{}",
        broken.into_iter().collect::<Vec<_>>().join("\n")
    );
}
