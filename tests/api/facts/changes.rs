//! What a scan finds changed since the scan before.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{TimeDelta, Utc};
use database::repo::domain_changes;
use serde_json::{Value, json};

use super::{at_once, scan};
use crate::support::app::{Holder, TestApp};
use crate::support::site::{Reply, Site};

const HOST: &str = "acme.bench.test";

const BEFORE: &str = "<title>Acme</title><meta name=generator content='WordPress 6.4.1'>\
    <link rel=stylesheet href='/wp-content/plugins/contact-form-7/style.css'>\
    <script type='application/ld+json'>{\"@type\": \"Bakery\", \"openingHours\": \"Mo-Fr 09:00-17:00\"}</script>\
    mail old@acme.bench.test <a href='tel:+4930901820'>030 901820</a>";
const AFTER: &str = "<title>Acme Bakery</title><meta name=generator content='WordPress 6.5'>\
    <link rel=stylesheet href='/wp-content/plugins/elementor/style.css'>\
    <script type='application/ld+json'>{\"@type\": \"Bakery\", \"openingHours\": \"Mo-Fr 08:00-17:00\"}</script>\
    mail new@acme.bench.test <a href='tel:+4930901821'>030 901821</a>";
const PARKED: &str = "<title>acme.bench.test</title><p>This domain is for sale! Buy this domain.</p>";

/// Returns kind, subject, value before and value after of each difference, sorted.
async fn changes(holder: &Holder<'_>, path: &str) -> Vec<Value> {
    let answer = holder.get(path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let of = |change: &Value| json!([change["kind"], change["subject"], change["before"], change["after"]]);
    let mut changes: Vec<Value> = answer.body["items"].as_array().unwrap().iter().map(of).collect();
    changes.sort_by_key(Value::to_string);
    changes
}

/// Serves one page or another, and no other file.
async fn site(pages: &'static [&'static str], which: &Arc<AtomicUsize>) -> Site {
    let which = Arc::clone(which);
    Site::start(move |path| match (path, pages[which.load(Ordering::SeqCst)]) {
        ("/", "") => Reply::new("503 Service Unavailable", &[], ""),
        ("/", page) => Reply::html(page),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_says_exactly_what_changed_and_an_equal_one_nothing() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let which = Arc::new(AtomicUsize::new(0));
    let site = site(&[BEFORE, AFTER], &which).await;
    let _work = app.work_with(&site, at_once);
    let domain = scan(&acme, HOST).await;
    assert_eq!(
        changes(&acme, "/api/v1/changes").await,
        Vec::<Value>::new(),
        "a first scan"
    );
    which.store(1, Ordering::SeqCst);
    scan(&acme, HOST).await;
    let hours = |from: &str| {
        let day = |name: &str| format!("\"{name}\":[\"{from}-17:00\"]");
        let days = ["friday", "monday", "thursday", "tuesday", "wednesday"].map(day);
        format!("{{{}}}", days.join(","))
    };
    let found = changes(&acme, "/api/v1/changes").await;
    assert_eq!(
        found,
        [
            json!(["email_added", "new@acme.bench.test", null, null]),
            json!(["email_gone", "old@acme.bench.test", null, null]),
            json!(["hours", null, hours("09:00"), hours("08:00")]),
            json!(["phone_added", "+49 30 901821", null, null]),
            json!(["phone_gone", "+49 30 901820", null, null]),
            json!(["technology_added", "Elementor", null, null]),
            json!(["technology_removed", "Contact Form 7", null, null]),
            json!(["technology_version", "WordPress", "6.4.1", "6.5"]),
            json!(["title", null, "Acme", "Acme Bakery"]),
        ]
    );
    scan(&acme, HOST).await;
    assert_eq!(
        changes(&acme, "/api/v1/changes").await.len(),
        found.len(),
        "an equal scan"
    );
    let path = format!("/api/v1/domains/{}/changes", domain["id"].as_str().unwrap());
    assert_eq!(changes(&acme, &path).await, found);
    assert_eq!(
        changes(&acme, &format!("{path}?kind=title")).await,
        [json!(["title", null, "Acme", "Acme Bakery"])]
    );
    let later = "/api/v1/changes?changed_since=2100-01-01T00:00:00Z";
    assert_eq!(changes(&acme, later).await, Vec::<Value>::new());
    for wrong in ["kind=x", "changed_since=x"] {
        assert_eq!(
            acme.get(&format!("/api/v1/changes?{wrong}")).await.status,
            400,
            "{wrong}"
        );
    }
    acme.post("/api/v1/suppressions", json!({ "email": "new@acme.bench.test" }))
        .await;
    let shown = acme.get("/api/v1/changes").await.text;
    assert!(!shown.contains("new@acme") && shown.contains("old@acme"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_is_parked_and_comes_back_is_told_once_each() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let which = Arc::new(AtomicUsize::new(0));
    let site = site(&[BEFORE, PARKED], &which).await;
    let _work = app.work_with(&site, at_once);
    scan(&acme, HOST).await;
    which.store(1, Ordering::SeqCst);
    for _ in 0..2 {
        let accepted = acme.post("/api/v1/scrapersky", json!({ "base_url": HOST })).await;
        let ended = acme.ended(accepted.body["status_url"].as_str().unwrap()).await;
        assert_eq!(ended["status"], "failed", "{ended}");
    }
    let kinds = async || -> Vec<Value> {
        let found = changes(&acme, "/api/v1/changes").await;
        found.iter().map(|change| change[0].clone()).collect()
    };
    assert_eq!(kinds().await, ["site_parked"]);
    which.store(0, Ordering::SeqCst);
    scan(&acme, HOST).await;
    assert_eq!(kinds().await, ["site_parked", "site_up"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_differences_are_deleted() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let sql = format!(
        "WITH made AS (INSERT INTO domains (tenant_id, domain) VALUES ('{0}', 'old.test') RETURNING id)
         INSERT INTO domain_changes (tenant_id, domain_id, job_id, kind, after, changed_at)
             SELECT '{0}', id, gen_random_uuid(), 'title', n::text, now() - n * interval '1 day' FROM made, generate_series(0, 2) n",
        acme.agency.id
    );
    app.sql(&sql).await;
    let cutoff = Utc::now() - TimeDelta::hours(12);
    for expected in [1, 1, 0] {
        let mut conn = app.pool().system().await.unwrap();
        let deleted = domain_changes::delete_old(&mut conn, cutoff, 1).await.unwrap();
        conn.commit().await.unwrap();
        assert_eq!(deleted, expected);
    }
    assert_eq!(
        changes(&acme, "/api/v1/changes").await,
        [json!(["title", null, null, "0"])]
    );
}
