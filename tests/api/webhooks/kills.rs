//! Processes that are killed while they post.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::sync::Mutex;

use serde_json::json;
use tokio::sync::watch;

use super::{deliveries, happen, webhook};
use crate::support::app::{Holder, TestApp};
use crate::support::database::eventually;
use crate::support::extent;
use crate::support::program::{Program, Running};
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

/// Returns how many events happen, and how often a process is killed meanwhile.
fn events_and_kills() -> (usize, usize) {
    let events = env::var("SCRAPERSKY_CHAOS_EVENTS").map(|text| text.parse().unwrap());
    (events.unwrap_or(extent::of(2_000, 300)), extent::of(8, 2))
}

/// Receivers that accept each event at last, by their paths.
const RECOVERING: [&str; 4] = ["/steady", "/flaky", "/hanging", "/moving"];

/// Starts a receiver whose paths behave as they are called: `/flaky` accepts the third post of each event, `/hanging` is silent
/// about the first post of every hundredth and `/moving` redirects every tenth, and `/gone` accepts nothing.
async fn mixed() -> Receiver {
    let seen: Mutex<HashMap<String, HashMap<String, usize>>> = Mutex::default();
    Receiver::start(move |post, _| {
        let mut seen = seen.lock().unwrap();
        let of_path = seen.entry(post.path.clone()).or_default();
        let events = of_path.len();
        let times = of_path.entry(post.id().to_owned()).or_default();
        *times += 1;
        match post.path.as_str() {
            "/gone" => Reply::new("410 Gone", &[], ""),
            "/flaky" if *times < 3 => Reply::new("503 Service Unavailable", &[], ""),
            "/hanging" if *times == 1 && events.is_multiple_of(100) => Reply::Silence,
            "/moving" if *times == 1 && events.is_multiple_of(10) => Reply::redirect("http://a.hooks.test/elsewhere"),
            _ => accepted(),
        }
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

/// Lets events happen, and kills the server and the worker in turn while they are posted. Returns what runs at the end.
async fn kill_meanwhile(app: &TestApp, acme: &Holder<'_>, program: &Program, receiver: &Receiver) -> Vec<Running> {
    let (events, kills) = events_and_kills();
    let (tenant, key) = (acme.agency.id, &acme.key);
    let mut running = vec![program.serve(&[], key).await.0, program.start(&["worker"])];
    for round in 0..=kills {
        let some = events / (kills + 1) + usize::from(round == 0) * (events % (kills + 1));
        app.sql(&format!(
            "INSERT INTO events (tenant_id, kind, job_id) SELECT '{tenant}', 'job.ended', gen_random_uuid() FROM generate_series(1, {some})"
        ))
        .await;
        happen(app, acme, &["job.begun"]).await;
        let posted = receiver.count();
        eventually("something is posted", async || receiver.count() > posted + 10).await;
        if round < kills {
            running.remove(0).kill();
            let next = if round % 2 == 0 {
                program.serve(&[], key).await.0
            } else {
                program.start(&["worker"])
            };
            running.push(next);
        }
    }
    running
}

/// Waits until no delivery waits; there is no time limit while the receiver gets posts or deliveries end.
async fn all_ended(app: &TestApp, receiver: &Receiver) {
    const LEFT: &str =
        "SELECT (SELECT count(*) FROM webhook_deliveries WHERE status = 'waiting') + (SELECT count(*) FROM events
        WHERE kind IN ('job.begun', 'job.ended') AND id NOT IN (SELECT event_id FROM webhook_deliveries))";
    loop {
        let left = app.count(LEFT).await;
        if left == 0 {
            return;
        }
        let posted = receiver.count();
        eventually("deliveries go on", async || {
            receiver.count() != posted || app.count(LEFT).await != left
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_reaches_every_receiver_that_recovers_through_kills() {
    let (events, kills) = events_and_kills();
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let (receiver, canary) = (mixed().await, Site::canary().await);
    let program = workers(&app, &receiver).await;
    for path in RECOVERING.iter().chain(&["/gone"]) {
        webhook(&acme, path, &["job.ended"]).await;
    }
    let body = json!({ "url": format!("http://localhost:{}/", canary.port()), "kinds": ["job.begun"] });
    let private = acme.post("/api/v1/webhooks", body).await.body;
    let running = kill_meanwhile(&app, &acme, &program, &receiver).await;
    all_ended(&app, &receiver).await;

    for path in RECOVERING {
        let times = times(&receiver, path);
        assert_eq!(times.len(), events, "{path}");
        let doubled = times.values().filter(|times| **times > 1).count();
        println!("{path}: {events} events, {doubled} posted more than once");
        assert!(
            path != "/steady" || doubled <= kills,
            "{doubled} doubled by {kills} kills"
        );
    }
    let delivered = "SELECT count(*) FROM webhook_deliveries WHERE status = 'delivered'";
    assert_eq!(
        app.count(delivered).await,
        i64::try_from(RECOVERING.len() * events).unwrap()
    );
    // A process that was killed may not have noted the answer.
    assert!(receiver.posts_to("/gone").len() <= 1 + kills);
    assert!(receiver.posts_to("/elsewhere").is_empty());
    let gone = acme.get("/api/v1/events?kind=webhook.disabled").await.body;
    assert_eq!(gone["items"][0]["data"]["because"], json!("gone"));
    let refused = deliveries(&acme, &private).await;
    assert_eq!((refused.len(), canary.connections()), (kills + 1, 0));
    for delivery in refused {
        let error = delivery["tries"][0]["error"].as_str().unwrap();
        assert!(error.contains("only public addresses are allowed"), "{error}");
        assert_eq!(delivery["status"], "failed");
    }
    for process in running {
        assert!(process.end());
    }
}
