//! `webhook_url` of requests: the end of what one starts is posted there.

use chrono::{TimeDelta, Utc};
use database::repo::batches;
use database::repo::webhooks::requests;
use serde_json::{Value, json};

use super::signatures::{secret_of, signed_by};
use super::{HASTY, Posting, deliveries, path_of};
use crate::support::app::{Answer, Holder, TestApp};
use crate::support::database::eventually;
use crate::support::receiver::{Receiver, accepted};
use crate::support::site::Reply;

const SECRET: &str = "/api/v1/webhooks/secret";

/// Makes the tenant's secret of requests, and returns it.
async fn secret(holder: &Holder<'_>) -> String {
    let answer = holder.post(SECRET, json!({ "overlap_seconds": 0 })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    secret_of(&answer.body).to_owned()
}

fn url(path: &str) -> String {
    format!("http://a.hooks.test{path}")
}

/// Requests a scan whose end is posted to this path of the receiver.
async fn scan(holder: &Holder<'_>, domain: &str, path: &str) -> Answer {
    let body = json!({ "base_url": domain, "webhook_url": url(path) });
    holder.post("/api/v1/scrapersky", body).await
}

/// Ends all jobs and batches.
async fn end_all(app: &TestApp) {
    app.sql("UPDATE jobs SET status = 'completed', outcome = 'ok', completed_at = now() WHERE status = 'pending'")
        .await;
    app.agencies()
        .system(async |conn| batches::note_done(conn, 10).await)
        .await;
}

/// Lists the URLs that requests named.
async fn named(holder: &Holder<'_>) -> Vec<Value> {
    let answer = holder.get("/api/v1/webhooks?for_requests=true").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_end_of_whatever_a_request_starts_is_posted_to_its_url_once() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::accepting().await;
    let _posting = Posting::to(&app, &receiver, HASTY);
    let secret = secret(&acme).await;
    assert_eq!(scan(&acme, "a.test", "/scan").await.status, 200);
    let known = app.texts("SELECT id::text FROM domains").await.remove(0);
    let search = json!({ "business_type": "dentist", "location": "Houston, TX" });
    for (path, mut body, at) in [
        (
            "/api/v1/batch".to_owned(),
            json!({ "domains": ["b.test", "c.test"] }),
            "/batch",
        ),
        (
            "/api/v1/sitemap/scan".to_owned(),
            json!({ "domain": "b.test" }),
            "/sitemap",
        ),
        ("/api/v1/places/search".to_owned(), search, "/search"),
        ("/api/v1/domains/scan".to_owned(), json!({ "ids": [known] }), "/rescan"),
        (format!("/email-scanner/scan/{known}"), json!({}), "/emails"),
    ] {
        body["webhook_url"] = json!(url(at));
        let answer = acme.post(&path, body).await;
        assert!([200, 202].contains(&answer.status), "{path}: {answer:?}");
    }
    end_all(&app).await;
    let ends = [
        ("/scan", "job.ended"),
        ("/batch", "batch.done"),
        ("/sitemap", "job.ended"),
        ("/search", "job.ended"),
        ("/rescan", "batch.done"),
        ("/emails", "job.ended"),
    ];
    eventually("the ends are posted", async || receiver.count() >= ends.len()).await;
    eventually("all are noted", async || {
        app.count("SELECT count(*) FROM webhook_deliveries WHERE status <> 'delivered'")
            .await
            == 0
    })
    .await;
    assert_eq!(receiver.count(), ends.len());
    for (path, kind) in ends {
        let posts = receiver.posts_to(path);
        assert_eq!(posts.len(), 1, "{path}");
        assert_eq!(posts[0].kind(), kind, "{path}");
        assert_eq!(signed_by(&posts[0], &[&secret]), [0], "{path}");
    }
    let scanned = receiver.posts_to("/scan").remove(0).body();
    assert_eq!(scanned["data"]["data"]["status"], "completed", "{scanned}");
}

#[tokio::test]
async fn requests_that_share_a_job_are_all_told_and_told_again_when_it_is_retried() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::accepting().await;
    let _posting = Posting::to(&app, &receiver, HASTY);
    secret(&acme).await;
    let body = json!({ "base_url": "a.test", "webhook_url": url("/one") });
    for _ in 0..2 {
        assert_eq!(acme.post_as("same", "/api/v1/scrapersky", &body).await.status, 200);
    }
    assert_eq!(scan(&acme, "a.test", "/two").await.status, 200);
    app.sql("UPDATE jobs SET status = 'failed', outcome = 'timeout', completed_at = now()")
        .await;
    eventually("both are told", async || receiver.count() == 2).await;
    let job = app.texts("SELECT job_id::text FROM jobs").await.remove(0);
    assert_eq!(
        acme.post(&format!("/api/v1/jobs/{job}/retry"), json!({})).await.status,
        202
    );
    end_all(&app).await;
    eventually("both are told again", async || receiver.count() == 4).await;
    for path in ["/one", "/two"] {
        let told: Vec<Value> = receiver
            .posts_to(path)
            .iter()
            .map(|post| post.body()["data"]["data"]["status"].clone())
            .collect();
        assert_eq!(told, ["failed", "completed"], "{path}");
    }
}

#[tokio::test]
async fn a_url_that_nothing_is_posted_to_is_refused_with_its_request() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let refused = scan(&acme, "a.test", "/").await;
    assert_eq!(refused.status, 409, "{refused:?}");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("POST /api/v1/webhooks/secret"), "{detail}");
    secret(&acme).await;
    let long = format!("http://a.hooks.test/{}", "x".repeat(2000));
    for target in [
        "hooks.test",
        "ftp://a.hooks.test/",
        "http://127.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        "https://user:pass@a.hooks.test/",
        &long,
    ] {
        let body = json!({ "base_url": "a.test", "webhook_url": target });
        let answer = acme.post("/api/v1/scrapersky", body).await;
        let field = answer.body["field"].as_str();
        assert_eq!(
            (answer.status, field),
            (400, Some("webhook_url")),
            "{target}: {answer:?}"
        );
    }
    assert_eq!(app.count("SELECT count(*) FROM jobs").await, 0, "nothing was queued");
    assert_eq!(app.count("SELECT count(*) FROM webhooks").await, 0);
}

#[tokio::test]
async fn a_url_that_is_gone_gets_nothing_until_it_is_enabled() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::start(|_, number| match number {
        0 => Reply::new("410 Gone", &[], ""),
        _ => accepted(),
    })
    .await;
    let _posting = Posting::to(&app, &receiver, HASTY);
    secret(&acme).await;
    for domain in ["a.test", "b.test", "c.test"] {
        assert_eq!(scan(&acme, domain, "/").await.status, 200);
    }
    end_all(&app).await;
    eventually("the URL is disabled", async || {
        named(&acme).await[0]["is_enabled"] == false
    })
    .await;
    let hook = named(&acme).await.remove(0);
    assert_eq!(hook["disabled_because"], "gone");
    assert_eq!(receiver.count(), 1, "nothing follows a 410");
    let refused = scan(&acme, "d.test", "/").await;
    assert_eq!(refused.status, 409, "{refused:?}");
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains(&path_of(&hook)), "{detail}");

    let answer = acme.patch(&path_of(&hook), json!({ "is_enabled": true })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(scan(&acme, "d.test", "/").await.status, 200);
    end_all(&app).await;
    eventually("the next end is posted", async || receiver.count() == 2).await;
    let dropped = deliveries(&acme, &hook)
        .await
        .iter()
        .filter(|delivery| delivery["status"] == "dropped")
        .count();
    assert_eq!(dropped, 3);
}

#[tokio::test]
async fn urls_of_requests_are_listed_apart_and_follow_their_requests_only() {
    let app = TestApp::new().await;
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    secret(&acme).await;
    assert_eq!(scan(&acme, "a.test", "/").await.status, 200);
    assert_eq!(scan(&acme, "b.test", "/").await.status, 200);
    let hook = named(&acme).await.remove(0);
    assert_eq!((&hook["for_requests"], &hook["url"]), (&json!(true), &json!(url("/"))));
    assert_eq!(named(&acme).await.len(), 1, "a URL is one webhook");
    assert_eq!(acme.get("/api/v1/webhooks").await.body["total"], 0);
    assert_eq!(bolt.get(&path_of(&hook)).await.status, 404);
    for (method, body) in [
        ("patch", json!({ "url": "http://b.hooks.test/" })),
        ("patch", json!({ "kinds": ["job.queued"] })),
        ("rotate", json!({})),
    ] {
        let answer = match method {
            "patch" => acme.patch(&path_of(&hook), body).await,
            _ => acme.post(&format!("{}/rotate", path_of(&hook)), body).await,
        };
        assert_eq!(answer.status, 409, "{answer:?}");
    }
    let patched = acme.patch(&path_of(&hook), json!({ "description": "ours" })).await;
    assert_eq!(patched.body["description"], "ours", "{patched:?}");

    // Another tenant's request for the same URL, and what nobody named.
    secret(&bolt).await;
    assert_eq!(scan(&bolt, "a.test", "/").await.status, 200);
    assert_eq!(
        acme.post("/api/v1/scrapersky", json!({ "base_url": "c.test" }))
            .await
            .status,
        200
    );
    end_all(&app).await;
    assert_eq!(deliveries(&acme, &hook).await.len(), 2);
    assert_eq!(named(&bolt).await.len(), 1);
}

#[tokio::test]
async fn what_requests_named_is_deleted_once_it_is_old_and_has_ended() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    secret(&acme).await;
    assert_eq!(scan(&acme, "a.test", "/ended").await.status, 200);
    end_all(&app).await;
    assert_eq!(scan(&acme, "b.test", "/open").await.status, 200);
    let tomorrow = Utc::now() + TimeDelta::days(1);
    let delete = async || {
        app.agencies()
            .system(async |conn| requests::delete_old(conn, tomorrow, 10).await)
            .await
    };
    assert_eq!(delete().await, 1, "the delivery waits, and so its URL stays");
    app.sql("DELETE FROM webhook_deliveries").await;
    assert_eq!(delete().await, 1);
    let left: Vec<Value> = named(&acme).await.iter().map(|hook| hook["url"].clone()).collect();
    assert_eq!(left, [url("/open")]);
    end_all(&app).await;
    app.sql("DELETE FROM webhook_deliveries").await;
    assert_eq!(delete().await, 2);
    assert_eq!(app.count("SELECT count(*) FROM webhook_secrets").await, 1);
}
