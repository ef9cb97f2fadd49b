//! Changes of many jobs at once.

use std::time::{Duration, Instant};

use rocket::http::Method;
use serde_json::json;

use super::{batch, jobs, scan};
use crate::support::app::TestApp;

#[tokio::test]
async fn a_preview_changes_nothing_and_another_tenant_matches_nothing() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let id = scan(&acme, "a.bench.test").await;
    scan(&acme, "b.bench.test").await;
    let all = app.texts("SELECT row(j.*)::text FROM jobs j ORDER BY job_id").await;
    for path in ["/api/v1/jobs/cancel", "/api/v1/jobs/retry"] {
        for body in [
            json!({ "ids": [id], "preview": true }),
            json!({ "filter": {}, "preview": true }),
        ] {
            let answer = acme.post(path, body).await;
            assert_eq!((answer.status, &answer.body["changed"]), (200, &json!(0)), "{answer:?}");
        }
        for body in [json!({ "ids": [id] }), json!({ "filter": {} })] {
            let answer = bolt.post(path, body).await;
            assert_eq!(
                (&answer.body["matched"], &answer.body["changed"]),
                (&json!(0), &json!(0)),
                "{answer:?}"
            );
        }
    }
    assert_eq!(
        app.texts("SELECT row(j.*)::text FROM jobs j ORDER BY job_id").await,
        all
    );
    let preview = acme
        .post(
            "/api/v1/jobs/cancel",
            json!({ "filter": { "status": "pending" }, "preview": true }),
        )
        .await;
    assert_eq!(preview.body["matched"], 2, "{preview:?}");
    assert_eq!(
        acme.get("/api/v1/audit?action=jobs.cancel").await.body["items"],
        json!([])
    );
}

#[tokio::test]
async fn what_is_meant_has_to_be_said() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    for (body, status, field) in [
        (json!({}), 400, "filter"),
        (json!({ "ids": [], "filter": {} }), 400, "filter"),
        (json!({ "ids": ["x"] }), 400, "ids"),
        (json!({ "filter": { "status": "over" } }), 400, "status"),
        (json!({ "filter": { "statuss": "failed" } }), 422, "filter.statuss"),
        (json!({ "filter": {}, "dry_run": true }), 422, "dry_run"),
    ] {
        let answer = acme.post("/api/v1/jobs/cancel", body.clone()).await;
        assert_eq!(
            (answer.status, &answer.body["field"]),
            (status, &json!(field)),
            "{body}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn jobs_are_cancelled_and_retried_by_ids_once_per_key() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let (one, two) = (scan(&acme, "a.bench.test").await, scan(&acme, "b.bench.test").await);
    let body = json!({ "ids": [one] });
    let cancelled = acme.post_as("k1", "/api/v1/jobs/cancel", &body).await;
    assert_eq!(
        cancelled.body,
        json!({ "matched": 1, "changed": 1, "cancelled": 1, "requested": 0 })
    );
    assert_eq!(
        acme.post_as("k1", "/api/v1/jobs/cancel", &body).await.body,
        cancelled.body
    );
    // The same work twice: once as cancelled, once as a newer one.
    let newer = scan(&acme, "a.bench.test").await;
    acme.post(&format!("/api/v1/jobs/{newer}/cancel"), json!({})).await;
    let retried = acme.post("/api/v1/jobs/retry", json!({ "filter": {} })).await;
    assert_eq!(
        (retried.status, &retried.body),
        (200, &json!({ "matched": 2, "changed": 1 }))
    );
    for (id, status) in [(&one, "cancelled"), (&newer, "pending"), (&two, "pending")] {
        assert_eq!(acme.get(&format!("/api/v1/jobs/{id}")).await.body["status"], status);
    }
    let entries = acme.get("/api/v1/audit?action=jobs.retry").await.body;
    assert_eq!(entries["items"][0]["details"]["retried"], 1, "{entries}");
}

#[tokio::test]
async fn retries_count_against_the_quota_of_the_day() {
    let app = TestApp::with(&[("scans_per_day", "5")]).await;
    let acme = app.agency("acme").await;
    batch(&acme, &["a.bench.test", "b.bench.test", "c.bench.test"]).await;
    acme.post("/api/v1/jobs/cancel", json!({ "filter": {} })).await;
    let refused = acme.post("/api/v1/jobs/retry", json!({ "filter": {} })).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(jobs(&acme, "status=cancelled").await.len(), 3);
    let last = jobs(&acme, "status=cancelled").await[0]["id"].clone();
    let retried = acme.post("/api/v1/jobs/retry", json!({ "ids": [last] })).await;
    assert_eq!(
        (retried.status, &retried.body["changed"]),
        (200, &json!(1)),
        "{retried:?}"
    );
}

/// The domains of thousands of jobs say that these were cancelled, and then that they are queued.
#[tokio::test]
async fn thousands_of_jobs_are_cancelled_and_retried_at_once() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let tenant = acme.agency.id;
    app.sql(&format!(
        "INSERT INTO domains (tenant_id, domain) SELECT '{tenant}', n || '.bench.test' FROM generate_series(1, 3000) n"
    ))
    .await;
    let begun = Instant::now();
    let rescan = json!({ "filter": {}, "emails": true });
    let accepted = acme.post("/api/v1/domains/scan", rescan).await;
    assert_eq!(
        (accepted.status, &accepted.body["job_count"]),
        (202, &json!(6000)),
        "{accepted:?}"
    );
    let batch = accepted.body["batch_id"].clone();
    let say = async |column: &str, word: &str| {
        app.count(&format!("SELECT count(*) FROM domains WHERE {column}::text = '{word}'"))
            .await
    };
    assert_eq!(say("content_scrape_status", "Queued").await, 3000);
    let body = json!({ "filter": { "batch_id": batch } });
    let cancelled = acme.post("/api/v1/jobs/cancel", body.clone()).await;
    assert_eq!(
        (
            cancelled.status,
            &cancelled.body["matched"],
            &cancelled.body["cancelled"]
        ),
        (200, &json!(6000), &json!(6000)),
        "{cancelled:?}"
    );
    for column in ["content_scrape_status", "page_scrape_status"] {
        assert_eq!(say(column, "Cancelled").await, 3000, "{column}");
    }
    let retried = acme.post("/api/v1/jobs/retry", body).await;
    assert_eq!(
        (retried.status, &retried.body["changed"]),
        (200, &json!(6000)),
        "{retried:?}"
    );
    for column in ["content_scrape_status", "page_scrape_status"] {
        assert_eq!(say(column, "Queued").await, 3000, "{column}");
    }
    // No statement compares thousands of jobs with each other, which would take minutes.
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
}

/// A request changes at most ten thousand jobs, and says how many more match.
#[tokio::test]
async fn a_request_changes_a_bounded_number_of_jobs() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let tenant = acme.agency.id;
    app.sql(&format!(
        "INSERT INTO jobs (job_id, tenant_id, status, kind, created_at)
         SELECT gen_random_uuid(), '{tenant}', 'pending', 'other', now() FROM generate_series(1, 10001)"
    ))
    .await;
    for (matched, changed) in [(10_001, 10_000), (1, 1), (0, 0)] {
        let answer = acme
            .post("/api/v1/jobs/cancel", json!({ "filter": { "kind": "other" } }))
            .await;
        assert_eq!(
            (&answer.body["matched"], &answer.body["changed"]),
            (&json!(matched), &json!(changed)),
            "{answer:?}"
        );
    }
    let ids = vec![uuid::Uuid::nil(); 10_001];
    let body = json!({ "ids": ids }).to_string();
    let answer = app
        .send(
            Method::Post,
            "/api/v1/jobs/cancel",
            Some(&acme.key),
            Some((rocket::http::ContentType::JSON, &body)),
        )
        .await;
    assert_eq!(
        (answer.status, &answer.body["field"]),
        (400, &json!("ids")),
        "{answer:?}"
    );
}
