//! From each kind of database to each.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::{OWNERS, Owner, Place, names};
use crate::catalogue::missing_policies;
use crate::migrations::adoption::database_of_supabase;
use crate::migrations::new_shape::fill_every_table;
use crate::support::extent;
use crate::support::program::Program;
use crate::support::rows::{assert_same, everything};

/// In the short form from the README's two: the private PostgreSQL and a plain owner's database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_each_owner_is_restored_elsewhere() {
    let sources = [Owner::Private, Owner::Plain, Owner::Superuser, Owner::Supabase];
    // One after the other: dropping a database waits for every session, and blocks the thread that reads their answers.
    for source in sources.into_iter().take(extent::of(4, 2)) {
        goes_from(source).await;
    }
}

/// Backs a database up and restores it: to each kind of owner, or to the next one in the short form.
async fn goes_from(owner: Owner) {
    let source = Place::new(owner).await;
    source.program.run(&["migrate", "up"]);
    let client = source.client().await;
    fill_every_table(&client).await;
    let before = everything(&client).await;
    for (table, rows) in &before {
        assert!(!rows.is_empty(), "{table} has no row: the test says nothing about it");
    }
    let file = source.file("all.backup");
    let made: Value = serde_json::from_str(&source.program.run(&["backup", &file, "--json"])).unwrap();
    let rows: usize = before.iter().map(|(_, rows)| rows.len()).sum();
    let size = std::fs::metadata(&file).unwrap().len();
    assert_eq!((&made["file"], &made["bytes"]), (&json!(file), &json!(size)), "{made}");
    let backed_up = usize::try_from(made["rows"].as_u64().unwrap()).unwrap();
    assert!(backed_up >= rows, "{made}: {rows} rows");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let folder = std::path::Path::new(&file).parent().unwrap();
    assert_eq!(names(folder), ["all.backup"]);
    assert_same("the backup changed nothing", &before, &everything(&client).await);
    assert!(source.program.run(&["doctor"]).contains("as migrations make them"));

    let at = OWNERS.iter().position(|known| *known == owner).unwrap();
    for step in 0..extent::of(OWNERS.len(), 1) {
        let target = OWNERS[(at + 1 + step) % OWNERS.len()];
        arrives_at(target, &file, &before, &format!("from {owner:?} to {target:?}")).await;
    }
}

async fn arrives_at(owner: Owner, file: &str, before: &[(String, Vec<String>)], way: &str) {
    let target = Place::new(owner).await;
    arrives(&target, file, before, way).await;
    let missing = missing_policies(&target.client().await).await;
    assert_eq!(missing, Vec::<String>::new(), "{way}");
}

async fn arrives(target: &Place, file: &str, before: &[(String, Vec<String>)], way: &str) {
    let restored: Value = serde_json::from_str(&target.program.run(&["restore", file, "--json"])).unwrap();
    assert_eq!(restored["file"], file);
    assert!(
        restored["rows"].as_u64() > Some(0) && restored["tables"].as_u64() > Some(20),
        "{restored}"
    );
    let client = target.client().await;
    assert_same(way, before, &everything(&client).await);
    let report = target.program.run(&["doctor"]);
    assert!(report.contains("as migrations make them"), "{way}: {report}");
    assert_eq!(target.program.run(&["migrate", "up"]), "nothing to do", "{way}");
    let (_server, api) = target.program.serve(&["--workers", "0"], "none").await;
    assert_eq!(api.get("/ready").await.0, 200, "{way}");
}

/// An adopted database has tables, policies and grants of others, and foreign keys to Supabase's own schemas.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_adopted_database_is_restored_with_what_others_added() {
    let (_db, admin, client, owner) = database_of_supabase().await;
    drop(client);
    let mut program = Program::bare();
    program.set("SCRAPERSKY_LOG", "warn");
    program.set("DATABASE_URL", &owner.url);
    program.run(&["migrate", "up"]);
    let before = everything(&admin).await;
    let policies = "SELECT count(*) FROM pg_policy WHERE polname !~ '^scrapersky_'";
    let others: i64 = admin.query_one(policies, &[]).await.unwrap().get(0);
    assert_eq!(others, 3);

    // On a server that has neither Supabase's schemas nor its roles.
    let target = Place::new(Owner::Private).await;
    let file = target.file("all.backup");
    let said = program.output(&["backup", &file]).stderr;
    let said = String::from_utf8(said).unwrap();
    assert!(
        said.contains("foreign keys to other schemas will not be restored: public profiles profiles_id_fkey"),
        "{said}"
    );
    arrives(&target, &file, &before, "from an adopted database").await;
    let client = target.client().await;
    assert_eq!(client.query_one(policies, &[]).await.unwrap().get::<_, i64>(0), others);
    let granted = "SELECT has_table_privilege('authenticated', 'tasks', 'SELECT') AND NOT has_table_privilege('anon', 'domains', 'SELECT')";
    assert!(client.query_one(granted, &[]).await.unwrap().get::<_, bool>(0));
}
