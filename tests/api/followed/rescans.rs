//! Scans of domains that are known already.

use serde_json::{Value, json};

use super::{jobs, scan};
use crate::support::app::TestApp;
use crate::support::site::{Reply, Site};

#[tokio::test]
async fn a_filter_of_domains_becomes_a_batch_of_scans() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    for name in ["a.bench.test", "b.bench.test", "hidden.bench.test", "c.other.test"] {
        acme.agency.domain(name).await;
    }
    bolt.agency.domain("a.bench.test").await;
    let hidden = json!({ "domain": "hidden.bench.test" });
    assert_eq!(acme.post("/api/v1/suppressions", hidden).await.status, 201);
    let open = scan(&acme, "a.bench.test").await;

    let body = json!({ "filter": { "q": "bench" }, "emails": true, "max_pages": 7 });
    let accepted = acme.post_as("k", "/api/v1/domains/scan", &body).await;
    assert_eq!(
        (accepted.status, &accepted.body["matched"], &accepted.body["job_count"]),
        (202, &json!(3), &json!(5)),
        "{accepted:?}"
    );
    assert_eq!(
        acme.post_as("k", "/api/v1/domains/scan", &body).await.body,
        accepted.body
    );
    let batch = accepted.body["batch_id"].as_str().unwrap();
    assert_eq!(accepted.body["status_url"], format!("/api/v1/batches/{batch}"));
    let found = jobs(&acme, &format!("batch_id={batch}")).await;
    let kinds = |kind: &str| found.iter().filter(|job| job["kind"] == kind).count();
    assert_eq!((kinds("domain_scan"), kinds("email_scan")), (3, 2));
    let open = acme.get(&format!("/api/v1/jobs/{open}")).await.body["id"].clone();
    assert!(found.iter().any(|job| job["id"] == open), "{found:?}");
    assert_eq!(
        app.count("SELECT count(*) FROM jobs WHERE kind = 'domain_scan' AND payload->>'max_pages' = '7'")
            .await,
        2
    );
    let shown = acme.get(&format!("/api/v1/batches/{batch}")).await.body;
    assert_eq!(
        (
            &shown["kind"],
            &shown["total"],
            &shown["not_queued"],
            &shown["jobs"]["pending"]
        ),
        (&json!("rescan"), &json!(6), &json!(1), &json!(5)),
        "{shown}"
    );
    assert_eq!(shown["failed"][0]["domain"], "hidden.bench.test");
    assert!(shown["failed"][0]["error"].as_str().unwrap().contains("suppressed"));
    let entry = &acme.get("/api/v1/audit?action=domains.scan").await.body["items"][0];
    assert_eq!(
        (&entry["subject"], &entry["details"]["scans"]),
        (&json!(batch), &json!(5))
    );
    assert_eq!(bolt.get("/api/v1/jobs").await.body["total"], 0);
}

#[tokio::test]
async fn a_preview_of_a_rescan_only_counts() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    for name in ["a.bench.test", "b.bench.test", "c.other.test"] {
        acme.agency.domain(name).await;
    }
    let body = json!({ "filter": { "q": "bench" }, "emails": true, "preview": true });
    let preview = acme.post("/api/v1/domains/scan", body).await;
    assert_eq!(
        (
            preview.status,
            &preview.body["matched"],
            &preview.body["job_count"],
            &preview.body["batch_id"]
        ),
        (200, &json!(2), &json!(0), &Value::Null),
        "{preview:?}"
    );
    assert_eq!(acme.get("/api/v1/jobs").await.body["items"], json!([]));
    assert_eq!(acme.get("/api/v1/batches").await.body["items"], json!([]));
}

#[tokio::test]
async fn a_rescan_reaches_its_end_and_is_refused_for_others() {
    let app = TestApp::new().await;
    let site = Site::start(|_| Reply::html("<title>Known</title>")).await;
    let acme = app.agency("acme").await;
    let bolt = app.agency("bolt").await;
    let id = acme.agency.domain("a.bench.test").await.id.to_string();
    let by_id = json!({ "ids": [id] });
    assert_eq!(bolt.post("/api/v1/domains/scan", by_id.clone()).await.status, 404);
    let preview = bolt
        .post("/api/v1/domains/scan", json!({ "ids": [id], "preview": true }))
        .await;
    assert_eq!(preview.body["matched"], 0);
    for (body, status, field) in [
        (json!({}), 400, "filter"),
        (json!({ "filter": {}, "max_pages": 0 }), 400, "max_pages"),
        (
            json!({ "filter": { "content_scrape_status": "odd" } }),
            400,
            "content_scrape_status",
        ),
        (json!({ "filter": { "name": "a" } }), 422, "filter.name"),
    ] {
        let answer = acme.post("/api/v1/domains/scan", body.clone()).await;
        assert_eq!(
            (answer.status, &answer.body["field"]),
            (status, &json!(field)),
            "{body}: {answer:?}"
        );
    }
    let _work = app.work(&site);
    let accepted = acme.post("/api/v1/domains/scan", by_id).await;
    let path = accepted.body["status_url"].as_str().unwrap();
    let ended = acme.get(&format!("{path}?wait=30")).await.body;
    assert_eq!(
        (&ended["status"], &ended["jobs"]["completed"], &ended["outcomes"]),
        (&json!("completed"), &json!(1), &json!({ "ok": 1 })),
        "{ended}"
    );
    let domain = acme.get(&format!("/api/v1/domains/{id}")).await.body;
    assert_eq!(domain["profile"]["title"], "Known");
}

#[tokio::test]
async fn a_rescan_counts_against_the_quota_of_the_day() {
    let app = TestApp::with(&[("scans_per_day", "3")]).await;
    let acme = app.agency("acme").await;
    for name in ["a.bench.test", "b.bench.test"] {
        acme.agency.domain(name).await;
    }
    let refused = acme
        .post("/api/v1/domains/scan", json!({ "filter": {}, "emails": true }))
        .await;
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(acme.get("/api/v1/batches").await.body["total"], 0);
    let accepted = acme.post("/api/v1/domains/scan", json!({ "filter": {} })).await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
}
