//! Domains that are deleted while scans of them run.

use std::time::Duration;

use scans::ScansConfig;
use serde_json::{Value, json};
use tokio::sync::watch;
use web::fetch::FetchConfig;

use crate::support::app::TestApp;
use crate::support::database::eventually;
use crate::support::site::{Reply, Site};

const HOST: &str = "acme.bench.test";

/// Deletes a domain while a scan of each kind waits for its site, and makes a new one of the same name; then the site
/// answers.
async fn delete_under_scans(answer: fn() -> Reply) {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let (gate, opened) = watch::channel(false);
    let site = Site::start(move |path| match path {
        "/robots.txt" => Reply::new("404 Not Found", &[], ""),
        _ => Reply::Held(opened.clone(), answer().into_bytes()),
    })
    .await;
    let _work = app.work_with(&site, |scans| ScansConfig {
        fetch: FetchConfig {
            pace: Duration::ZERO,
            timeout: Duration::from_secs(30),
            ..scans.fetch
        },
        ..scans
    });
    let id = acme.agency.domain(HOST).await.id;
    let mut jobs = Vec::new();
    for (path, body) in [
        ("/api/v1/scrapersky", json!({ "base_url": HOST })),
        (&format!("/email-scanner/scan/{id}"), json!({})),
        ("/api/v1/sitemap/scan", json!({ "domain": HOST })),
    ] {
        let job = acme.post(path, body).await.body["job_id"].as_str().unwrap().to_owned();
        jobs.push(job.rsplit('_').next().unwrap().to_owned());
    }
    // Each asks for the home page, by https and then by http.
    let asked = |site: &Site| site.paths().iter().filter(|path| *path == "/").count();
    eventually("all wait for the site", async || asked(&site) >= 3).await;
    assert_eq!(acme.delete(&format!("/api/v1/domains/{id}")).await.status, 204);
    let new = acme.agency.domain(HOST).await.id;
    // As if the request to cancel had come too late for them.
    app.sql("UPDATE jobs SET cancel_requested_at = NULL WHERE status = 'running'")
        .await;
    gate.send_replace(true);
    for job in jobs {
        let job = acme
            .ended(&format!("/api/v1/jobs/{}", uuid::Uuid::parse_str(&job).unwrap()))
            .await;
        assert_eq!(job["status"], "cancelled", "{job}");
    }
    let domains = acme.get("/api/v1/domains").await.body;
    assert_eq!(domains["total"], 1, "{domains}");
    let kept = &domains["items"][0];
    assert_eq!(kept["id"], new.to_string());
    for status in ["content_scrape_status", "page_scrape_status", "sitemap_analysis_status"] {
        assert_eq!(
            kept[status],
            Value::Null,
            "a job of the old domain wrote to the new one: {kept}"
        );
    }
    assert_eq!(app.count("SELECT count(*) FROM contacts").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scans_of_a_deleted_domain_are_cancelled_and_write_nothing() {
    delete_under_scans(|| Reply::html("<title>A</title><p>info@acme.bench.test")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failing_scans_of_a_deleted_domain_are_cancelled_too() {
    delete_under_scans(|| Reply::new("403 Forbidden", &[], "")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_next_to_starting_scans_is_always_answered() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|_| Reply::html("<p>info@acme.bench.test")).await;
    let _work = app.work(&site);
    for number in 0..30 {
        let name = format!("n{number}.bench.test");
        let id = acme.agency.domain(&name).await.id;
        let (path, row) = (format!("/email-scanner/scan/{id}"), format!("/api/v1/domains/{id}"));
        let (started, deleted) = tokio::join!(acme.post(&path, json!({})), acme.delete(&row));
        assert!([200, 404].contains(&started.status), "{started:?}");
        assert_eq!(deleted.status, 204, "{deleted:?}");
    }
    eventually("all jobs have ended", async || {
        app.count("SELECT count(*) FROM jobs WHERE status IN ('pending', 'running')")
            .await
            == 0
    })
    .await;
    assert_eq!(
        app.count("SELECT count(*) FROM jobs WHERE status <> 'cancelled'").await,
        0
    );
    assert_eq!(acme.get("/api/v1/domains").await.body["total"], 0);
}
