//! Migrations run by the program: concurrently, their states, their errors.

use database::connection::Connection;
use database::migrate::{self, MigrateError, Revert, SchemaState};
use futures_util::future::join_all;

use super::{name, step_up, up, version};
use crate::support::database::{TestDatabase, migration_folders};

#[tokio::test]
async fn ten_concurrent_migrations_succeed_and_one_does_the_work() {
    let db = TestDatabase::empty().await;
    let url = db.database_url();
    let mut counts: Vec<_> = join_all((0..10).map(|_| up(&url))).await.iter().map(Vec::len).collect();
    counts.sort_unstable();
    let mut expected = vec![0; 9];
    expected.push(migration_folders().len());
    assert_eq!(counts, expected);
    assert_eq!(up(&url).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_schema_state_is_read_without_changes() {
    let db = TestDatabase::empty().await;
    let mut client = db.client().await;
    let mut conn = Connection::connect(&db.database_url()).await.unwrap();
    let names: Vec<_> = migration_folders().iter().map(|folder| name(folder)).collect();

    let state = migrate::check(&mut conn).await.unwrap();
    assert_eq!(state, SchemaState::Older { pending: names.clone() });
    let tables = "SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert!(client.query(tables, &[]).await.unwrap().is_empty());

    step_up(&mut client, 2).await;
    let state = migrate::check(&mut conn).await.unwrap();
    assert_eq!(
        state,
        SchemaState::Older {
            pending: names[2..].to_vec()
        }
    );
    assert!(state.objection().unwrap().ends_with("run `scrapersky migrate up`"));
    let status = migrate::status(&mut conn).await.unwrap();
    let applied: Vec<_> = status.iter().map(|m| (m.name.clone(), m.applied)).collect();
    let expected: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(at, name)| (name.clone(), at < 2))
        .collect();
    assert_eq!(applied, expected);

    up(&db.database_url()).await;
    let state = migrate::check(&mut conn).await.unwrap();
    assert_eq!((state.objection(), state), (None, SchemaState::Current));

    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')";
    client.batch_execute(newer).await.unwrap();
    let state = migrate::check(&mut conn).await.unwrap();
    let unknown = vec!["29990101000000".to_owned()];
    assert_eq!(
        state,
        SchemaState::Newer {
            unknown,
            pending: Vec::new()
        }
    );
    assert!(state.objection().unwrap().contains("29990101000000"));
    let error = migrate::down(&db.database_url(), Revert::Last(1)).await.unwrap_err();
    assert!(
        matches!(&error, MigrateError::Unknown(version) if version == "29990101000000"),
        "{error}"
    );
}

#[tokio::test]
async fn a_failed_migration_reports_the_reason_and_is_rolled_back() {
    let db = TestDatabase::empty().await;
    let mut client = db.client().await;
    step_up(&mut client, 1).await;
    // A reference that the migration cannot resolve.
    client
        .batch_execute(
            "INSERT INTO batch_jobs (id, id_uuid, tenant_id, processor_type, status)
             VALUES (1, gen_random_uuid(), gen_random_uuid(), 'x', 'no such word');
             CREATE TABLE reports (id integer PRIMARY KEY, batch integer REFERENCES batch_jobs (id));
             INSERT INTO reports VALUES (1, 1)",
        )
        .await
        .unwrap();
    let error = migrate::up(&db.database_url()).await.unwrap_err().to_string();
    let failed = migration_folders()
        .into_iter()
        .find(|folder| name(folder).ends_with("convert_legacy"))
        .unwrap();
    let expected = format!(
        "migration {} failed: migration convert_batch_jobs cannot set rows of batch_jobs aside: reports(batch) still refers to them \
         DETAIL: Rows of batch_jobs with id: 1 HINT: Point the rows of reports elsewhere or delete them, then migrate again.",
        name(&failed)
    );
    assert_eq!(error, expected);
    let last = "SELECT max(version) FROM __diesel_schema_migrations";
    let last: String = client.query_one(last, &[]).await.unwrap().get(0);
    assert!(last < version(&failed));
    let left = "SELECT FROM pg_proc WHERE proname = 'batch_status'";
    assert!(client.query(left, &[]).await.unwrap().is_empty());
    client.batch_execute("DELETE FROM reports").await.unwrap();
    let error = migrate::up(&db.database_url()).await.unwrap_err().to_string();
    assert!(error.contains("batch_jobs_pkey"), "{error}");
    client.batch_execute("DROP TABLE reports").await.unwrap();
    up(&db.database_url()).await;
}

#[tokio::test]
async fn a_connection_lost_while_waiting_for_the_lock_is_an_error() {
    let db = TestDatabase::empty().await;
    let client = db.client().await;
    client
        .batch_execute("SELECT pg_advisory_lock(8314615099879158387)")
        .await
        .unwrap();
    let url = db.database_url();
    let waiting = tokio::spawn(async move { migrate::up(&url).await });
    // The waiting session exists, then it is terminated.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while client.query(end, &[]).await.unwrap().is_empty() {
        assert!(!waiting.is_finished(), "it did not wait");
        tokio::task::yield_now().await;
    }
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, MigrateError::Waiting(_)), "{error}");
}

#[tokio::test]
async fn a_pooler_is_refused() {
    let db = TestDatabase::empty().await;
    let url = db.database_url().with_param("pgbouncer", "true");
    let error = migrate::up(&url).await.unwrap_err();
    assert!(matches!(error, MigrateError::Pooler(_)), "{error}");
}
