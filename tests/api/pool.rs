//! The pool: its limits, and that no borrower gets another's leftovers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use database::connection::Connection;
use database::pool::{Pool, PoolError, PoolStatus};
use database::settings::{PoolConfig, SessionLimits};
use database::url::DatabaseUrl;
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::sql_types::{Integer, Text};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::{FutureExt, join_all, try_join_all};
use nix::sys::signal::Signal;

use crate::support::database::{empty_database, eventually};
use crate::support::server::Server;

#[derive(QueryableByName)]
struct Pid {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

#[derive(QueryableByName)]
struct Value {
    #[diesel(sql_type = Text)]
    v: String,
}

async fn pid(conn: &Connection) -> QueryResult<i32> {
    diesel::sql_query("SELECT pg_backend_pid() AS pid")
        .get_result::<Pid>(&mut conn.reading())
        .await
        .map(|row| row.pid)
}

async fn setting(conn: &Connection, name: &str) -> String {
    let sql = format!("SELECT coalesce(current_setting('{name}', true), '') AS v");
    diesel::sql_query(sql)
        .get_result::<Value>(&mut conn.reading())
        .await
        .unwrap()
        .v
}

async fn pool(config: PoolConfig) -> (Pool, DatabaseUrl) {
    let url = empty_database("CREATE TABLE things (id int)").await;
    (Pool::new(&url, &config).unwrap(), url)
}

fn one() -> PoolConfig {
    PoolConfig {
        base: 1,
        overflow: 0,
        ..PoolConfig::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifteen_connections_serve_fifty_users_and_shrink_to_five() {
    let (pool, url) = pool(PoolConfig::default()).await;
    let at_once = AtomicUsize::new(0);
    let most = AtomicUsize::new(0);
    let user = || async {
        let conn = pool.get().await.unwrap();
        most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        (&*conn).batch_execute("SELECT pg_sleep(0.02)").await.unwrap();
        at_once.fetch_sub(1, Ordering::SeqCst);
    };
    join_all((0..50).map(|_| user())).await;
    assert!(most.into_inner() <= 15);
    // Whatever is spare is closed when nobody needed it for a while.
    let calm = PoolStatus {
        size: 5,
        idle: 5,
        in_use: 0,
        waiting: 0,
        max: 15,
    };
    eventually("the pool has shrunk", async || pool.status() == calm).await;
    let watcher = Connection::connect(&url).await.unwrap();
    let sql = "SELECT count(*)::int AS pid FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    eventually("the server has five sessions", || async {
        diesel::sql_query(sql)
            .get_result::<Pid>(&mut &watcher)
            .await
            .unwrap()
            .pid
            == 5
    })
    .await;
}

#[tokio::test]
async fn waiting_too_long_is_a_typed_error() {
    let (pool, _) = pool(PoolConfig {
        wait: Duration::from_millis(50),
        ..one()
    })
    .await;
    let held = pool.get().await.unwrap();
    let error = pool.get().await.unwrap_err();
    assert!(matches!(error, PoolError::Timeout { max: 1, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "no database connection became free within 0.05 s (all 1 are in use)"
    );
    drop(held);
    pool.get().await.unwrap();
    pool.close();
    assert!(matches!(pool.get().await.unwrap_err(), PoolError::Closed));
}

#[tokio::test]
async fn an_unreachable_server_is_reported_without_the_password() {
    let url = "postgresql://ann:s3cret@127.0.0.1:1/sky".parse().unwrap();
    let error = Pool::new(&url, &one()).unwrap().get().await.unwrap_err();
    assert!(matches!(error, PoolError::Connect { .. }));
    let said = format!("{error} {error:?}");
    assert!(said.contains("refused") && !said.contains("s3cret"), "{said}");
}

#[tokio::test]
async fn an_idle_connection_is_used_again_and_an_old_one_replaced() {
    let (young, _) = pool(one()).await;
    let first = pid(&young.get().await.unwrap()).await.unwrap();
    assert_eq!(pid(&young.get().await.unwrap()).await.unwrap(), first);
    let (old, _) = pool(PoolConfig {
        recycle: Duration::ZERO,
        ..one()
    })
    .await;
    let first = pid(&old.get().await.unwrap()).await.unwrap();
    assert_ne!(pid(&old.get().await.unwrap()).await.unwrap(), first);
}

#[tokio::test]
async fn sessions_are_set_up_with_their_limits() {
    let limits = SessionLimits {
        lock: Duration::ZERO,
        ..SessionLimits::default()
    };
    let (direct, url) = pool(PoolConfig { limits, ..one() }).await;
    let conn = direct.get().await.unwrap();
    assert_eq!(setting(&conn, "application_name").await, "scrapersky");
    assert_eq!(setting(&conn, "statement_timeout").await, "30s");
    assert_eq!(setting(&conn, "idle_in_transaction_session_timeout").await, "1min");
    assert_eq!(setting(&conn, "lock_timeout").await, "0");
    assert_eq!(setting(&conn, "max_parallel_workers_per_gather").await, "0");

    let pooled = Pool::new(&url.with_param("pgbouncer", "true"), &PoolConfig { limits, ..one() }).unwrap();
    let conn = pooled.get().await.unwrap();
    assert_eq!(
        setting(&conn, "statement_timeout").await,
        "0",
        "a session setting would reach other clients"
    );
    conn.send_ahead("SELECT").unwrap();
    assert_eq!(setting(&conn, "statement_timeout").await, "30s");
    assert_eq!(setting(&conn, "max_parallel_workers_per_gather").await, "0");
    conn.rollback().await.unwrap();
}

#[tokio::test]
async fn a_terminated_session_and_a_discarded_connection_are_replaced() {
    let (pool, url) = pool(one()).await;
    let first = pid(&pool.get().await.unwrap()).await.unwrap();
    let mut admin = Connection::connect(&url).await.unwrap();
    admin
        .batch_execute(&format!("SELECT pg_terminate_backend({first})"))
        .await
        .unwrap();
    eventually("the session is gone", || async {
        let sql = format!("SELECT count(*)::int AS pid FROM pg_stat_activity WHERE pid = {first}");
        diesel::sql_query(sql).get_result::<Pid>(&mut &admin).await.unwrap().pid == 0
    })
    .await;
    // Whether the client has noticed is unpredictable; the ping before use makes the result certain.
    let checking = Pool::new(
        &url,
        &PoolConfig {
            ping_after: Duration::ZERO,
            ..one()
        },
    )
    .unwrap();
    let second = pid(&checking.get().await.unwrap()).await.unwrap();
    admin
        .batch_execute(&format!("SELECT pg_terminate_backend({second})"))
        .await
        .unwrap();
    let conn = checking.get().await.unwrap();
    let third = pid(&conn).await.unwrap();
    assert_ne!(third, second);
    conn.discard();
    assert_eq!(checking.status().size, 0);
    assert_ne!(pid(&checking.get().await.unwrap()).await.unwrap(), third);
}

#[tokio::test]
async fn a_restart_of_the_server_is_survived() {
    let mut server = Server::start(&[]);
    let url = server.tcp_url("127.0.0.1").parse().unwrap();
    let pool = Pool::new(
        &url,
        &PoolConfig {
            ping_after: Duration::ZERO,
            ..PoolConfig::default()
        },
    )
    .unwrap();
    let held = try_join_all((0..8).map(|_| pool.get())).await.unwrap();
    drop(held);
    server.restart();
    let again = try_join_all((0..8).map(|_| pool.get())).await.unwrap();
    for conn in &again {
        pid(conn).await.unwrap();
    }
    server.stop(Signal::SIGINT);
    assert!(pid(&again[0]).await.is_err());
    drop(again);
    assert!(matches!(pool.get().await.unwrap_err(), PoolError::Connect { .. }));
    server.run();
    pid(&pool.get().await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_dirty_connection_is_never_handed_on() {
    let (pool, _) = pool(one()).await;
    let settings = "SET LOCAL app.tenant_id = 'acme'";
    let mut last = 0;
    for how in 0..6 {
        let mut conn = pool.get().await.unwrap();
        let now = pid(&conn).await.unwrap();
        assert_ne!(now, last, "the connection left dirty by way {} came back", how - 1);
        assert_eq!(setting(&conn, "app.tenant_id").await, "");
        last = now;
        match how {
            0 => assert!((&*conn).batch_execute("SELECT pg_sleep(3600)").now_or_never().is_none()),
            1 => {
                let never = conn.transaction::<(), diesel::result::Error, _>(async |conn| {
                    diesel::sql_query("SELECT pg_sleep(3600)").execute(conn).await.map(drop)
                });
                let _ = tokio::time::timeout(Duration::from_millis(30), never).await;
            }
            2 => conn.send_ahead(settings).unwrap(),
            3 => {
                conn.send_ahead(settings).unwrap();
                assert!(pid(&conn).now_or_never().is_none());
            }
            4 => {
                conn.send_ahead(settings).unwrap();
                pid(&conn).await.unwrap();
            }
            _ => {
                conn.send_ahead(settings).unwrap();
                conn.batch_execute("SELECT 1/0").await.unwrap_err();
            }
        }
        drop(conn);
        assert_eq!(
            pool.status().size,
            0,
            "way {how}: closed at once, not at the next checkout"
        );
    }
    let conn = pool.get().await.unwrap();
    assert_ne!(pid(&conn).await.unwrap(), last);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancelled_users_leave_nothing_behind() {
    let (pool, _) = pool(PoolConfig {
        base: 2,
        overflow: 2,
        queue: Some(1000),
        ..PoolConfig::default()
    })
    .await;
    let user = |n: u64| {
        let pool = pool.clone();
        async move {
            let conn = pool.get().await.unwrap();
            conn.send_ahead(&format!("SET LOCAL app.tenant_id = '{n}'")).unwrap();
            assert_eq!(setting(&conn, "app.tenant_id").await, n.to_string());
            conn.rollback().await.unwrap();
            assert_eq!(setting(&conn, "app.tenant_id").await, "");
        }
    };
    let users = (0..400).map(|n| {
        let user = user(n);
        tokio::spawn(async move {
            if n % 5 == 0 {
                let _ = tokio::time::timeout(Duration::from_micros(100 * (n % 20)), user).await;
            } else {
                user.await;
            }
        })
    });
    try_join_all(users).await.unwrap();
    eventually("the pool is at rest and has shrunk", async || {
        let status = pool.status();
        status.in_use == 0 && status.size <= 2
    })
    .await;
}
