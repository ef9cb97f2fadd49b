//! Workers that are killed while they post.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use rand::RngExt;
use serde_json::json;
use tokio::sync::watch;

use super::{happen, webhook};
use crate::support::app::TestApp;
use crate::support::database::eventually;
use crate::support::program::Program;
use crate::support::receiver::{Receiver, accepted};
use crate::support::site::{Reply, Site};

/// Returns workers that post what is for names below `.hooks.test` to this receiver.
async fn workers(app: &TestApp, receiver: &Receiver) -> Program {
    let mut program = Program::new(app.agencies().database.url(), &Site::canary().await);
    program.set("SCRAPERSKY_CONNECT_TO", &format!("*.hooks.test={}", receiver.addr));
    program.set("SCRAPERSKY_WEBHOOK_TIMEOUT_SECONDS", "1");
    program.set("SCRAPERSKY_WEBHOOK_RETRY_SECONDS", "0.001");
    program
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_worker_was_posting_is_posted_once_more() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let (gate, closed) = watch::channel(false);
    let held = accepted().into_bytes();
    let receiver = Receiver::start(move |_, number| {
        if number == 0 {
            Reply::Held(closed.clone(), held.clone())
        } else {
            accepted()
        }
    })
    .await;
    let program = workers(&app, &receiver).await;
    webhook(&acme, "/", &["job.ended"]).await;
    let worker = program.start(&["worker"]);
    happen(&app, &acme, &["job.ended", "job.ended"]).await;
    eventually("it is being posted", async || !receiver.posts().is_empty()).await;
    worker.kill();
    drop(gate);
    let second = program.start(&["worker"]);
    eventually("both are posted", async || receiver.count() == 3).await;
    let posts = receiver.posts();
    assert_eq!(posts[0].id(), posts[1].id());
    assert_ne!(posts[1].id(), posts[2].id());
    eventually("both are noted", async || {
        app.count("SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'")
            .await
            == 2
    })
    .await;
    assert_eq!(app.count("SELECT count(*) FROM webhook_deliveries").await, 2);
    assert!(second.end());
}

/// How much the proof does: less unless it goes all the way.
fn extent() -> (usize, usize) {
    if crate::support::extent::is_full() {
        (2_000, 8)
    } else {
        (300, 2)
    }
}

/// Starts a receiver with three paths: one accepts everything, a flaky one the third post of each event, and one is gone.
async fn mixed() -> Receiver {
    let seen: Mutex<HashMap<String, usize>> = Mutex::default();
    Receiver::start(move |post, _| match post.path.as_str() {
        "/gone" => Reply::new("410 Gone", &[], ""),
        "/flaky" => {
            let mut seen = seen.lock().unwrap();
            let times = seen.entry(post.id().to_owned()).or_default();
            *times += 1;
            if *times < 3 {
                Reply::new("503 Service Unavailable", &[], "")
            } else {
                accepted()
            }
        }
        _ => accepted(),
    })
    .await
}

/// Returns how often each event was posted to a path.
fn times(receiver: &Receiver, path: &str) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for post in receiver.posts_to(path) {
        *times.entry(post.id().to_owned()).or_default() += 1;
    }
    times
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_reaches_every_receiver_that_recovers_through_kills_of_workers() {
    let (events, kills) = extent();
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = mixed().await;
    let program = workers(&app, &receiver).await;
    for path in ["/steady", "/flaky", "/gone"] {
        webhook(&acme, path, &["job.ended"]).await;
    }
    let tenant = acme.agency.id;
    let mut running = [program.start(&["worker"]), program.start(&["worker"])];
    for round in 0..=kills {
        let some = events / (kills + 1) + usize::from(round == 0) * (events % (kills + 1));
        app.sql(&format!(
            "INSERT INTO events (tenant_id, kind, job_id) SELECT '{tenant}', 'job.ended', gen_random_uuid() FROM generate_series(1, {some})"
        ))
        .await;
        let posted = receiver.count();
        eventually("something is posted", async || receiver.count() > posted + 10).await;
        if round < kills {
            let victim = rand::rng().random_range(0..2);
            std::mem::replace(&mut running[victim], program.start(&["worker"])).kill();
        }
    }
    eventually("nothing waits", async || {
        app.count("SELECT count(*) FROM webhook_deliveries WHERE status = 'waiting'")
            .await
            == 0
            && app
                .count("SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'")
                .await
                == 2 * i64::try_from(events).unwrap()
    })
    .await;
    for path in ["/steady", "/flaky"] {
        let times = times(&receiver, path);
        assert_eq!(times.len(), events, "{path}");
        let doubled = times.values().filter(|times| **times > 1).count();
        println!("{path}: {events} events, {doubled} posted more than once");
        assert!(
            path == "/flaky" || doubled <= kills,
            "{doubled} doubled by {kills} kills"
        );
    }
    // A worker that was killed may not have noted the answer.
    assert!(receiver.posts_to("/gone").len() <= 1 + kills);
    let gone = acme.get("/api/v1/events?kind=webhook.disabled").await.body;
    assert_eq!(gone["items"][0]["data"]["because"], json!("gone"));
    for worker in running {
        assert!(worker.end());
    }
}
