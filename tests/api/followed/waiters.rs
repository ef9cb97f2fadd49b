//! Requests that wait for the end of work.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use jobs::{Awaited, TooManyWaiters, Waiters};
use serde_json::json;
use uuid::Uuid;

use super::{batch, scan};
use crate::support::app::TestApp;
use crate::support::database::eventually;

/// Long before a request would stop waiting by itself.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_wait_without_connections_until_the_work_ends() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let one = scan(&acme, "a.bench.test").await;
    let batch = batch(&acme, &["b.bench.test", "c.bench.test"]).await;
    let paths = [
        format!("/api/v1/jobs/{one}?wait=30"),
        format!("/api/v1/status/{one}?wait=30"),
        format!("/api/v1/batches/{batch}?wait=30"),
        format!("/api/v1/batch/status/{batch}?wait=30"),
    ];
    let begun = Instant::now();
    let waits = join_all((0..40).map(|number| acme.get(&paths[number % paths.len()])));
    let waiters = app.client().rocket().state::<Waiters>().unwrap();
    let cancels = async {
        eventually("all wait", async || waiters.count() == 40).await;
        // Five connections are enough for all of them and this.
        let first = acme.post("/api/v1/jobs/cancel", json!({ "ids": [one] })).await;
        assert_eq!(first.body["changed"], 1, "{first:?}");
        eventually("half of them have their answer", async || waiters.count() == 20).await;
        acme.post("/api/v1/jobs/cancel", json!({ "filter": {} })).await;
    };
    let (answers, ()) = tokio::join!(waits, cancels);
    for answer in answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        let status = answer.body["status"].as_str().unwrap();
        assert!(["cancelled", "failed"].contains(&status), "{answer:?}");
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_eq!(waiters.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_waits_as_long_as_it_says_and_no_longer() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let id = scan(&acme, "a.bench.test").await;
    let begun = Instant::now();
    let pending = acme.get(&format!("/api/v1/jobs/{id}?wait=1")).await;
    assert_eq!(pending.body["status"], "pending", "{pending:?}");
    let took = begun.elapsed();
    assert!((Duration::from_secs(1)..SOON).contains(&took), "{took:?}");

    for (wait, status) in [("0", 400), ("31", 400), ("x", 400), ("", 400), ("-1", 400)] {
        for path in [format!("/api/v1/jobs/{id}"), format!("/api/v1/batches/{}", Uuid::nil())] {
            let answer = acme.get(&format!("{path}?wait={wait}")).await;
            assert_eq!(
                (answer.status, &answer.body["field"]),
                (status, &json!("wait")),
                "{wait}: {answer:?}"
            );
        }
    }
    let begun = Instant::now();
    assert_eq!(bolt.get(&format!("/api/v1/jobs/{id}?wait=30")).await.status, 404);
    let batch = batch(&acme, &["b.bench.test"]).await;
    assert_eq!(bolt.get(&format!("/api/v1/batches/{batch}?wait=30")).await.status, 404);
    acme.post("/api/v1/jobs/cancel", json!({ "filter": {} })).await;
    assert_eq!(
        acme.get(&format!("/api/v1/jobs/{id}?wait=30")).await.body["status"],
        "cancelled"
    );
    assert_eq!(
        acme.get(&format!("/api/v1/batches/{batch}?wait=30")).await.body["status"],
        "cancelled"
    );
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_ends_with_the_server() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let id = scan(&acme, "a.bench.test").await;
    let waiters = app.client().rocket().state::<Waiters>().unwrap();
    let begun = Instant::now();
    let path = format!("/api/v1/jobs/{id}?wait=30");
    let stops = async {
        eventually("it waits", async || waiters.count() == 1).await;
        app.client().rocket().shutdown().notify();
    };
    let (answer, ()) = tokio::join!(acme.get(&path), stops);
    assert_eq!(
        (answer.status, &answer.body["status"]),
        (200, &json!("pending")),
        "{answer:?}"
    );
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_cannot_take_all_places_and_whoever_leaves_gives_its_place_back() {
    let app = TestApp::new().await;
    let (acme, bolt) = (app.agency("acme").await.agency.id, app.agency("bolt").await.agency.id);
    let waiters = Waiters::new(app.pool().clone());
    // A job that waits, so that nobody is told of its end.
    let job = app.agencies().tenant("other").await;
    let job =
        job.run(async |conn| database::repo::jobs::enqueue(conn, &crate::support::tenants::new_job("other")).await);
    let awaited = Awaited::Job(job.await.job.job_id);
    let other = app.texts("SELECT tenant_id::text FROM jobs").await.remove(0);
    assert!(![acme.to_string(), bolt.to_string()].contains(&other));
    // Of this tenant the job does not exist, which counts as ended.
    assert_eq!(waiters.wait(acme, awaited, SOON).await, Ok(true));
    app.sql(&format!("UPDATE jobs SET tenant_id = '{acme}'")).await;
    let all: Vec<_> = (0..250)
        .map(|_| {
            let waiters = waiters.clone();
            tokio::spawn(async move { waiters.wait(acme, awaited, SOON).await })
        })
        .collect();
    eventually("all are admitted", async || waiters.count() == 250).await;
    assert_eq!(waiters.wait(acme, awaited, SOON).await, Err(TooManyWaiters));
    assert_eq!(waiters.wait(bolt, awaited, SOON).await, Ok(true));
    for one in &all {
        one.abort();
    }
    eventually("all have left", async || waiters.count() == 0).await;
    assert_eq!(waiters.wait(acme, awaited, Duration::from_millis(300)).await, Ok(false));
}
