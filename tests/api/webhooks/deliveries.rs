//! Which events become deliveries, and the deliveries of clients' requests.

use serde_json::{Value, json};

use super::{HASTY, Posting, deliveries, happen, path_of, webhook};
use crate::support::app::TestApp;
use crate::support::database::eventually;
use crate::support::receiver::Receiver;
use crate::support::site::{Reply, Site};

#[tokio::test]
async fn a_scan_is_told_of_as_the_events_say() {
    let app = TestApp::new().await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    let receiver = Receiver::accepting().await;
    let site = Site::start(|_| Reply::html("<title>A</title>")).await;
    let _posting = Posting::to(&app, &receiver, HASTY);
    webhook(&acme, "/acme", &["job.ended"]).await;
    webhook(&bolt, "/bolt", &["job.ended", "job.begun"]).await;
    let _working = app.work(&site);
    let answer = acme
        .post("/api/v1/scrapersky", json!({ "base_url": "a.bench.test" }))
        .await;
    let job = answer.body["job_id"].clone();
    eventually("the end is posted", async || !receiver.posts().is_empty()).await;
    let posts = receiver.posts();
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].path, "/acme");
    let events = acme.get("/api/v1/events?kind=job.ended").await.body;
    let message = posts[0].body();
    assert_eq!(message["data"], events["items"][0]);
    assert_eq!(
        (&message["data"]["job_id"], message["type"].as_str()),
        (&job, Some("job.ended"))
    );
    assert_eq!(message["timestamp"], message["data"]["at"]);
    assert_eq!(posts[0].id(), message["data"]["id"].as_str().unwrap());
}

#[tokio::test]
async fn a_webhook_gets_what_it_asks_for_from_then_on() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::accepting().await;
    let _posting = Posting::to(&app, &receiver, HASTY);
    happen(&app, &acme, &["job.ended"]).await;
    let hook = webhook(&acme, "/", &["job.ended", "batch.done"]).await;
    let other = webhook(&acme, "/other", &["job.ended"]).await;
    let patch = json!({ "job_kinds": ["email_scan"] });
    assert_eq!(acme.patch(&path_of(&other), patch).await.status, 200);
    happen(&app, &acme, &["job.queued", "job.ended"]).await;
    happen(&app, &acme, &["batch.done"]).await;
    eventually("both are posted", async || receiver.posts().len() == 2).await;
    let kinds: Vec<String> = receiver.posts_to("/").iter().map(|post| post.kind()).collect();
    assert_eq!(kinds, ["job.ended", "batch.done"]);

    let off = json!({ "is_enabled": false });
    assert_eq!(
        acme.patch(&path_of(&hook), off).await.body["disabled_because"],
        "request"
    );
    happen(&app, &acme, &["job.ended"]).await;
    let on = json!({ "is_enabled": true });
    assert_eq!(acme.patch(&path_of(&hook), on).await.body["is_enabled"], true);
    happen(&app, &acme, &["batch.done"]).await;
    eventually("it is posted", async || receiver.posts().len() == 3).await;
    assert_eq!(receiver.posts_to("/")[2].kind(), "batch.done");
    assert_eq!(deliveries(&acme, &other).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_test_call_and_a_second_delivery_are_posted_on_request() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::accepting().await;
    let _posting = Posting::to(&app, &receiver, HASTY);
    let hook = webhook(&acme, "/", &["job.ended"]).await;
    webhook(&acme, "/all", &["webhook.tested"]).await;
    let tested = acme.post(&format!("{}/test", path_of(&hook)), json!({})).await;
    assert_eq!(
        (tested.status, &tested.body["status"]),
        (201, &json!("waiting")),
        "{tested:?}"
    );
    let own = tested.header("location").unwrap().to_owned();
    eventually("it is delivered", async || {
        acme.get(&own).await.body["status"] == "delivered"
    })
    .await;
    let delivered = acme.get(&own).await.body;
    assert_eq!(
        (&delivered["kind"], &delivered["tries"][0]["status"]),
        (&json!("webhook.tested"), &json!(204))
    );
    assert_eq!(delivered["next_try_at"], Value::Null);

    let again = acme.post(&format!("{own}/redeliver"), json!({})).await;
    assert_eq!((again.status, &again.body["attempts"]), (200, &json!(0)), "{again:?}");
    eventually("it is posted again", async || receiver.posts().len() == 2).await;
    let posts = receiver.posts();
    assert_eq!((posts[0].id(), &posts[0].text), (posts[1].id(), &posts[1].text));
    eventually("it is noted", async || {
        acme.get(&own).await.body["tries"].as_array().unwrap().len() == 2
    })
    .await;
    let failed = acme.get(&format!("{}/deliveries?status=failed", path_of(&hook))).await;
    assert_eq!(failed.body["items"], json!([]));
    assert_eq!(receiver.posts_to("/all").len(), 0, "a test call is for one webhook");
}

#[tokio::test]
async fn old_deliveries_are_deleted_with_old_events() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::accepting().await;
    let _posting = Posting::to(&app, &receiver, HASTY);
    let hook = webhook(&acme, "/", &["job.ended"]).await;
    happen(&app, &acme, &["job.ended", "job.ended"]).await;
    eventually("both are noted", async || {
        let found = deliveries(&acme, &hook).await;
        found.len() == 2 && found.iter().all(|delivery| delivery["status"] == "delivered")
    })
    .await;
    app.sql("UPDATE webhook_deliveries SET ended_at = now() - interval '2 days' WHERE event_id = (SELECT min(event_id) FROM webhook_deliveries)")
        .await;
    let cutoff = chrono::Utc::now() - chrono::TimeDelta::days(1);
    let deleted = app
        .agencies()
        .system(async |conn| database::repo::webhook_deliveries::delete_old(conn, cutoff, 10).await)
        .await;
    assert_eq!((deleted, deliveries(&acme, &hook).await.len()), (1, 1));
}
