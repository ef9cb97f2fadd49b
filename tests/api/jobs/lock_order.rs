//! Submitting locks a domain and then its jobs and scans, so a session waiting for a domain must hold none of these.

use std::time::Duration;

use scans::ScansConfig;
use serde_json::json;
use web::fetch::FetchConfig;

use crate::support::app::TestApp;
use crate::support::database::eventually;
use crate::support::site::{Reply, Site};

const HOST: &str = "acme.bench.test";
/// The tables that submitting locks after the domain.
const BEHIND: [&str; 3] = ["jobs", "email_scans", "sitemap_runs"];

/// Whether a session waits for the session `$1`.
const WAITS: &str = "EXISTS (SELECT FROM pg_stat_activity WHERE $1::int = ANY (pg_blocking_pids(pid)))";
/// Whether the job `$2` has ended.
const HAS_ENDED: &str =
    "EXISTS (SELECT FROM jobs WHERE job_id = $2::text::uuid AND status NOT IN ('pending', 'running'))";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_waiting_for_a_domain_holds_no_locks_of_submissions() {
    let site = Site::start(|path| match path {
        "/sitemap.xml" => Reply::new(
            "200 OK",
            &[("Content-Type", "application/xml")],
            "<urlset><url><loc>http://acme.bench.test/a</loc></url></urlset>",
        ),
        "/" => Reply::html("<p>info@acme.bench.test"),
        _ => Reply::new("404 Not Found", &[], ""),
    });
    scan_with(&site.await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_job_holds_no_such_locks_either() {
    scan_with(&Site::start(|_| Reply::new("403 Forbidden", &[], "")).await).await;
}

/// Scans a site in each way while its domain is watched.
async fn scan_with(site: &Site) {
    for path in ["/api/v1/scrapersky", "/api/v1/sitemap/scan", "/email-scanner/scan/"] {
        let app = TestApp::new().await;
        let acme = app.agency("acme").await;
        let id = acme.agency.domain(HOST).await.id.to_string();
        let path = if path.ends_with('/') {
            format!("{path}{id}")
        } else {
            path.to_owned()
        };
        let name = if path.contains("sitemap") { "domain" } else { "base_url" };
        let answer = acme.post(&path, json!({ name: HOST })).await.body;
        // The v1 routes put a prefix before the id.
        let job = answer["job_id"].as_str().unwrap().rsplit('_').next().unwrap();
        let waits = watch(&app, site, job).await;
        assert!(waits > 0, "{path}: the worker never waited for the domain");
    }
}

/// Locks the domain repeatedly until the job has ended, and returns how often a worker waited for it. Fails if that
/// worker holds a row that submitting locks.
async fn watch(app: &TestApp, site: &Site, job: &str) -> usize {
    let mut client = app.agencies().database.client().await;
    let monitor = app.agencies().database.client().await;
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    let mut waits = 0;
    let mut work = None;
    loop {
        let held = client.transaction().await.unwrap();
        held.execute("SELECT FROM domains WHERE domain = $1 FOR NO KEY UPDATE", &[&HOST])
            .await
            .unwrap();
        // Only now, so that the job cannot end before the domain is locked.
        work.get_or_insert_with(|| {
            app.work_with(site, |scans| ScansConfig {
                fetch: FetchConfig {
                    pace: Duration::ZERO,
                    ..scans.fetch
                },
                ..scans
            })
        });
        let ask = async |what: &str| -> bool {
            let row = monitor.query_one(what, &[&pid, &job]).await.unwrap();
            row.get(0)
        };
        eventually("a worker waits for the domain, or the job has ended", async || {
            ask(&format!("SELECT {WAITS} OR {HAS_ENDED}")).await
        })
        .await;
        if ask(&format!("SELECT {HAS_ENDED} AND $1::int IS NOT NULL")).await {
            return waits;
        }
        waits += 1;
        for table in BEHIND {
            held.execute(&format!("SELECT FROM {table} FOR NO KEY UPDATE NOWAIT"), &[])
                .await
                .unwrap_or_else(|error| panic!("a worker holds rows of {table} and waits for its domain: {error:?}"));
        }
        held.rollback().await.unwrap();
    }
}
