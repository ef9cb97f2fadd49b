//! Named statements on direct connections: reused, bounded, under both roles, and with the schema changing.

use std::time::Duration;

use database::connection::{Connection, Shortage, is_outage, shortage};
use database::url::DatabaseUrl;
use diesel::QueryResult;
use diesel::result::Error;
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::try_join3;
use tokio_postgres::Client;

use crate::connection::{ACME, SCHEMA, count, insert, text};
use crate::support::database::{TestDatabase, connect, empty_database};

const THINGS: &str = "SELECT count(*) AS n FROM things";

/// The two ways to send statements: named, and unnamed as through a pooler. Each has a database of its own.
async fn both_modes(set_up: &str) -> [DatabaseUrl; 2] {
    let unnamed = empty_database(set_up).await.with_param("pgbouncer", "true");
    [empty_database(set_up).await, unnamed]
}

/// Returns how many statements the server keeps for this connection, without keeping another.
async fn prepared(conn: &Connection) -> i64 {
    let own = "SELECT count(*) AS n FROM pg_prepared_statements WHERE statement NOT LIKE '%pg_prepared_statements%'";
    count(conn, own).await.unwrap()
}

/// Has the statements of a test prepared before it begins.
async fn warm(conn: &Connection) {
    count(conn, THINGS).await.unwrap();
    insert(conn, 100).await.unwrap();
    (&*conn).batch_execute("DELETE FROM things").await.unwrap();
}

#[tokio::test]
async fn a_direct_connection_prepares_each_statement_once() {
    let [direct, unnamed] = both_modes(SCHEMA).await;
    for (url, expected) in [(direct, 2), (unnamed, 0)] {
        let conn = Connection::connect(&url).await.unwrap();
        for _ in 0..5 {
            warm(&conn).await;
        }
        assert_eq!(prepared(&conn).await, expected, "{url}");
        assert!(conn.is_clean());
    }
}

#[tokio::test]
async fn a_connection_keeps_a_bounded_number_of_statements() {
    let [direct, _] = both_modes("").await;
    let conn = Connection::connect(&direct).await.unwrap();
    for n in 0..400 {
        assert_eq!(count(&conn, &format!("SELECT {n}::bigint AS n")).await.unwrap(), n);
        // Used again and again, so it is never the oldest.
        count(&conn, "SELECT -1::bigint AS n").await.unwrap();
    }
    let kept = prepared(&conn).await;
    assert!((200..=256).contains(&kept), "{kept}");
    let favourite = "SELECT count(*) AS n FROM pg_prepared_statements WHERE statement = 'SELECT -1::bigint AS n'";
    assert_eq!(count(&conn, favourite).await.unwrap(), 1);
}

#[tokio::test]
async fn a_statement_prepared_under_one_role_shows_another_its_own_rows() {
    let db = TestDatabase::new().await;
    let (acme, bolt) = (
        "00000000-0000-0000-0000-00000000000a",
        "00000000-0000-0000-0000-00000000000b",
    );
    db.client()
        .await
        .batch_execute(&format!(
            "CREATE TABLE notes (tenant_id uuid NOT NULL, id int NOT NULL);
             ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
             GRANT SELECT ON notes TO scrapersky_tenant, scrapersky_system;
             CREATE POLICY own ON notes TO scrapersky_tenant USING (tenant_id = current_setting('app.tenant_id')::uuid);
             CREATE POLICY everything ON notes TO scrapersky_system USING (true);
             INSERT INTO notes SELECT '{acme}', i FROM generate_series(1, 3) i;
             INSERT INTO notes SELECT '{bolt}', i FROM generate_series(1, 5) i;"
        ))
        .await
        .unwrap();
    let conn = Connection::connect(&db.database_url()).await.unwrap();
    let tenant = |id: &str| format!("SET LOCAL ROLE scrapersky_tenant; SET LOCAL app.tenant_id = '{id}'");
    let system = "SET LOCAL ROLE scrapersky_system; SET LOCAL app.tenant_id = ''".to_owned();
    let notes = "SELECT count(*) AS n FROM notes";
    // Often enough for a plan that is kept for all values.
    for round in 0..8 {
        for (settings, expected) in [
            (tenant(acme), 3),
            (system.clone(), 8),
            (tenant(bolt), 5),
            (tenant(acme), 3),
        ] {
            conn.send_ahead(&settings).unwrap();
            assert_eq!(
                count(&conn, notes).await.unwrap(),
                expected,
                "round {round}: {settings}"
            );
            conn.rollback().await.unwrap();
        }
        // Each role many times in a row, too.
        for _ in 0..8 {
            conn.send_ahead(&tenant(bolt)).unwrap();
            assert_eq!(count(&conn, notes).await.unwrap(), 5);
            conn.rollback().await.unwrap();
        }
        // The login role is a superuser, whom no policy binds.
        assert_eq!(count(&conn, notes).await.unwrap(), 8);
    }
    assert_eq!(prepared(&conn).await, 1);
}

/// Reads all columns of a table, whatever they are.
async fn all_columns(conn: &Connection) -> QueryResult<String> {
    text(conn, "SELECT * FROM wide").await
}

async fn with_wide_table() -> (Connection, Client) {
    let url = empty_database("").await;
    let mut setting_up = Connection::connect(&url).await.unwrap();
    setting_up
        .batch_execute("CREATE TABLE wide (v text); INSERT INTO wide VALUES ('old')")
        .await
        .unwrap();
    let database = text(&setting_up, "SELECT current_database()::text AS v").await.unwrap();
    let mut admin = url::Url::parse(&crate::support::cluster::admin_url()).unwrap();
    admin.set_path(&database);
    let conn = Connection::connect(&url).await.unwrap();
    assert_eq!(all_columns(&conn).await.unwrap(), "old");
    (conn, connect(admin.as_str()).await)
}

#[tokio::test]
async fn an_outdated_statement_is_repeated_where_nothing_was_done() {
    let (mut conn, other) = with_wide_table().await;
    // Outside a transaction.
    other.batch_execute("ALTER TABLE wide ADD a int").await.unwrap();
    assert_eq!(all_columns(&conn).await.unwrap(), "old");
    // As the first of a transaction, whose settings hold.
    other.batch_execute("ALTER TABLE wide ADD b int").await.unwrap();
    conn.send_ahead(ACME).unwrap();
    assert_eq!(all_columns(&conn).await.unwrap(), "old");
    let tenant = "SELECT current_setting('app.tenant_id') AS v";
    assert_eq!(text(&conn, tenant).await.unwrap(), "acme");
    (&conn).batch_execute("UPDATE wide SET v = 'new'").await.unwrap();
    conn.commit().await.unwrap();
    assert!(!conn.is_broken());
    assert_eq!(
        text(
            &conn,
            "SELECT coalesce(current_setting('app.tenant_id', true), '') AS v"
        )
        .await
        .unwrap(),
        ""
    );
    assert_eq!(all_columns(&conn).await.unwrap(), "new");
    // When the server has forgotten it.
    (&conn).batch_execute("DEALLOCATE ALL").await.unwrap();
    assert_eq!(all_columns(&conn).await.unwrap(), "new");
    assert!(!conn.is_broken());
}

#[tokio::test]
async fn an_outdated_statement_amid_a_transaction_is_a_conflict() {
    let (mut conn, other) = with_wide_table().await;
    conn.send_ahead(ACME).unwrap();
    (&conn).batch_execute("CREATE TABLE done (id int)").await.unwrap();
    other.batch_execute("ALTER TABLE wide ADD a int").await.unwrap();
    let error = all_columns(&conn).await.unwrap_err();
    assert_eq!(shortage(&error), Some(Shortage::Turn), "{error}");
    assert!(!is_outage(&error));
    assert!(conn.commit().await.is_err(), "nothing of it may be committed");
    conn.rollback().await.unwrap();
    assert!(!conn.is_broken());
    assert_eq!(
        text(&conn, "SELECT coalesce(to_regclass('done')::text, '') AS v")
            .await
            .unwrap(),
        ""
    );
    conn.send_ahead(ACME).unwrap();
    assert_eq!(all_columns(&conn).await.unwrap(), "old");
    conn.rollback().await.unwrap();
}

#[tokio::test]
async fn nothing_known_is_executed_behind_a_refused_begin() {
    for url in both_modes(SCHEMA).await {
        for refused in ["SET LOCAL this is no syntax", "SET LOCAL ROLE nobody_of_this_name"] {
            let mut conn = Connection::connect(&url).await.unwrap();
            warm(&conn).await;
            conn.send_ahead(refused).unwrap();
            let (read, written, again) =
                futures_util::join!(count(&conn, THINGS), insert(&conn, 1), count(&conn, THINGS));
            let error = read.unwrap_err().to_string();
            assert_eq!(written.unwrap_err().to_string(), error);
            assert_eq!(again.unwrap_err().to_string(), error);
            assert_eq!(insert(&conn, 2).await.unwrap_err().to_string(), error);
            assert!(conn.is_broken());
            let conn = Connection::connect(&url).await.unwrap();
            assert_eq!(count(&conn, THINGS).await.unwrap(), 0, "{url} {refused}");
        }
    }
}

#[tokio::test]
async fn known_and_unknown_statements_keep_their_order() {
    for url in both_modes(SCHEMA).await {
        let mut conn = Connection::connect(&url).await.unwrap();
        insert(&conn, 100).await.unwrap();
        // The first is unknown and has to be prepared, the second is known.
        conn.send_ahead(ACME).unwrap();
        let (before, _, after) = try_join3(
            count(&conn, THINGS),
            insert(&conn, 1),
            count(&conn, "SELECT count(*) AS n FROM things WHERE id > 0"),
        )
        .await
        .unwrap();
        assert_eq!((before, after), (1, 2), "{url}");
        conn.rollback().await.unwrap();
        assert!(!conn.is_broken());
    }
}

#[tokio::test]
async fn a_future_dropped_at_any_moment_leaves_a_broken_connection_or_a_usable_one() {
    for url in both_modes(SCHEMA).await {
        for micros in [0, 100, 300, 1000, 3000] {
            let mut conn = Connection::connect(&url).await.unwrap();
            insert(&conn, 100 + micros).await.unwrap();
            conn.send_ahead(ACME).unwrap();
            let _ = tokio::time::timeout(
                Duration::from_micros(micros.unsigned_abs().into()),
                count(&conn, THINGS),
            )
            .await;
            assert!(conn.is_broken(), "{url} {micros}: a transaction waits or is open");
            // What is sent next is still in the transaction.
            assert_eq!(
                text(&conn, "SELECT current_setting('app.tenant_id') AS v")
                    .await
                    .unwrap(),
                "acme"
            );
            conn.rollback().await.unwrap();
            assert!(!conn.is_broken(), "{url} {micros}");
        }
    }
}

#[tokio::test]
async fn an_error_of_a_named_statement_is_the_servers() {
    for url in both_modes(SCHEMA).await {
        let mut conn = Connection::connect(&url).await.unwrap();
        for _ in 0..2 {
            let error = insert(&conn, -1).await.unwrap_err();
            assert!(matches!(
                error,
                Error::DatabaseError(diesel::result::DatabaseErrorKind::CheckViolation, _)
            ));
            let unknown = count(&conn, "SELECT n FROM nowhere").await.unwrap_err().to_string();
            assert!(unknown.contains("nowhere"), "{unknown}");
        }
        assert!(!conn.is_broken());
        let value: i64 = diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>("1::bigint"))
            .get_result(&mut conn)
            .await
            .unwrap();
        assert_eq!(value, 1);
    }
}
