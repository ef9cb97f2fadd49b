//! The connection: pipelining, and what a dropped future leaves behind.

use std::io::Write;
use std::sync::Mutex;

use database::connection::Connection;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::result::Error;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Integer, Text};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::{FutureExt, try_join3};

use crate::support::database::{empty_database, eventually};

#[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
#[diesel(postgres_type(name = "Mood", schema = "public"))]
pub struct MoodSql;

#[derive(Debug, Clone, Copy, PartialEq, AsExpression, FromSqlRow)]
#[diesel(sql_type = MoodSql)]
pub enum Mood {
    Fine,
    NotAFit,
}

impl ToSql<MoodSql, Pg> for Mood {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(match self {
            Self::Fine => b"fine",
            Self::NotAFit => b"Not a Fit",
        })?;
        Ok(IsNull::No)
    }
}

impl FromSql<MoodSql, Pg> for Mood {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            b"fine" => Ok(Self::Fine),
            b"Not a Fit" => Ok(Self::NotAFit),
            _ => Err("unknown mood".into()),
        }
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::MoodSql;
    things (id) {
        id -> Integer,
        mood -> MoodSql,
        moods -> Array<MoodSql>,
        tags -> Nullable<Array<Text>>,
        data -> Nullable<Jsonb>,
        price -> Nullable<Numeric>,
        day -> Nullable<Date>,
        at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    children (id) {
        id -> Integer,
        thing_id -> Integer,
    }
}

pub const SCHEMA: &str = "CREATE TYPE \"Mood\" AS ENUM ('fine', 'Not a Fit'); \
    CREATE TABLE things (id int PRIMARY KEY CHECK (id > 0), mood \"Mood\" NOT NULL DEFAULT 'fine', \
        moods \"Mood\"[] NOT NULL DEFAULT '{}', tags text[], data jsonb, price numeric, day date, at timestamptz); \
    CREATE SEQUENCE numbers; \
    CREATE TABLE children (id int PRIMARY KEY, thing_id int NOT NULL REFERENCES things (id))";

pub const ACME: &str = "SET LOCAL app.tenant_id = 'acme'";

pub async fn connection() -> Connection {
    Connection::connect(&empty_database(SCHEMA).await).await.unwrap()
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    v: String,
}

/// Reads a number without waiting for the answer to `BEGIN`.
pub async fn count(conn: &Connection, sql: &str) -> QueryResult<i64> {
    diesel::sql_query(sql)
        .get_result::<Count>(&mut conn.reading())
        .await
        .map(|row| row.n)
}

pub async fn text(conn: &Connection, sql: &str) -> QueryResult<String> {
    diesel::sql_query(sql)
        .get_result::<Value>(&mut conn.reading())
        .await
        .map(|row| row.v)
}

async fn tenant(conn: &Connection) -> QueryResult<String> {
    text(conn, "SELECT coalesce(current_setting('app.tenant_id', true), '') AS v").await
}

pub async fn insert(mut conn: &Connection, id: i32) -> QueryResult<usize> {
    diesel::insert_into(things::table)
        .values(things::id.eq(id))
        .execute(&mut conn)
        .await
}

#[tokio::test]
async fn pipelined_statements_keep_their_order_within_the_transaction() {
    let mut conn = connection().await;
    conn.send_ahead(ACME).unwrap();
    let shared = &conn;
    let (before, inserted, (after, tenant)) = try_join3(
        count(shared, "SELECT count(*) AS n FROM things"),
        insert(shared, 1),
        futures_util::future::try_join(count(shared, "SELECT count(*) AS n FROM things"), tenant(shared)),
    )
    .await
    .unwrap();
    assert_eq!((before, inserted, after, tenant.as_str()), (0, 1, 1, "acme"));
    conn.rollback().await.unwrap();
    assert_eq!(count(&conn, "SELECT count(*) AS n FROM things").await.unwrap(), 0);
    assert_eq!(tenant_after(&conn).await, "");
    assert!(!conn.is_broken());
}

async fn tenant_after(conn: &Connection) -> String {
    tenant(conn).await.unwrap()
}

#[tokio::test]
async fn all_statements_after_a_refused_begin_get_its_error() {
    let url = empty_database(SCHEMA).await;
    // Refused as a whole, before BEGIN; and refused after BEGIN.
    for refused in ["SET LOCAL this is no syntax", "SET LOCAL ROLE nobody_of_this_name"] {
        let mut conn = Connection::connect(&url).await.unwrap();
        conn.send_ahead(refused).unwrap();
        let error = insert(&conn, 1).await.unwrap_err().to_string();
        assert!(
            error.contains("syntax error") || error.contains("nobody_of_this_name"),
            "{error}"
        );
        assert_eq!(insert(&conn, 2).await.unwrap_err().to_string(), error);
        assert!(conn.is_broken());

        let mut conn = Connection::connect(&url).await.unwrap();
        conn.send_ahead(refused).unwrap();
        let read = count(&conn, "SELECT 1::bigint AS n").await.unwrap_err().to_string();
        assert_eq!(read, error, "rows read outside the transaction are not returned");
        assert!(conn.is_broken());

        let conn = Connection::connect(&url).await.unwrap();
        conn.send_ahead(refused).unwrap();
        let (a, b, c) = futures_util::join!(tenant(&conn), insert(&conn, 3), tenant(&conn));
        for result in [a.map(|_| 0), b, c.map(|_| 0)] {
            assert_eq!(result.unwrap_err().to_string(), error);
        }
    }
    let conn = Connection::connect(&url).await.unwrap();
    assert_eq!(
        count(&conn, "SELECT count(*) AS n FROM things").await.unwrap(),
        0,
        "nothing was written"
    );
}

#[tokio::test]
async fn only_declared_reads_are_sent_before_begin_is_answered() {
    let url = empty_database(SCHEMA).await;
    let numbers = async || {
        let conn = Connection::connect(&url).await.unwrap();
        count(&conn, "SELECT last_value - 1 + is_called::int AS n FROM numbers")
            .await
            .unwrap()
    };
    let writing = "SELECT nextval('numbers') AS n";
    let mut conn = Connection::connect(&url).await.unwrap();
    conn.send_ahead("SET LOCAL this is no syntax").unwrap();
    diesel::sql_query(writing)
        .get_result::<Count>(&mut conn)
        .await
        .map(|row| row.n)
        .unwrap_err();
    assert_eq!(numbers().await, 0, "it was sent before its transaction was open");
    // This is why writes must not be sent this way. (A statement that is named waits once, to be prepared.)
    let unnamed = url.with_param("pgbouncer", "true");
    let conn = Connection::connect(&unnamed).await.unwrap();
    conn.send_ahead("SET LOCAL this is no syntax").unwrap();
    count(&conn, writing).await.unwrap_err();
    assert_eq!(numbers().await, 1);
}

#[tokio::test]
async fn a_reading_handle_executes_nothing() {
    let conn = connection().await;
    let insert = diesel::insert_into(things::table).values(things::id.eq(1));
    assert!(matches!(
        insert.execute(&mut conn.reading()).await,
        Err(Error::QueryBuilderError(_))
    ));
    assert!(conn.reading().batch_execute("SELECT 1").await.is_err());
    assert!(!conn.in_flight());
    assert_eq!(count(&conn, "SELECT count(*) AS n FROM things").await.unwrap(), 0);
}

#[tokio::test]
async fn only_one_transaction_can_be_sent_ahead() {
    let conn = connection().await;
    conn.send_ahead(ACME).unwrap();
    assert!(conn.send_ahead(ACME).is_err());
    tenant(&conn).await.unwrap();
    assert!(matches!(conn.send_ahead(ACME), Err(Error::AlreadyInTransaction)));
}

#[tokio::test]
async fn an_abandoned_query_is_cancelled() {
    let url = empty_database("").await;
    let watcher = Connection::connect(&url).await.unwrap();
    let conn = Connection::connect(&url).await.unwrap();
    let sleep = "SELECT 1::bigint AS n FROM pg_sleep(3600)";
    // While it is only being prepared, its text is there already.
    let running = "SELECT count(*) AS n FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event = 'PgSleep'";
    {
        let query = count(&conn, sleep);
        let mut query = std::pin::pin!(query);
        eventually("the query runs", || {
            assert!(query.as_mut().now_or_never().is_none());
            async { count(&watcher, running).await.unwrap() == 1 }
        })
        .await;
    }
    drop(conn);
    eventually("the session ends", || async {
        count(&watcher, running).await.unwrap() == 0
    })
    .await;
}

#[tokio::test]
async fn a_large_answer_after_begin_does_not_stall() {
    let mut conn = connection().await;
    conn.send_ahead(ACME).unwrap();
    let rows: Vec<Value> = diesel::sql_query("SELECT repeat('x', 1000) AS v FROM generate_series(1, 5000)")
        .load(&mut conn)
        .await
        .unwrap();
    assert_eq!(rows.len(), 5000);
    conn.rollback().await.unwrap();
    assert!(!conn.is_broken());
}

#[tokio::test]
async fn a_dropped_future_leaves_a_broken_connection() {
    let mut conn = connection().await;
    conn.send_ahead(ACME).unwrap();
    assert!(conn.is_broken(), "the next borrower would run it");

    let mut conn = connection().await;
    drop(count(&conn, "SELECT 1::bigint AS n"));
    assert!(!conn.is_broken(), "nothing was sent");
    assert!(
        count(&conn, "SELECT 1::bigint AS n FROM pg_sleep(3600)")
            .now_or_never()
            .is_none()
    );
    assert!(conn.in_flight() && conn.is_broken());

    let mut conn = connection().await;
    conn.send_ahead(ACME).unwrap();
    assert!(tenant(&conn).now_or_never().is_none());
    assert!(conn.is_broken());

    let mut conn = connection().await;
    conn.send_ahead(ACME).unwrap();
    assert!(insert(&conn, 1).now_or_never().is_none(), "waits for the BEGIN");
    assert!(conn.is_broken());

    let mut conn = connection().await;
    conn.send_ahead(ACME).unwrap();
    tenant(&conn).await.unwrap();
    assert!(!conn.in_flight() && conn.is_broken(), "the transaction is open");
    conn.commit().await.unwrap();
    assert!(!conn.is_broken());
}

#[tokio::test]
async fn a_rollback_ends_an_aborted_transaction() {
    let mut conn = connection().await;
    conn.send_ahead(ACME).unwrap();
    insert(&conn, -1).await.unwrap_err();
    let aborted = tenant(&conn).await.unwrap_err().to_string();
    assert!(aborted.contains("current transaction is aborted"), "{aborted}");
    assert!(conn.is_broken());
    conn.rollback().await.unwrap();
    assert!(!conn.is_broken());
    let rolled_back: Result<(), Error> = conn
        .transaction(async |conn| {
            insert(conn, 1).await?;
            Err(Error::RollbackTransaction)
        })
        .await;
    assert!(rolled_back.is_err() && !conn.is_broken());
    assert_eq!(count(&conn, "SELECT count(*) AS n FROM things").await.unwrap(), 0);
}

#[tokio::test]
async fn a_half_read_answer_is_tracked_until_its_end() {
    let mut conn = connection().await;
    // `get_result` takes the first of several large rows.
    let one = text(&conn, "SELECT repeat('x', 100000) AS v FROM generate_series(1, 3)")
        .await
        .unwrap();
    assert_eq!(one.len(), 100_000);
    let conn = Mutex::new(&mut conn);
    eventually("the answer is complete", || async { !conn.lock().unwrap().is_broken() }).await;
    let mut conn = conn.into_inner().unwrap();
    text(conn, "SELECT repeat('x', 1000) AS v FROM generate_series(1, 100000)")
        .await
        .unwrap();
    assert!(conn.in_flight());
    assert_eq!(
        count(conn, "SELECT 1::bigint AS n").await.unwrap(),
        1,
        "the rest is skipped, nothing stalls"
    );
    assert!(!conn.is_broken(), "a later answer proves the earlier one complete");
    let _: i32 = diesel::select(diesel::dsl::sql::<Integer>("1"))
        .get_result(&mut conn)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_running_statement_can_be_cancelled() {
    let conn = connection().await;
    let token = conn.cancel_token();
    let cancel = async {
        // Repeated, since the first request may arrive before the statement.
        loop {
            token.cancel_query(tokio_postgres::NoTls).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let result = tokio::select! {
        result = count(&conn, "SELECT 1::bigint AS n FROM pg_sleep(3600)") => result,
        () = cancel => unreachable!(),
    };
    assert!(
        result
            .unwrap_err()
            .to_string()
            .contains("canceling statement due to user request")
    );
}
