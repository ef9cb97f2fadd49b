//! What a database that is short of connections, time or locks means to callers: a 503 soon, and never another tenant's.

use std::time::{Duration, Instant};

use database::connection::{Shortage, shortage};
use database::pool::{Pool, PoolError};
use database::settings::{PoolConfig, SessionLimits};
use diesel_async::SimpleAsyncConnection;
use futures_util::future::join_all;

use crate::support::app::{Answer, TestApp};
use crate::support::database::{TestDatabase, eventually};
use crate::support::tenants::Agencies;

/// A pool of four connections.
fn four() -> PoolConfig {
    PoolConfig {
        base: 4,
        overflow: 0,
        queue: Some(4),
        wait: Duration::from_millis(300),
        limits: SessionLimits {
            lock: Duration::from_millis(200),
            ..SessionLimits::none()
        },
        ..PoolConfig::default()
    }
}

async fn agencies(config: &PoolConfig) -> Agencies {
    let database = TestDatabase::new().await;
    let pool = Pool::new(&database.database_url(), config).unwrap();
    Agencies { database, pool }
}

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.body["code"], "unavailable", "{answer:?}");
    assert!(
        answer.headers.iter().any(|(name, _)| name == "retry-after"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_tenant_holds_at_most_half_of_the_pool() {
    let agencies = agencies(&four()).await;
    let (acme, bolt) = (agencies.tenant("acme").await, agencies.tenant("bolt").await);
    let held = (acme.open().await, acme.open().await);
    let refused = acme.pool.tenant(acme.id).await.unwrap_err();
    assert!(matches!(refused, PoolError::Timeout { max: 2, .. }), "{refused:?}");
    let others = (bolt.open().await, bolt.open().await);
    drop(held);
    drop(others);
    drop((acme.open().await, acme.open().await));
}

#[tokio::test]
async fn callers_behind_a_full_queue_are_refused_at_once() {
    let agencies = agencies(&PoolConfig {
        wait: Duration::from_secs(20),
        ..four()
    })
    .await;
    let acme = agencies.tenant("acme").await;
    let _held = (acme.open().await, acme.open().await);
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let (pool, id) = (acme.pool.clone(), acme.id);
            tokio::spawn(async move { pool.tenant(id).await.map(drop) })
        })
        .collect();
    // On this runtime of one thread both tasks take their places now.
    tokio::task::yield_now().await;
    let begun = Instant::now();
    let refused = acme.pool.tenant(acme.id).await.unwrap_err();
    assert!(matches!(refused, PoolError::Busy { waiting: 2 }), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_secs(15));
    let bolt = agencies.tenant("bolt").await;
    drop(bolt.open().await);
    for task in waiting {
        task.abort();
    }
}

#[tokio::test]
async fn a_refused_connection_waits_for_one_that_the_pool_has() {
    let mut database = TestDatabase::new().await;
    let login = database.login("crowded", "CONNECTION LIMIT 1").await;
    let pool = Pool::new(
        &login.database_url(),
        &PoolConfig {
            wait: Duration::from_secs(10),
            ..four()
        },
    )
    .unwrap();
    let first = pool.get().await.unwrap();
    let second = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.get().await.map(drop) })
    };
    eventually("the second caller is refused a connection of its own", async || {
        pool.status().size == 1 && !second.is_finished()
    })
    .await;
    drop(first);
    second.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_table_is_unavailable_to_one_tenant_and_to_readiness_nothing() {
    let app = TestApp::on(agencies(&four()).await, &[]).await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    bolt.agency.domain("bolt.test").await;
    let lock = app.agencies().database.client().await;
    lock.batch_execute("BEGIN; LOCK TABLE jobs").await.unwrap();
    let asked = join_all((0..30).map(|_| acme.get("/api/v1/jobs")));
    let beside = async {
        for _ in 0..5 {
            let (ready, list) = (
                app.send(rocket::http::Method::Get, "/ready", None, None).await,
                bolt.get("/api/v1/domains").await,
            );
            assert_eq!((ready.status, list.status), (200, 200), "{ready:?} {list:?}");
        }
    };
    let (answers, ()) = tokio::join!(asked, beside);
    for answer in &answers {
        assert_unavailable(answer);
    }
    lock.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(acme.get("/api/v1/jobs").await.status, 200);
}

#[tokio::test]
async fn shortages_are_told_by_their_code() {
    let agencies = agencies(&four()).await;
    let mut conn = agencies.pool.get().await.unwrap();
    for (code, expected) in [
        ("40001", Some(Shortage::Turn)),
        ("40P01", Some(Shortage::Turn)),
        ("55P03", Some(Shortage::Turn)),
        ("57014", Some(Shortage::Time)),
        ("53300", Some(Shortage::Connections)),
        ("53100", Some(Shortage::Space)),
        ("58030", Some(Shortage::Space)),
        ("53200", Some(Shortage::Resources)),
        ("22012", None),
        ("23505", None),
    ] {
        let sql = format!("DO $$ BEGIN RAISE EXCEPTION 'a sentence in any language' USING ERRCODE = '{code}'; END $$");
        let error = conn.batch_execute(&sql).await.unwrap_err();
        assert_eq!(shortage(&error), expected, "{code}: {error}");
        assert!(error.to_string().contains("any language"), "{error}");
    }
}
