//! What cannot be done changes nothing.

use std::fs;
use std::path::Path;

use database::migrate::{self, LOCK_KEY, MigrateError};
use nix::sys::signal::Signal;

use super::{Owner, Place, names};
use crate::migrations::new_shape::fill_every_table;
use crate::support::cluster;
use crate::support::database::{TestDatabase, eventually};
use crate::support::program::Program;
use crate::support::rows::{assert_same, everything};

/// Returns the number of objects in the program's schemas.
async fn objects(place: &Place) -> i64 {
    let sql = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname IN ('public', 'scrapersky_internal')";
    place.client().await.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_with_anything_in_it_is_not_restored_into() {
    let place = Place::new(Owner::Plain).await;
    place.program.run(&["migrate", "up"]);
    let file = place.file("all.backup");
    place.program.run(&["backup", &file]);
    let before = everything(&place.client().await).await;
    let said = place.refusal(&["restore", &file]);
    assert!(said.contains("is not empty, it has"), "{said}");
    assert!(
        said.contains("public.") && said.contains("more: create another database"),
        "{said}"
    );
    assert_same("the refusal", &before, &everything(&place.client().await).await);

    let other = Place::new(Owner::Superuser).await;
    let client = other.client().await;
    client.batch_execute("CREATE TABLE notes ()").await.unwrap();
    let said = other.refusal(&["restore", &file]);
    assert!(said.contains("it has public.notes: create"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_differ_from_the_backup_are_not_restored() {
    let source = Place::new(Owner::Plain).await;
    source.program.run(&["migrate", "up"]);
    fill_every_table(&source.client().await).await;
    let file = source.file("all.backup");
    source.program.run(&["backup", &file]);
    // The manifest is the first part of the file, as text.
    let mut bytes = fs::read(&file).unwrap();
    let table = bytes.windows(14).position(|part| part == b"public.domains").unwrap();
    let digit = table + bytes[table..].windows(6).position(|part| part == b"\"rows\"").unwrap() + 8;
    bytes[digit] = if bytes[digit] == b'9' { b'8' } else { bytes[digit] + 1 };
    fs::write(&file, bytes).unwrap();
    let target = Place::new(Owner::Superuser).await;
    let said = target.refusal(&["restore", &file]);
    assert!(said.contains("nothing was restored"), "{said}");
    assert!(
        said.contains("public.domains has ") && said.contains(" rows instead of "),
        "{said}"
    );
    assert_eq!(objects(&target).await, 0);

    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let said = target.refusal(&["restore", &file]);
    assert!(said.contains("is not a complete backup"), "{said}");
    fs::write(&file, "something else").unwrap();
    let said = target.refusal(&["restore", &file]);
    assert!(said.contains("is not a complete backup"), "{said}");
    assert_eq!(objects(&target).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_is_killed_leaves_nothing() {
    let source = Place::new(Owner::Superuser).await;
    source.program.run(&["migrate", "up"]);
    let file = source.file("all.backup");
    source.program.run(&["backup", &file]);
    let target = Place::new(Owner::Plain).await;
    let client = target.client().await;
    let lock = format!("SELECT pg_advisory_lock({LOCK_KEY})");
    client.batch_execute(&lock).await.unwrap();
    let restoring = target.program.start(&["restore", &file]);
    let sessions = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let waiting = format!("{sessions} AND wait_event_type = 'Lock'");
    eventually("the restore waits for the lock", async || {
        !client.query(&waiting, &[]).await.unwrap().is_empty()
    })
    .await;
    restoring.signal(Signal::SIGKILL);
    drop(restoring);
    client.batch_execute("SELECT pg_advisory_unlock_all()").await.unwrap();
    eventually("its sessions end", async || {
        client.query(sessions, &[]).await.unwrap().is_empty()
    })
    .await;
    assert_eq!(objects(&target).await, 0);
    target.program.run(&["restore", &file]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_stopped_leaves_no_file() {
    let place = Place::new(Owner::Superuser).await;
    place.program.run(&["migrate", "up"]);
    let file = place.file("all.backup");
    let mut client = place.client().await;
    let locking = client.transaction().await.unwrap();
    locking.batch_execute("LOCK TABLE domains").await.unwrap();
    let writing = place.program.start(&["backup", &file]);
    let waiting = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'domains'::regclass";
    eventually("the backup waits for the table", async || {
        !locking.query(waiting, &[]).await.unwrap().is_empty()
    })
    .await;
    assert_eq!(names(Path::new(&file).parent().unwrap()).len(), 1, "the partial file");
    assert!(!writing.end());
    assert_eq!(names(Path::new(&file).parent().unwrap()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_would_lack_rows_is_not_written() {
    let place = Place::new(Owner::Plain).await;
    let file = place.file("all.backup");
    let said = place.refusal(&["backup", &file]);
    assert!(said.contains("run `scrapersky migrate up`"), "{said}");
    place.program.run(&["migrate", "up"]);
    let client = place.client().await;
    client
        .batch_execute("DROP POLICY scrapersky_system ON domains")
        .await
        .unwrap();
    let said = place.refusal(&["backup", &file]);
    assert!(
        said.contains("row level security hides rows of public.domains"),
        "{said}"
    );
    place.program.run(&["migrate", "up"]);
    client
        .batch_execute("CREATE POLICY extra ON contacts AS RESTRICTIVE USING (false)")
        .await
        .unwrap();
    let said = place.refusal(&["backup", &file]);
    assert!(
        said.contains("row level security hides rows of public.contacts"),
        "{said}"
    );
    assert_eq!(names(Path::new(&file).parent().unwrap()), Vec::<String>::new());
    let said = place.refusal(&["backup", "/nowhere/all.backup"]);
    assert!(said.contains("cannot write to the folder /nowhere"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_client_programs_are_named() {
    let mut place = Place::new(Owner::Superuser).await;
    place.program.run(&["migrate", "up"]);
    let file = place.file("all.backup");
    place.program.set("SCRAPERSKY_PG_BIN", "/usr/share");
    let said = place.refusal(&["backup", &file]);
    assert!(
        said.contains("SCRAPERSKY_PG_BIN names /usr/share, which contains no `pg_dump`"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_utf8_is_refused() {
    let admin: database::url::DatabaseUrl = cluster::admin_url().parse().unwrap();
    let db = TestDatabase::empty().await;
    let name = format!(
        "{}_ascii",
        db.url().rsplit('/').next().unwrap().split('?').next().unwrap()
    );
    let client = db.client().await;
    let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
    client.batch_execute(&create).await.unwrap();
    let error = migrate::up(&admin.with_database(&name)).await.unwrap_err();
    assert!(
        matches!(&error, MigrateError::Encoding { encoding, .. } if encoding == "SQL_ASCII"),
        "{error}"
    );
    let mut program = Program::bare();
    program.set("SCRAPERSKY_LOG", "error");
    let url = db.url().replace(&name[..name.len() - "_ascii".len()], &name);
    program.set("DATABASE_URL", &url);
    let report = program.output(&["doctor"]);
    let report = (report.status.success(), String::from_utf8(report.stdout).unwrap());
    assert!(
        !report.0 && report.1.contains("FAIL  the database has the encoding SQL_ASCII"),
        "{report:?}"
    );
    client
        .batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
        .await
        .unwrap();
}
