//! Every migration up, down and up again leaves the same schema.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use database::migrate::Revert;

use super::{down, step_up};
use crate::support::database::{TestDatabase, migration_folders};
use crate::support::extent;

/// The number of latest migrations that are tested one by one in the short form; CI tests each.
const NEWEST: usize = 3;

#[tokio::test]
async fn the_first_half_of_the_migrations_is_reversible() {
    let all = migration_folders().len();
    if extent::is_full() {
        each_is_reversible(0, all / 2, 1).await;
    } else {
        each_is_reversible(0, all - NEWEST, all - NEWEST).await;
    }
}

#[tokio::test]
async fn the_second_half_of_the_migrations_is_reversible() {
    let all = migration_folders().len();
    each_is_reversible(if extent::is_full() { all / 2 } else { all - NEWEST }, all, 1).await;
}

/// Applies `count` migrations at a time, reverts and reapplies them, and compares the schemas.
async fn each_is_reversible(from: usize, to: usize, count: usize) {
    let db = TestDatabase::empty().await;
    let (mut client, url) = (db.client().await, db.database_url());
    step_up(&mut client, from).await;
    let mut before = dump(db.url());
    for folders in migration_folders()[from..to].chunks(count) {
        step_up(&mut client, count).await;
        let applied = dump(db.url());
        assert_ne!(before, applied, "{folders:?} does nothing");
        down(&url, Revert::Last(count)).await;
        assert_equal(&before, &dump(db.url()), &format!("{folders:?} up and down"));
        step_up(&mut client, count).await;
        assert_equal(&applied, &dump(db.url()), &format!("{folders:?} up, down and up"));
        before = applied;
    }
}

fn assert_equal(before: &BTreeSet<String>, after: &BTreeSet<String>, what: &str) {
    let lost: Vec<_> = before.difference(after).collect();
    let new: Vec<_> = after.difference(before).collect();
    assert!(
        lost.is_empty() && new.is_empty(),
        "{what}: the dump lost\n{lost:#?}\nand gained\n{new:#?}"
    );
}

/// Returns the statements of `pg_dump --schema-only`, with columns and grants sorted.
pub(super) fn dump(url: &str) -> BTreeSet<String> {
    let output = Command::new(pg_dump())
        .args([
            "--schema-only",
            "--exclude-table=__diesel_schema_migrations",
            "--dbname",
            url,
        ])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Newer versions wrap the dump in a random key.
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.starts_with("--") && !line.starts_with('\\'))
        .collect();
    lines
        .join("\n")
        .split("\n\n")
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(|statement| {
            let mut lines: Vec<_> = statement.lines().map(|line| line.trim_end_matches(',')).collect();
            if statement.starts_with("CREATE TABLE") || statement.starts_with("GRANT") {
                lines.sort_unstable();
            }
            lines.join("\n")
        })
        .collect()
}

/// Finds the newest `pg_dump`, next to the server programs: one older than the server refuses to run.
fn pg_dump() -> PathBuf {
    let newest = std::fs::read_dir("/usr/lib/postgresql").ok().and_then(|versions| {
        versions
            .filter_map(|entry| Some(entry.ok()?.path().join("bin/pg_dump")))
            .filter(|path| path.exists())
            .max_by_key(|path| {
                let version = path.components().nth_back(2).map(|part| part.as_os_str().to_owned());
                version.and_then(|version| version.to_str()?.parse::<u32>().ok())
            })
    });
    newest.unwrap_or_else(|| {
        let output = Command::new("pg_config").arg("--bindir").output().unwrap();
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()).join("pg_dump")
    })
}
