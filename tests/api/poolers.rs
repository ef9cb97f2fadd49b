//! Poolers that no port, host name or parameter gives away.

use std::time::Duration;

use database::connection::{ConnectOptions, Connection};
use database::listen::Listener;
use database::migrate::{self, MigrateError};
use database::settings::SessionLimits;
use database::url::DatabaseUrl;
use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;
use tokio_postgres::{Client, Config, NoTls};

use crate::support::database::TestDatabase;
use crate::support::pooler::{Mode, Pooler};

/// A port that nobody would recognise.
const PORT: u16 = 5999;

const MODES: [Mode; 2] = [Mode::Transaction, Mode::Session];

/// Connects another client of the pooler.
async fn other_client(url: &str) -> Client {
    let (client, connection) = url.parse::<Config>().unwrap().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Returns everything that a session can leave behind.
async fn traces(client: &Client) -> String {
    let sql = "SELECT concat_ws(' ', current_user, current_setting('TimeZone'), current_setting('statement_timeout'), \
               current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout'), \
               current_setting('max_parallel_workers_per_gather'), current_setting('row_security'), \
               (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_listening_channels()), \
               (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'))";
    let answer = client.simple_query(sql).await.unwrap();
    let row = answer.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.unwrap().to_owned()
}

#[tokio::test]
async fn a_server_is_told_from_a_pooler_on_any_port() {
    let db = TestDatabase::empty().await;
    let direct = Connection::connect(&db.database_url()).await.unwrap();
    assert!(!direct.is_through_pooler() && direct.keeps_session());
    for mode in MODES {
        let pooler = Pooler::start(mode, 2, PORT);
        let url: DatabaseUrl = pooler.url(db.url()).parse().unwrap();
        assert!(!url.is_pooler(), "only the probe can tell");
        let conn = Connection::connect(&url).await.unwrap();
        assert!(conn.is_through_pooler() && !conn.keeps_session(), "{mode:?}");
        let said = url.with_param("pgbouncer", "false");
        let conn = Connection::connect(&said).await.unwrap();
        assert!(conn.is_through_pooler() && conn.keeps_session(), "{mode:?}");
    }
}

#[tokio::test]
async fn nothing_of_a_session_reaches_other_clients_of_a_pooler() {
    let db = TestDatabase::empty().await;
    let untouched = traces(&db.client().await).await;
    for mode in MODES {
        // All clients share one connection to the server.
        let pooler = Pooler::start(mode, 1, PORT);
        let url = pooler.url(db.url());
        let options = ConnectOptions {
            limits: SessionLimits::default(),
            ..ConnectOptions::new(url.parse().unwrap())
        };
        let conn = Connection::open(&options).await.unwrap();
        (&conn).batch_execute("SELECT 1").await.unwrap();
        conn.send_ahead("SET LOCAL app.tenant_id = 'acme'").unwrap();
        (&conn)
            .batch_execute(
                "DO $$ BEGIN ASSERT current_setting('statement_timeout') = '30s'; \
                 ASSERT current_setting('max_parallel_workers_per_gather') = '0'; END $$",
            )
            .await
            .unwrap();
        conn.commit().await.unwrap();
        if mode == Mode::Session {
            // The server connection is given to the next client when this one leaves.
            drop(conn);
        }
        assert_eq!(traces(&other_client(&url).await).await, untouched, "{mode:?}");
    }
}

#[tokio::test]
async fn nothing_migrates_or_listens_through_a_pooler() {
    let db = TestDatabase::empty().await;
    for mode in MODES {
        let pooler = Pooler::start(mode, 3, PORT);
        let url: DatabaseUrl = pooler.url(db.url()).parse().unwrap();
        for result in join_all((0..3).map(|_| migrate::up(&url))).await {
            assert!(matches!(result, Err(MigrateError::Pooler(_))), "{mode:?} {result:?}");
        }
        let error = Listener::connect(&url, "jobs").await.unwrap_err().to_string();
        assert!(error.contains("leads through a pooler"), "{error}");
        let locks = "SELECT FROM pg_locks WHERE locktype = 'advisory' \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        assert!(db.client().await.query(locks, &[]).await.unwrap().is_empty());
        assert_eq!(
            traces(&other_client(&pooler.url(db.url())).await).await,
            traces(&db.client().await).await
        );
    }
    // The operator knows of a pooler that keeps one session for each client.
    let pooler = Pooler::start(Mode::Session, 3, PORT);
    let url: DatabaseUrl = pooler.url(db.url()).parse().unwrap();
    let url = url.with_param("pgbouncer", "false");
    let migrated = tokio::time::timeout(Duration::from_secs(60), migrate::up(&url)).await;
    assert!(!migrated.unwrap().unwrap().is_empty());
}
