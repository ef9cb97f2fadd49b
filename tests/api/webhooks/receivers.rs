//! Receivers that fail, hang, redirect, ask for a pause, or are gone.

use std::time::Duration;

use scans::webhooks::WebhooksConfig;
use serde_json::{Value, json};

use super::{HASTY, Posting, deliveries, happen, path_of, webhook};
use crate::support::app::{Holder, TestApp};
use crate::support::database::eventually;
use crate::support::receiver::{Receiver, accepted};
use crate::support::site::{Reply, Site};

/// Waits until no delivery of a webhook waits, and returns all of them.
async fn ended(holder: &Holder<'_>, webhook: &Value) -> Vec<Value> {
    eventually("the deliveries end", async || {
        let found = deliveries(holder, webhook).await;
        !found.is_empty() && found.iter().all(|delivery| delivery["status"] != "waiting")
    })
    .await;
    deliveries(holder, webhook).await
}

fn statuses(delivery: &Value) -> Vec<u64> {
    let tries = delivery["tries"].as_array().unwrap();
    tries.iter().filter_map(|tried| tried["status"].as_u64()).collect()
}

#[tokio::test]
async fn a_receiver_that_fails_gets_the_events_of_a_job_in_order_when_it_recovers() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let failing = Reply::new("500 Internal Server Error", &[], "not now");
    let receiver = Receiver::start(move |_, number| if number < 2 { failing.clone() } else { accepted() }).await;
    let _posting = Posting::to(&app, &receiver, HASTY);
    let hook = webhook(&acme, "/", &["job.queued", "job.begun", "job.ended"]).await;
    happen(&app, &acme, &["job.queued", "job.begun", "job.ended"]).await;
    let found = ended(&acme, &hook).await;
    let kinds: Vec<String> = receiver.posts().iter().map(|post| post.kind()).collect();
    assert_eq!(
        kinds,
        ["job.queued", "job.queued", "job.queued", "job.begun", "job.ended"]
    );
    assert_eq!(statuses(&found[0]), [500, 500, 204]);
    assert_eq!(found[0]["tries"][0]["answer"], "not now");
    assert_eq!(found[0]["attempts"], 3);
    assert_eq!(acme.get(&path_of(&hook)).await.body["failing_since"], Value::Null);
    let ids: Vec<_> = receiver.posts().iter().map(|post| post.id().to_owned()).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3], "{ids:?}");
    assert_eq!(found[0]["request"], receiver.posts()[0].body());
}

#[tokio::test]
async fn an_event_that_no_try_delivers_fails_after_ten() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::start(|_, _| Reply::new("400 Bad Request", &[], "")).await;
    let hasty = WebhooksConfig {
        retry: Duration::ZERO,
        ..HASTY
    };
    let _posting = Posting::to(&app, &receiver, hasty);
    let hook = webhook(&acme, "/", &["job.ended"]).await;
    happen(&app, &acme, &["job.ended"]).await;
    let found = ended(&acme, &hook).await;
    assert_eq!(
        (&found[0]["status"], found[0]["attempts"].as_u64()),
        (&json!("failed"), Some(10))
    );
    assert_eq!(receiver.posts().len(), 10);
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_no_other() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::start(|post, _| {
        if post.path == "/hangs" {
            Reply::Silence
        } else {
            accepted()
        }
    })
    .await;
    let patient = WebhooksConfig {
        timeout: Duration::from_secs(60),
        ..HASTY
    };
    let posting = Posting::to(&app, &receiver, patient);
    let hanging = webhook(&acme, "/hangs", &["job.ended"]).await;
    happen(&app, &acme, &["job.ended"]).await;
    eventually("it hangs", async || !receiver.posts_to("/hangs").is_empty()).await;
    let other = webhook(&acme, "/other", &["job.ended"]).await;
    happen(&app, &acme, &["job.ended", "job.ended"]).await;
    assert_eq!(ended(&acme, &other).await.len(), 2);
    assert_eq!(receiver.posts_to("/hangs").len(), 1, "one post at a time");
    drop(posting);

    app.sql("UPDATE webhooks SET turn_ends_at = now()").await;
    let brief = WebhooksConfig {
        timeout: Duration::from_millis(200),
        retry: Duration::ZERO,
        ..HASTY
    };
    let _posting = Posting::to(&app, &receiver, brief);
    eventually("tries are noted", async || {
        let found = deliveries(&acme, &hanging).await;
        found[0]["tries"].as_array().is_some_and(|tries| tries.len() > 1)
    })
    .await;
    let tried = &deliveries(&acme, &hanging).await[0]["tries"][0];
    let error = tried["error"].as_str().unwrap();
    assert!(error.contains("took too long") && tried["status"].is_null(), "{tried}");
}

#[tokio::test]
async fn a_receiver_that_is_gone_gets_nothing_more() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::start(|_, _| Reply::new("410 Gone", &[], "")).await;
    let _posting = Posting::to(&app, &receiver, HASTY);
    let hook = webhook(&acme, "/", &["job.queued", "job.begun", "job.ended"]).await;
    let watching = webhook(&acme, "/watching", &["webhook.disabled"]).await;
    happen(&app, &acme, &["job.queued", "job.begun", "job.ended"]).await;
    let found = ended(&acme, &hook).await;
    let became: Vec<_> = found
        .iter()
        .map(|delivery| delivery["status"].as_str().unwrap())
        .collect();
    assert_eq!(became.len(), 3);
    assert!(became.iter().all(|status| *status == "dropped"), "{became:?}");
    let shown = acme.get(&path_of(&hook)).await.body;
    assert_eq!(
        (&shown["is_enabled"], &shown["disabled_because"]),
        (&json!(false), &json!("gone"))
    );
    happen(&app, &acme, &["job.ended"]).await;
    // That it was disabled is told, also to another webhook.
    eventually("it is told", async || !receiver.posts_to("/watching").is_empty()).await;
    let told = &receiver.posts_to("/watching")[0].body()["data"];
    assert_eq!(
        (&told["data"]["webhook_id"], &told["data"]["because"]),
        (&hook["id"], &json!("gone"))
    );
    assert_eq!(receiver.posts_to("/").len(), 1);
    let retry = format!(
        "{}/deliveries/{}/redeliver",
        path_of(&hook),
        found[0]["id"].as_str().unwrap()
    );
    assert_eq!(acme.post(&retry, json!({})).await.status, 409);
    ended(&acme, &watching).await;
}

#[tokio::test]
async fn a_receiver_that_fails_for_days_is_disabled() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::start(|_, _| Reply::new("502 Bad Gateway", &[], "")).await;
    let strict = WebhooksConfig {
        give_up: Some(Duration::from_secs(24 * 60 * 60)),
        ..HASTY
    };
    let _posting = Posting::to(&app, &receiver, strict);
    let hook = webhook(&acme, "/", &["job.ended"]).await;
    happen(&app, &acme, &["job.ended"]).await;
    eventually("it fails", async || {
        !acme.get(&path_of(&hook)).await.body["failing_since"].is_null()
    })
    .await;
    assert_eq!(acme.get(&path_of(&hook)).await.body["is_enabled"], true);
    app.sql("UPDATE webhooks SET failing_since = failing_since - interval '25 hours'; UPDATE webhook_deliveries SET due_at = now()").await;
    assert_eq!(ended(&acme, &hook).await[0]["status"], "dropped");
    assert_eq!(acme.get(&path_of(&hook)).await.body["disabled_because"], "failing");
}

#[tokio::test]
async fn a_receiver_that_asks_for_a_pause_gets_it() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let busy = Reply::new("429 Too Many Requests", &[("Retry-After", "3600")], "");
    let receiver = Receiver::start(move |_, number| if number == 0 { busy.clone() } else { accepted() }).await;
    let _posting = Posting::to(&app, &receiver, HASTY);
    let hook = webhook(&acme, "/", &["job.ended"]).await;
    happen(&app, &acme, &["job.ended"]).await;
    eventually("it is paused", async || {
        !acme.get(&path_of(&hook)).await.body["paused_until"].is_null()
    })
    .await;
    happen(&app, &acme, &["job.ended"]).await;
    eventually("the event is queued", async || {
        deliveries(&acme, &hook).await.len() == 2
    })
    .await;
    assert_eq!(receiver.posts().len(), 1);
    app.sql("UPDATE webhooks SET paused_until = now(); UPDATE webhook_deliveries SET due_at = now()")
        .await;
    assert_eq!(ended(&acme, &hook).await.len(), 2);
}

#[tokio::test]
async fn redirects_are_not_followed_and_private_addresses_not_posted_to() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let canary = Site::canary().await;
    let away = Reply::redirect(&format!("http://127.0.0.1:{}/", canary.port()));
    let receiver = Receiver::start(move |_, _| away.clone()).await;
    let hasty = WebhooksConfig {
        retry: Duration::ZERO,
        ..HASTY
    };
    let _posting = Posting::to(&app, &receiver, hasty);
    let redirected = webhook(&acme, "/", &["job.ended"]).await;
    // Where a name leads is known when it is posted to.
    let body = json!({ "url": format!("http://localhost:{}/", canary.port()), "kinds": ["job.ended"] });
    let private = acme.post("/api/v1/webhooks", body).await.body;
    happen(&app, &acme, &["job.ended"]).await;
    let found = ended(&acme, &redirected).await;
    assert_eq!(statuses(&found[0]), [302; 10]);
    let found = ended(&acme, &private).await;
    let error = found[0]["tries"][9]["error"].as_str().unwrap();
    assert!(error.contains("only public addresses are allowed"), "{error}");
    assert_eq!(canary.connections(), 0);
}
