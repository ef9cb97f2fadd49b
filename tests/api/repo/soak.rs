//! Two tenants take turns on one connection, and stop at any moment.

use std::env;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use database::ids::TenantId;
use database::repo::domains;
use diesel::prelude::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Uuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::extent;
use crate::support::tenants::{Agencies, Agency, new_domain};

/// The full number, for `SCRAPERSKY_SOAK`.
const TRANSACTIONS_OF_A_SOAK: usize = 100_000;

/// The approximate number of polls of the longest unit of work.
const POLLS: usize = 8;

#[tokio::test]
async fn no_row_and_no_setting_of_one_tenant_reaches_another_on_a_shared_connection() {
    let transactions = match env::var_os("SCRAPERSKY_SOAK") {
        Some(_) => TRANSACTIONS_OF_A_SOAK,
        None => extent::of(2_000, 400),
    };
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let bolt = agencies.tenant("bolt").await;
    let (acme_id, bolt_id) = (acme.id, bolt.id);
    let begun = Instant::now();
    let acme = tokio::spawn(work(acme, "acme", bolt_id, transactions / 2, 1));
    let bolt = tokio::spawn(work(bolt, "bolt", acme_id, transactions / 2, 2));
    let (acme, bolt) = (acme.await.unwrap(), bolt.await.unwrap());
    eprintln!(
        "{transactions} transactions in {:?}: {} committed, {} dropped, {} failed on purpose",
        begun.elapsed(),
        acme.committed.len() + bolt.committed.len(),
        acme.dropped + bolt.dropped,
        acme.failed + bolt.failed,
    );
    let client = agencies.database.client().await;
    for (tenant, history) in [(acme_id, acme), (bolt_id, bolt)] {
        let names = "SELECT domain FROM domains WHERE tenant_id::text = $1";
        let rows = client.query(names, &[&tenant.to_string()]).await.unwrap();
        let mut stored: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        stored.sort_unstable();
        for name in &history.committed {
            assert!(
                stored.binary_search(name).is_ok(),
                "{name} was committed but is missing"
            );
        }
        for name in &stored {
            assert!(name.starts_with(history.prefix), "{name} is another tenant's");
            assert!(!name.contains("never"), "{name} was in a transaction that failed");
        }
        assert!(history.committed.len() > transactions / 16 && history.dropped > transactions / 16);
    }
}

/// The history of one tenant.
struct History {
    prefix: &'static str,
    committed: Vec<String>,
    dropped: usize,
    failed: usize,
}

async fn work(agency: Agency, prefix: &'static str, other: TenantId, transactions: usize, seed: u64) -> History {
    let mut random = StdRng::seed_from_u64(seed);
    let mut history = History {
        prefix,
        committed: Vec::new(),
        dropped: 0,
        failed: 0,
    };
    for number in 0..transactions {
        let polls = if random.random_ratio(1, 3) {
            random.random_range(1..POLLS)
        } else {
            usize::MAX
        };
        let name = format!("{prefix}-{number}.test");
        let dropped = match random.random_range(0..8) {
            0 => abandon(inspect(&agency), polls).await.is_none(),
            1..4 => abandon(read(&agency, other), polls).await.is_none(),
            4 => {
                history.failed += 1;
                let name = format!("{prefix}-never-{number}.test");
                abandon(fail(&agency, &name), polls).await.is_none()
            }
            _ => match abandon(write(&agency, &name), polls).await {
                Some(()) => {
                    history.committed.push(name);
                    false
                }
                None => true,
            },
        };
        history.dropped += usize::from(dropped);
    }
    history
}

/// Polls a future at most `polls` times, then drops it.
async fn abandon<T>(future: impl Future<Output = T>, polls: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Takes the connection and checks that the last borrower left nothing behind.
async fn inspect(agency: &Agency) {
    let mut conn = agency.pool.get().await.unwrap();
    assert!(conn.is_clean());
    let session =
        "SELECT current_user = session_user AND coalesce(current_setting('app.tenant_id', true), '') = '' AS holds";
    let session: Holds = diesel::sql_query(session).get_result(&mut *conn).await.unwrap();
    assert!(session.holds, "a role or a tenant was left behind");
    let savepoint = conn.batch_execute("SAVEPOINT one").await;
    assert!(savepoint.is_err(), "a transaction was left open");
}

/// Reads without filters, so that only the transaction's settings decide.
async fn read(agency: &Agency, other: TenantId) {
    let mut conn = agency.open().await;
    let session = "SELECT current_user = 'scrapersky_tenant' AND current_setting('app.tenant_id')::uuid = $1 AS holds";
    let session: Holds = diesel::sql_query(session)
        .bind::<Uuid, _>(agency.id)
        .get_result(&mut conn)
        .await
        .unwrap();
    assert!(session.holds, "the transaction is another tenant's");
    let seen: Vec<Seen> = diesel::sql_query(
        "SELECT tenant_id, count(*) AS count FROM (SELECT tenant_id FROM domains LIMIT 100) d GROUP BY tenant_id
         UNION ALL SELECT tenant_id, 1 FROM (SELECT tenant_id FROM domains WHERE tenant_id = $1 LIMIT 1) d",
    )
    .bind::<Uuid, _>(other)
    .load(&mut conn)
    .await
    .unwrap();
    assert!(seen.iter().all(|seen| seen.tenant_id == agency.id), "{seen:?}");
    // Half of the readers drop the transaction, as a handler that returns 404 does.
    if seen.iter().any(|seen| seen.count % 2 == 0) {
        conn.commit().await.unwrap();
    }
}

async fn write(agency: &Agency, name: &str) {
    let mut conn = agency.open().await;
    let domain = domains::upsert(&mut conn, &new_domain(name)).await.unwrap();
    assert_eq!(domain.tenant_id, agency.id);
    conn.commit().await.unwrap();
}

async fn fail(agency: &Agency, name: &str) {
    let mut conn = agency.open().await;
    domains::upsert(&mut conn, &new_domain(name)).await.unwrap();
    assert!(conn.batch_execute("SELECT 1 / 0").await.is_err());
    assert!(conn.commit().await.is_err(), "a failed transaction was committed");
}

#[derive(QueryableByName)]
struct Holds {
    #[diesel(sql_type = Bool)]
    holds: bool,
}

#[derive(Debug, QueryableByName)]
struct Seen {
    #[diesel(sql_type = Uuid)]
    tenant_id: TenantId,
    #[diesel(sql_type = BigInt)]
    count: i64,
}
