//! `Idempotency-Key` on every route that changes something.

use rocket::http::{ContentType, Method};

use super::isolation::rows;
use super::routes::{ENTRIES, Names};
use crate::support::app::{Answer, TestApp};

/// The routes that start work.
const STARTING_WORK: [&str; 12] = [
    "/api/v1/domains/scan",
    "/api/v1/scrapersky",
    "/api/v1/batch",
    "/api/v1/sitemap/scan",
    "/email-scanner/scan/<id>",
    "/api/v1/places/search",
    "/api/v1/places/details",
    "/api/v1/places/hand-over",
    "/api/v1/places/undo",
    "/api/v1/places/changes/<change_id>/undo",
    "/api/v1/suppressions/import",
    "/api/v1/schedules/<id>/run",
];

/// Those whose accepted work is answered with 202, in the order of the entries.
const ACCEPTING: [&str; 7] = [
    "/api/v1/batches/<id>/retry",
    "/api/v1/domains/scan",
    "/api/v1/jobs/<id>/retry",
    "/api/v1/sitemap/scan",
    "/api/v1/places/details",
    "/api/v1/places/hand-over",
    "/api/v1/schedules/<id>/run",
];

#[tokio::test]
async fn every_post_accepts_or_refuses_an_idempotency_key() {
    let app = TestApp::with(&[("requests_per_minute", "0"), ("tenant_requests_per_minute", "0")]).await;
    let acme = app.agency("acme").await;
    let ids = rows(&app, &acme, "acme").await;
    let change = serde_json::json!({ "place_ids": [ids.place], "status": "selected" });
    assert_eq!(acme.post("/api/v1/places/update", change).await.status, 200);
    let (mut heeding, mut refusing, mut accepting) = (Vec::new(), Vec::new(), Vec::new());
    for (number, entry) in ENTRIES.iter().enumerate() {
        // A key manages no tenants; see `tenants.rs`.
        if entry.method != Method::Post || entry.names == Names::Tenants {
            continue;
        }
        // An earlier route may have retried the job.
        let failed = format!("UPDATE jobs SET status = 'failed' WHERE job_id = '{}'", ids.failed);
        app.sql(&failed).await;
        let shot = (entry.shots)(&ids).remove(0);
        let key = format!("once-{number}");
        let body = shot.body.as_ref().map(|(kind, text)| (kind.clone(), text.as_str()));
        let send = async |path: &str, body: Option<(ContentType, &str)>| -> Answer {
            let headers = [("Idempotency-Key", key.as_str())];
            app.send_with(&headers, Method::Post, path, Some(&acme.key), body).await
        };
        let first = send(&shot.path, body.clone()).await;
        let is_refused = first.body["field"] == "Idempotency-Key";
        assert_eq!(
            describes_key(&app, &shot.path),
            !is_refused,
            "{}: whether it is described",
            entry.path
        );
        if is_refused {
            assert_eq!(first.status, 400, "{}: {first:?}", entry.path);
            refusing.push(entry.path);
            continue;
        }
        assert!((200..300).contains(&first.status), "{}: {first:?}", entry.path);
        let again = send(&shot.path, body.clone()).await;
        assert_eq!(
            (again.status, &again.text),
            (first.status, &first.text),
            "{}: the same request gets the same response",
            entry.path
        );
        assert_followable(&first, entry.path);
        assert_followable(&again, entry.path);
        // The same key with a different request shows that the key matters, not the deduplication of work.
        let other = send(&format!("{}?tenant_id={}", shot.path, ids.tenant), body).await;
        assert_eq!(
            (other.status, &other.body["field"]),
            (422, &"Idempotency-Key".into()),
            "{}",
            entry.path
        );
        heeding.push(entry.path);
        accepting.extend((first.status == 202).then_some(entry.path));
    }
    let (kept, refused) = (heeding.len(), refusing.len());
    println!("{kept} POST routes accept the key, {refused} refuse it");
    for path in STARTING_WORK {
        assert!(heeding.contains(&path), "{path} starts work and must accept the key");
    }
    assert_eq!(accepting, ACCEPTING, "accepted work is 202, but for scans of v1");
}

/// Returns whether the API's description gives a POST the header.
fn describes_key(app: &TestApp, path: &str) -> bool {
    let (_, operation) = app.contract().operation(Method::Post, path).unwrap();
    let mut parameters = operation["parameters"].as_array().unwrap().iter();
    parameters.any(|parameter| parameter["name"] == "Idempotency-Key")
}

/// Fails unless accepted work says where to follow it, in the body and in the header.
fn assert_followable(answer: &Answer, route: &str) {
    let header = |name: &str| answer.headers.iter().find(|(given, _)| given == name);
    let [location, link] = ["location", "link"].map(|name| header(name).map(|(_, value)| value.as_str()));
    let status_url = answer.body["status_url"].as_str();
    let expected = status_url.map(|path| format!("<{path}>; rel=\"status\""));
    assert_eq!(link, expected.as_deref(), "{route}: {answer:?}");
    if answer.status == 202 {
        assert!(status_url.is_some(), "{route}: {answer:?}");
        assert_eq!(location, status_url, "{route}: {answer:?}");
        let id = answer.body.get("job_id").or_else(|| answer.body.get("batch_id"));
        assert!(id.is_some_and(|id| id.is_string()), "{route}: {answer:?}");
    } else {
        assert_eq!(location, None, "{route}: {answer:?}");
    }
}

#[tokio::test]
async fn a_request_has_at_most_one_key() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let headers = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")];
    let body = Some((ContentType::JSON, r#"{"base_url": "a.bench.test"}"#));
    let refused = app
        .send_with(&headers, Method::Post, "/api/v1/scrapersky", Some(&acme.key), body)
        .await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (400, &"Idempotency-Key".into()),
        "{refused:?}"
    );
}
