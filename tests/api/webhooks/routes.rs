//! What is refused of webhooks.

use serde_json::json;

use super::{path_of, webhook};
use crate::support::app::TestApp;

#[tokio::test]
async fn what_cannot_be_a_webhook_is_refused_by_name() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    for (field, body) in [
        ("url", json!({ "url": "hooks.test", "kinds": ["job.ended"] })),
        ("url", json!({ "url": "ftp://hooks.test/", "kinds": ["job.ended"] })),
        ("url", json!({ "url": "http://127.0.0.1/", "kinds": ["job.ended"] })),
        (
            "url",
            json!({ "url": "http://[::ffff:10.0.0.1]/", "kinds": ["job.ended"] }),
        ),
        (
            "url",
            json!({ "url": "https://user:pass@hooks.test/", "kinds": ["job.ended"] }),
        ),
        ("kinds", json!({ "url": "https://hooks.test/", "kinds": [] })),
        ("kinds", json!({ "url": "https://hooks.test/", "kinds": ["job.done"] })),
        (
            "job_kinds",
            json!({ "url": "https://hooks.test/", "kinds": ["job.ended"], "job_kinds": ["scan"] }),
        ),
        (
            "description",
            json!({ "url": "https://hooks.test/", "kinds": ["job.ended"], "description": "x".repeat(1001) }),
        ),
    ] {
        let answer = acme.post("/api/v1/webhooks", body).await;
        assert_eq!(
            (answer.status, answer.body["field"].as_str()),
            (400, Some(field)),
            "{answer:?}"
        );
    }
    let hook = webhook(&acme, "/", &["job.ended"]).await;
    let answer = acme.patch(&path_of(&hook), json!({ "url": "http://10.0.0.1/" })).await;
    assert_eq!(
        (answer.status, answer.body["field"].as_str()),
        (400, Some("url")),
        "{answer:?}"
    );
    let rotate = format!("{}/rotate", path_of(&hook));
    let answer = acme.post(&rotate, json!({ "overlap_seconds": -1 })).await;
    assert_eq!(
        (answer.status, answer.body["field"].as_str()),
        (400, Some("overlap_seconds")),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_tenant_has_at_most_fifty_webhooks() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    for _ in 0..50 {
        webhook(&acme, "/", &["job.ended"]).await;
    }
    let body = json!({ "url": "http://a.hooks.test/", "kinds": ["job.ended"] });
    let answer = acme.post("/api/v1/webhooks", body.clone()).await;
    assert_eq!(answer.status, 409, "{answer:?}");
    let list = acme.get("/api/v1/webhooks").await.body;
    assert_eq!(list["total"], 50);
    let first = path_of(&list["items"][0]);
    assert_eq!(acme.delete(&first).await.status, 204);
    assert_eq!(acme.get(&first).await.status, 404);
    assert_eq!(acme.post("/api/v1/webhooks", body).await.status, 201);
}
