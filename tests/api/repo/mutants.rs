//! Tests of the isolation tests: with any one filter of the repositories or any one policy of the database removed,
//! some test must fail.
//!
//! Filters are removed from statements on their way to the server, one at a time, without changing sources; then each
//! probe runs whose function sends that statement.
//! then runs is each probe whose function sends that statement.

use std::collections::BTreeMap;

use super::isolation::{Walls, as_superuser, catches, digest, foreign_rows, open, tenant_tables};
use super::probes::{PROBES, Probe, Rows};
use crate::catalogue;
use crate::support::database::TestDatabase;
use crate::support::extent;
use crate::support::rewriter::{Removed, Rewriter};
use crate::support::tenants::{Agencies, Agency, pool_at};

/// Two tenants with rows, and the rewriter.
struct Scene {
    agencies: Agencies,
    acme: Agency,
    bolt: Agency,
    rows: Rows,
    rewriter: Rewriter,
    digest: String,
    before: String,
    tables: Vec<String>,
}

impl Scene {
    async fn new(walls: Walls) -> Self {
        let database = TestDatabase::new().await;
        let rewriter = Rewriter::start().await;
        let pool = pool_at(&rewriter.url(database.url()), 5);
        let agencies = Agencies { database, pool };
        let (acme, bolt) = (agencies.tenant("acme").await, agencies.tenant("bolt").await);
        let rows = Rows::of_both(&agencies, &acme, &bolt).await;
        let tables = tenant_tables(&agencies).await;
        if walls == Walls::RepositoriesAlone {
            let client = agencies.database.client().await;
            for table in &tables {
                let disable = format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY");
                client.batch_execute(&disable).await.unwrap();
            }
        }
        let digest = digest(&tables, &rows);
        let mut conn = acme.open().await;
        let before = as_superuser(&mut conn, &digest).await;
        drop(conn);
        Self {
            agencies,
            acme,
            bolt,
            rows,
            rewriter,
            digest,
            before,
            tables,
        }
    }

    /// Runs a probe, and returns what is wrong with its result.
    async fn complaint(&self, probe: &Probe, walls: Walls) -> Option<String> {
        let conn = open(walls, &self.acme, &self.bolt).await;
        catches(probe, walls, conn, &self.rows, &self.digest, &self.before).await
    }

    /// Removes all filters of a function, and returns the first function whose probe fails.
    async fn falls(&self, functions: &[String], walls: Walls) -> Option<&'static str> {
        for function in functions {
            self.rewriter.remove(Removed::All);
            for probe in PROBES.iter().filter(|probe| probe.function == function) {
                if self.complaint(probe, walls).await.is_some() {
                    return Some(probe.function);
                }
            }
        }
        None
    }

    /// Records which statements each probe sends.
    async fn rehearse(&self, walls: Walls) -> BTreeMap<String, (usize, Vec<String>)> {
        for probe in PROBES {
            self.rewriter.scene(probe.function);
            assert_eq!(self.complaint(probe, walls).await, None, "{}", probe.function);
        }
        let mut seen = self.rewriter.seen();
        // Statements that fill the tables are sent by probed functions, or by no repository function.
        for (_, scenes) in seen.values_mut() {
            scenes.retain(|scene| !scene.is_empty());
        }
        seen
    }
}

#[tokio::test]
async fn no_filter_of_a_repository_can_be_taken_out_unnoticed() {
    let walls = Walls::RepositoriesAlone;
    let scene = Scene::new(walls).await;
    let statements = scene.rehearse(walls).await;
    let (mut killed, mut doubled, mut survivors) = (Vec::new(), Vec::new(), Vec::new());
    // In the short form, a sample from everywhere.
    for (sql, (filters, functions)) in statements.iter().step_by(extent::of(1, 12)) {
        for place in 0..*filters {
            scene.rewriter.remove(Removed::One(sql.clone(), place));
            let mut by = None;
            for probe in PROBES
                .iter()
                .filter(|probe| functions.iter().any(|name| name == probe.function))
            {
                if let Some(complaint) = scene.complaint(probe, walls).await {
                    by = Some((probe.function, complaint));
                    break;
                }
            }
            assert!(
                functions.is_empty() || scene.rewriter.changed() > 0,
                "nothing was removed from {sql}"
            );
            let head: String = sql.split_whitespace().collect::<Vec<_>>().join(" ");
            let line = format!("filter {} of {filters} in: {head}", place + 1);
            match by {
                Some((function, _)) => killed.push(format!("{function} notices {line}")),
                // Another filter of the same function may isolate alone: without all of them a probe must fail.
                None => match scene.falls(functions, walls).await {
                    Some(function) => doubled.push(format!("{function} has another filter besides {line}")),
                    None => survivors.push(format!("sent by {functions:?}: {line}")),
                },
            }
        }
    }
    for line in killed.iter().chain(&doubled) {
        println!("{}", line.chars().take(200).collect::<String>());
    }
    println!(
        "{} filters in {} statements: {} noticed by what is seen or changed, {} of functions with two by their number",
        killed.len() + doubled.len() + survivors.len(),
        statements.len(),
        killed.len(),
        doubled.len()
    );
    let found = killed.len() * extent::of(1, 12);
    assert!(found > 100, "only {} filters were found", killed.len());
    assert!(survivors.is_empty(), "nobody notices:\n{}", survivors.join("\n"));
    // The number of filters per function: removing a redundant one is a decision too.
    let mut numbers = BTreeMap::<&str, usize>::new();
    for (filters, functions) in statements.values() {
        for function in functions {
            *numbers.entry(function).or_default() += filters;
        }
    }
    let numbers: Vec<String> = numbers
        .iter()
        .map(|(function, number)| format!("{function} {number}"))
        .collect();
    insta::assert_snapshot!(numbers.join("\n"));
}

#[tokio::test]
async fn no_policy_can_be_dropped_or_widened_unnoticed() {
    let walls = Walls::DatabaseAlone;
    let scene = Scene::new(walls).await;
    let statements = scene.rehearse(walls).await;
    let client = scene.agencies.database.client().await;
    let policies = "SELECT c.relname::text, p.polname::text FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
         WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 2";
    let mut survivors = Vec::new();
    let policies = client.query(policies, &[]).await.unwrap();
    for policy in &policies {
        let (table, name): (String, String) = (policy.get(0), policy.get(1));
        client
            .batch_execute(&format!("BEGIN; DROP POLICY {name} ON {table}"))
            .await
            .unwrap();
        let found = catalogue::missing_policies(&client).await;
        client.batch_execute("ROLLBACK").await.unwrap();
        if found != [format!("{table}: {name}")] {
            survivors.push(format!("dropped {name} on {table}: {found:?}"));
        } else {
            println!("the catalogue's rule notices that {name} on {table} is dropped");
        }
    }
    assert_eq!(policies.len(), scene.tables.len() * 3);

    // Both policies of a tenant together, since each isolates alone.
    for table in &scene.tables {
        let widen = |to: &str| {
            format!(
                "ALTER POLICY scrapersky_access ON {table} USING ({to}) WITH CHECK ({to});
                 ALTER POLICY scrapersky_isolation ON {table} USING ({to}) WITH CHECK ({to})"
            )
        };
        client.batch_execute(&widen("true")).await.unwrap();
        let names_it = |sql: &str| {
            sql.split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == table)
        };
        let mut by = None;
        for probe in PROBES {
            let sends_it = statements
                .iter()
                .any(|(sql, (_, functions))| functions.iter().any(|name| name == probe.function) && names_it(sql));
            // Functions that only insert have no filter.
            let may_insert = probe.function.starts_with(table.trim_end_matches("_staging"));
            if (sends_it || may_insert) && scene.complaint(probe, walls).await.is_some() {
                by = Some(probe.function);
                break;
            }
        }
        // Tables that no repository function of tenants reads.
        if by.is_none()
            && foreign_rows(&mut open(walls, &scene.acme, &scene.bolt).await, table, scene.bolt.id).await > 0
        {
            by = Some("plain_sql_shows_no_other_tenants_rows");
        }
        let column = if table == "tenants" { "id" } else { "tenant_id" };
        let own = format!("{column} = NULLIF(current_setting('app.tenant_id', true), '')::uuid");
        client.batch_execute(&widen(&own)).await.unwrap();
        match by {
            Some(function) => println!("{function} notices that {table} is open to all"),
            None => survivors.push(format!("{table} open to all")),
        }
    }
    assert!(survivors.is_empty(), "nobody notices:\n{}", survivors.join("\n"));
}
