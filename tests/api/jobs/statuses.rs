//! What domains and scans say of their jobs.

use std::time::Duration;

use scans::ScansConfig;
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};
use web::fetch::FetchConfig;

use crate::support::app::{Holder, TestApp};
use crate::support::database::eventually;
use crate::support::site::{Reply, Site};

const HOST: &str = "acme.bench.test";
const KINDS: [&str; 3] = ["content_scrape_status", "page_scrape_status", "sitemap_analysis_status"];

/// Works without pauses, and waits for a site for a second.
fn work(app: &TestApp, site: &Site) -> oneshot::Sender<()> {
    app.work_with(site, |scans| ScansConfig {
        fetch: FetchConfig {
            pace: Duration::ZERO,
            timeout: Duration::from_secs(1),
            ..scans.fetch
        },
        ..scans
    })
}

/// Queues a scan of each kind, and returns their jobs in the order of `KINDS`.
async fn start_all(acme: &Holder<'_>, id: &str) -> Vec<String> {
    let mut jobs = Vec::new();
    for (path, body) in [
        ("/api/v1/scrapersky", json!({ "base_url": HOST })),
        (&format!("/email-scanner/scan/{id}"), json!({})),
        ("/api/v1/sitemap/scan", json!({ "domain": HOST })),
    ] {
        let answer = acme.post(path, body).await;
        let job = answer.body["job_id"].as_str().unwrap().rsplit('_').next().unwrap();
        jobs.push(uuid::Uuid::parse_str(job).unwrap().to_string());
    }
    jobs
}

async fn domain(acme: &Holder<'_>, id: &str) -> Value {
    acme.get(&format!("/api/v1/domains/{id}")).await.body
}

async fn job(acme: &Holder<'_>, id: &str) -> Value {
    acme.ended(&format!("/api/v1/jobs/{id}")).await
}

/// A site that answers only after the gate opens, then with this reply.
async fn held(answer: fn() -> Reply) -> (watch::Sender<bool>, Site) {
    let (gate, opened) = watch::channel(false);
    let site = Site::start(move |path| match path {
        "/robots.txt" => Reply::new("404 Not Found", &[], ""),
        _ => Reply::Held(opened.clone(), answer().into_bytes()),
    });
    (gate, site.await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_domain_says_nothing_of_work_that_nobody_queued() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let id = acme.agency.domain(HOST).await.id.to_string();
    let fresh = domain(&acme, &id).await;
    for status in KINDS.into_iter().chain(["sitemap_monitor_status"]) {
        assert_eq!(fresh[status], Value::Null, "{status}");
    }
    acme.post("/api/v1/scrapersky", json!({ "base_url": HOST })).await;
    let queued = domain(&acme, &id).await;
    assert_eq!(
        KINDS.map(|status| &queued[status]),
        [&json!("Queued"), &Value::Null, &Value::Null]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_scan_is_not_in_progress() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let id = acme.agency.domain(HOST).await.id.to_string();
    let (_gate, site) = held(|| Reply::html("x")).await;
    let _work = work(&app, &site);
    let jobs = start_all(&acme, &id).await;
    eventually("all run", async || {
        let domain = domain(&acme, &id).await;
        KINDS.map(|status| domain[status].clone()) == [json!("InProgress"), json!("InProgress"), json!("Processing")]
    })
    .await;
    for id in &jobs {
        acme.post(&format!("/api/v1/jobs/{id}/cancel"), json!({})).await;
    }
    for id in &jobs {
        assert_eq!(job(&acme, id).await["status"], "cancelled");
    }
    let domain = domain(&acme, &id).await;
    assert_eq!(
        KINDS.map(|status| &domain[status]),
        [&json!("Cancelled"), &json!("Cancelled"), &json!("Error")]
    );
    let scan = acme.get(&format!("/email-scanner/scan/{id}/status")).await.body;
    assert_eq!(
        (&scan["status"], &scan["error"]),
        (&json!("failed"), &json!("cancelled"))
    );
    assert!(scan["completed_at"].is_string(), "{scan}");
    // What the scan says does not depend on its job, which is deleted sooner.
    app.sql("DELETE FROM jobs WHERE kind = 'email_scan'").await;
    let scan = acme.get(&format!("/email-scanner/scan/{id}/status")).await.body;
    assert_eq!(
        (&scan["status"], &scan["error"]),
        (&json!("failed"), &json!("it was cancelled"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_waits_for_a_locked_domain() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let id = acme.agency.domain(HOST).await.id.to_string();
    let job = start_all(&acme, &id).await.remove(1);
    let mut other = app.agencies().database.client().await;
    let monitor = app.agencies().database.client().await;
    let locked = other.transaction().await.unwrap();
    locked
        .execute("SELECT FROM domains FOR NO KEY UPDATE", &[])
        .await
        .unwrap();
    let path = format!("/api/v1/jobs/{job}/cancel");
    let cancel = acme.post(&path, json!({}));
    let release = async {
        eventually("the request waits or has ended", async || {
            let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0)
                         OR EXISTS (SELECT FROM jobs WHERE status = 'cancelled')";
            monitor.query_one(waits, &[]).await.unwrap().get(0)
        })
        .await;
        locked.rollback().await.unwrap();
    };
    let (answer, ()) = tokio::join!(cancel, release);
    assert_eq!(answer.body["status"], "cancelled", "{answer:?}");
    assert_eq!(domain(&acme, &id).await["page_scrape_status"], "Cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_between_two_attempts_says_what_failed_and_when_it_goes_on() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let id = acme.agency.domain(HOST).await.id.to_string();
    let site = Site::start(|path| match path {
        "/" => Reply::new("503 Service Unavailable", &[("Retry-After", "60")], ""),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let _work = work(&app, &site);
    let jobs = start_all(&acme, &id).await;
    let paths = [
        format!("/api/v1/status/{}", jobs[0]),
        format!("/email-scanner/scan/{id}/status"),
        format!("/api/v1/jobs/{}", jobs[0]),
    ];
    for path in paths {
        eventually("the first attempt failed", async || {
            let answer = acme.get(&path).await.body;
            answer["status"] == "pending" && answer["error"].is_string()
        })
        .await;
        let scan = acme.get(&path).await.body;
        let message = scan["progress"]["message"]
            .as_str()
            .or(scan["message"].as_str())
            .unwrap();
        let error = scan["error"].as_str().unwrap();
        assert_eq!(error, format!("{HOST} answered with status 503"), "{scan}");
        assert!(
            message.starts_with("attempt 1 of ") && message.contains(error) && message.contains("next attempt at 20"),
            "{scan}"
        );
        let next = if path.contains("/jobs/") {
            "run_at"
        } else {
            "next_attempt_at"
        };
        let next = scan[next].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>();
        assert!(next.unwrap() > chrono::Utc::now(), "{scan}");
    }
    let domain = domain(&acme, &id).await;
    assert_eq!(
        (&domain["content_scrape_status"], &domain["content_scrape_error"]),
        (&json!("Queued"), &json!(format!("{HOST} answered with status 503")))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_completed_job_describes_its_end() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let id = acme.agency.domain(HOST).await.id.to_string();
    let site = Site::start(|path| match path {
        "/sitemap.xml" => Reply::new(
            "200 OK",
            &[("Content-Type", "application/xml")],
            "<urlset><url><loc>http://acme.bench.test/a</loc></url></urlset>",
        ),
        "/" => Reply::html("<p>info@acme.bench.test"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let _work = work(&app, &site);
    for (id, end) in start_all(&acme, &id).await.iter().zip([
        "acme.bench.test is scanned",
        "2 pages of acme.bench.test, 1 addresses",
        "1 files, 1 URLs, 63 bytes",
    ]) {
        let job = job(&acme, id).await;
        assert_eq!(
            (&job["step"], &job["message"]),
            (&json!("completed"), &json!(end)),
            "{job}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_never_answers_is_a_timeout() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let id = acme.agency.domain(HOST).await.id.to_string();
    // It does not speak TLS either, which is no reason.
    let site = Site::start(|_| Reply::Silence).await;
    let _work = work(&app, &site);
    for id in start_all(&acme, &id).await {
        let job = job(&acme, &id).await;
        assert_eq!(
            (&job["status"], &job["outcome"]),
            (&json!("failed"), &json!("timeout")),
            "{job}"
        );
        assert!(job["error"].as_str().unwrap().contains("took too long"), "{job}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_email_scan_whose_pages_cannot_be_stored_fails() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let id = acme.agency.domain(HOST).await.id.to_string();
    app.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON pages FOR EACH ROW EXECUTE FUNCTION refuse()",
    )
    .await;
    let site = Site::start(|_| Reply::html("<p>info@acme.bench.test")).await;
    let _work = work(&app, &site);
    let answer = acme.post(&format!("/email-scanner/scan/{id}"), json!({})).await;
    let job = job(&acme, answer.body["job_id"].as_str().unwrap()).await;
    assert_eq!(
        (&job["status"], &job["outcome"]),
        (&json!("failed"), &json!("internal")),
        "{job}"
    );
    let scan = acme.get(&format!("/email-scanner/scan/{id}/status")).await.body;
    assert_eq!((&scan["status"], &scan["error"]), (&json!("failed"), &job["error"]));
    assert!(scan["completed_at"].is_string(), "{scan}");
    let domain = domain(&acme, &id).await;
    assert_eq!(
        (&domain["page_scrape_status"], &domain["page_scrape_error"]),
        (&json!("Error"), &job["error"])
    );
}
