//! Conversion of the server's values and errors, and instrumentation.

use std::str::FromStr;
use std::sync::{Arc, Mutex};

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, Utc};
use database::connection::Connection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};

use super::connection::{ACME, Mood, SCHEMA, children, connection, count, insert, text, things};
use crate::support::database::empty_database;

#[tokio::test]
async fn every_type_of_the_schema_round_trips() {
    let mut conn = connection().await;
    let at: DateTime<Utc> = "2024-02-29T12:34:56.789012Z".parse().unwrap();
    let row = (
        1,
        Mood::NotAFit,
        vec![Mood::Fine, Mood::NotAFit],
        Some(vec!["a".to_owned(), "ü\"{},".to_owned()]),
        Some(serde_json::json!({"deep": [1, null, "x"]})),
        Some(BigDecimal::from_str("-12345678901234567890.000125").unwrap()),
        NaiveDate::from_ymd_opt(1969, 7, 20),
        Some(at),
    );
    let values = (
        things::id.eq(row.0),
        things::mood.eq(row.1),
        things::moods.eq(&row.2),
        things::tags.eq(&row.3),
        things::data.eq(&row.4),
        things::price.eq(&row.5),
        things::day.eq(row.6),
        things::at.eq(row.7),
    );
    diesel::insert_into(things::table)
        .values(values)
        .execute(&mut conn)
        .await
        .unwrap();
    type Row = (
        i32,
        Mood,
        Vec<Mood>,
        Option<Vec<String>>,
        Option<serde_json::Value>,
        Option<BigDecimal>,
        Option<NaiveDate>,
        Option<DateTime<Utc>>,
    );
    let found: Row = things::table
        .filter(things::mood.eq_any([Mood::NotAFit]))
        .first(&mut conn)
        .await
        .unwrap();
    assert_eq!(found, row);
    insert(&conn, 2).await.unwrap();
    let empty: Row = things::table.find(2).first(&mut conn).await.unwrap();
    assert_eq!(empty, (2, Mood::Fine, vec![], None, None, None, None, None));
}

#[tokio::test]
async fn a_later_type_only_costs_the_connection() {
    let url = empty_database("").await;
    let mut old = Connection::connect(&url.clone()).await.unwrap();
    let mut seen = Connection::connect(&empty_database(SCHEMA).await).await.unwrap();
    seen.batch_execute("CREATE TYPE late AS ENUM ('x')").await.unwrap();
    let error = text(&seen, "SELECT 'x'::late AS v").await.unwrap_err();
    assert!(matches!(error, Error::DatabaseError(..)), "{error:?}");
    assert!(seen.is_broken());
    old.batch_execute(SCHEMA).await.unwrap();
    let fresh = Connection::connect(&url).await.unwrap();
    insert(&fresh, 1).await.unwrap();
}

#[tokio::test]
async fn errors_keep_what_the_server_said() {
    let mut conn = connection().await;
    insert(&conn, 1).await.unwrap();
    let kind = |error: Error| match error {
        Error::DatabaseError(kind, info) => (format!("{kind:?}"), info.constraint_name().map(str::to_owned)),
        other => (format!("{other:?}"), None),
    };
    let unique = insert(&conn, 1).await.unwrap_err();
    assert_eq!(kind(unique), ("UniqueViolation".into(), Some("things_pkey".into())));
    let check = insert(&conn, -1).await.unwrap_err();
    assert_eq!(kind(check), ("CheckViolation".into(), Some("things_id_check".into())));
    let orphan = diesel::insert_into(children::table).values((children::id.eq(1), children::thing_id.eq(9)));
    let foreign = orphan.execute(&mut conn).await.unwrap_err();
    assert_eq!(
        kind(foreign),
        ("ForeignKeyViolation".into(), Some("children_thing_id_fkey".into()))
    );
    let null = diesel::sql_query("INSERT INTO children (id) VALUES (1)")
        .execute(&mut conn)
        .await
        .unwrap_err();
    assert_eq!(kind(null).0, "NotNullViolation");
    let Error::DatabaseError(DatabaseErrorKind::Unknown, info) = text(&conn, "SELECT nope AS v").await.unwrap_err()
    else {
        panic!("a missing column is a database error")
    };
    assert_eq!(info.statement_position(), Some(8));
    assert!(!conn.is_broken(), "errors of the server leave the connection usable");
    let closed = conn
        .batch_execute("SELECT pg_terminate_backend(pg_backend_pid())")
        .await
        .unwrap_err();
    assert_eq!(kind(closed).0, "ClosedConnection");
    assert_eq!(kind(conn.batch_execute("").await.unwrap_err()).0, "ClosedConnection");
    assert!(conn.is_broken());
}

#[tokio::test]
async fn a_refused_write_costs_the_connection_since_the_server_may_be_a_standby_now() {
    let mut conn = connection().await;
    conn.send_ahead("SET TRANSACTION READ ONLY").unwrap();
    let error = insert(&conn, 3).await.unwrap_err();
    assert!(
        matches!(error, Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _)),
        "{error:?}"
    );
    conn.rollback().await.unwrap();
    assert!(conn.is_broken());
}

#[tokio::test]
async fn a_serialization_failure_is_recognised() {
    let url = empty_database(SCHEMA).await;
    let mut one = Connection::connect(&url).await.unwrap();
    let mut two = Connection::connect(&url).await.unwrap();
    for conn in [&mut one, &mut two] {
        conn.send_ahead("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE").unwrap();
        assert_eq!(count(conn, "SELECT count(*) AS n FROM things").await.unwrap(), 0);
    }
    insert(&one, 1).await.unwrap();
    insert(&two, 2).await.unwrap();
    one.commit().await.unwrap();
    let error = two.commit().await.unwrap_err();
    assert!(
        matches!(error, Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _)),
        "{error:?}"
    );
    assert!(two.is_broken(), "only a successful COMMIT surely ends the transaction");
}

#[tokio::test]
async fn instrumentation_sees_every_statement() {
    let mut conn = connection().await;
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    conn.set_instrumentation(move |event: diesel::connection::InstrumentationEvent<'_>| {
        use diesel::connection::InstrumentationEvent as Event;
        let line = match event {
            Event::StartQuery { query, .. } => format!("start {query}"),
            Event::FinishQuery { query, error, .. } => {
                format!("finish {query} {}", error.is_some())
            }
            _ => return,
        };
        seen.lock().unwrap().push(line);
    });
    conn.send_ahead(ACME).unwrap();
    count(&conn, "SELECT 1::bigint AS n").await.unwrap();
    conn.batch_execute("SELECT 1/0").await.unwrap_err();
    let events = events.lock().unwrap().clone();
    let expected = [
        "start SELECT 1::bigint AS n -- reading".to_owned(),
        format!("start BEGIN; {ACME}"),
        format!("finish BEGIN; {ACME} false"),
        "finish SELECT 1::bigint AS n false".to_owned(),
        "start SELECT 1/0".to_owned(),
        "finish SELECT 1/0 true".to_owned(),
    ];
    assert_eq!(
        events
            .iter()
            .map(|e| e.replace(" -- binds: []", ""))
            .collect::<Vec<_>>(),
        expected
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_migration_harness_works_on_a_connection() {
    use diesel_async::AsyncMigrationHarness;
    use diesel_migrations::MigrationHarness;
    let mut harness = AsyncMigrationHarness::new(connection().await);
    let applied = tokio::task::block_in_place(|| harness.applied_migrations()).unwrap();
    assert!(applied.is_empty());
}
