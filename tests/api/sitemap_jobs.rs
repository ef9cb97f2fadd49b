//! Sitemap analyses as jobs: killed, cancelled, retried, and observed from other processes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_postgres::Client;

use crate::support::database::{TestDatabase, eventually};
use crate::support::program::{Api, Program};
use crate::support::site::{Reply, Site};

const HOST: &str = "http://shop.bench.test";

/// The number of pages in the second file: more than one batch of writes. The others are short.
const PAGES: usize = 12_000;
const FEW: usize = 100;
/// The total number in all four files.
const ALL: i64 = PAGES as i64 + 3 * FEW as i64;

/// Blocks inserts of this URL until the lock is released.
const HALT: &str = "
    CREATE FUNCTION halt() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        PERFORM pg_advisory_xact_lock_shared(17);
        RETURN NEW;
    END $$;
    CREATE TRIGGER halt BEFORE INSERT ON sitemap_urls FOR EACH ROW WHEN (NEW.url LIKE '%/2.xml/8000') EXECUTE FUNCTION halt();
    SELECT pg_advisory_lock(17);";

/// Whether a session waits for the lock of [`HALT`].
const HALTED: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 17 AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

fn file(path: &str, pages: usize) -> Reply {
    let mut text = "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">".to_owned();
    for page in 0..pages {
        write!(text, "<url><loc>{HOST}{path}/{page}</loc></url>").unwrap();
    }
    Reply::new("200 OK", &[], text + "</urlset>")
}

fn robots() -> Reply {
    Reply::new("200 OK", &[], "Sitemap: /i.xml")
}

fn index() -> Reply {
    let mut text = "<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">".to_owned();
    for file in 1..=4 {
        write!(text, "<sitemap><loc>{HOST}/{file}.xml</loc></sitemap>").unwrap();
    }
    Reply::new("200 OK", &[], text + "</sitemapindex>")
}

fn not_found() -> Reply {
    Reply::new("404 Not Found", &[], "")
}

/// An index with four files.
async fn shop() -> Site {
    Site::start(|path| match path {
        "/robots.txt" => robots(),
        "/i.xml" => index(),
        "/2.xml" => file(path, PAGES),
        "/1.xml" | "/3.xml" | "/4.xml" => file(path, FEW),
        _ => not_found(),
    })
    .await
}

/// The program as operators run it, but without pauses between requests.
fn program(db: &TestDatabase, site: &Site) -> (Program, String) {
    let mut program = Program::new(db.url(), site);
    program.set("SCRAPERSKY_FETCH_PACE_SECONDS", "0");
    let key = program.run(&["keys", "create", "--name", "sitemaps"]);
    (program, key)
}

/// Queues an analysis, and returns its status path.
async fn post(api: &Api) -> String {
    let accepted = api
        .post("/api/v1/sitemap/scan", &json!({ "domain": "shop.bench.test" }))
        .await;
    accepted["status_url"].as_str().unwrap().to_owned()
}

/// Waits until the job has this status, and returns it.
async fn until(api: &Api, path: &str, status: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let (code, job) = api.get(path).await;
        assert_eq!(code, 200, "{job}");
        if job["status"] == status {
            return job;
        }
        let has_ended = ["completed", "failed", "cancelled"].contains(&job["status"].as_str().unwrap());
        assert!(!has_ended && Instant::now() < deadline, "not {status}: {job}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Returns the number of stored URLs, and of distinct ones.
async fn urls(client: &Client) -> (i64, i64) {
    let sql = "SELECT count(*), count(DISTINCT url) FROM sitemap_urls";
    let row = client.query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

/// Returns the domain's analysis status.
async fn domain_status(api: &Api) -> Value {
    let (_, domains) = api.get("/api/v1/domains?q=shop").await;
    let id = domains["items"][0]["id"].as_str().unwrap();
    api.get(&format!("/api/v1/domains/{id}")).await.1["sitemap_analysis_status"].clone()
}

/// Killed between batches of a file, an analysis leaves only complete files, and continues with the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_analysis_killed_within_a_file_continues_without_duplicates() {
    let db = TestDatabase::new().await;
    let site = shop().await;
    let (program, key) = program(&db, &site);
    let (_server, api) = program.serve(&["--workers", "0"], &key).await;
    let client = db.client().await;
    client.batch_execute(HALT).await.unwrap();
    let path = post(&api).await;
    let few = i64::try_from(FEW).unwrap();

    let worker = program.start(&["worker"]);
    eventually("the second batch of the second file is written", async || {
        count(&client, HALTED).await == 1
    })
    .await;
    worker.kill();
    assert_eq!(urls(&client).await, (few, few), "nothing of the second file is visible");
    client.batch_execute("SELECT pg_advisory_unlock(17)").await.unwrap();
    let _worker = program.start(&["worker"]);
    let job = until(&api, &path, "completed").await;

    assert_eq!(
        (&job["outcome"], &job["attempts"], &job["result"]["urls"]),
        (&json!("ok"), &json!(2), &json!(ALL)),
        "{job}"
    );
    assert_eq!(urls(&client).await, (ALL, ALL));
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for path in site.paths() {
        *asked.entry(path).or_default() += 1;
    }
    for (path, times) in [
        ("/i.xml", 1),
        ("/1.xml", 1),
        ("/2.xml", 2),
        ("/3.xml", 1),
        ("/4.xml", 1),
    ] {
        assert_eq!(asked[path], times, "{path}: {asked:?}");
    }
    // Everything is stored: the next analysis adds nothing.
    let path = post(&api).await;
    let job = until(&api, &path, "completed").await;
    assert_eq!(
        ["added", "removed", "changed"].map(|name| job["result"][name].as_i64()),
        [Some(0); 3],
        "{job}"
    );
    assert_eq!(urls(&client).await, (ALL, ALL));
}

/// Also while the database is slow, and with the operators' lease and heartbeat.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writing_analysis_is_cancelled_quickly_from_another_process() {
    let db = TestDatabase::new().await;
    let site = shop().await;
    let (mut program, key) = program(&db, &site);
    program.set("SCRAPERSKY_LEASE_SECONDS", "30");
    program.set("SCRAPERSKY_HEARTBEAT_SECONDS", "10");
    let (_server, api) = program.serve(&["--workers", "0"], &key).await;
    let (_other, elsewhere) = program.serve(&["--workers", "0"], &key).await;
    let client = db.client().await;
    client.batch_execute(HALT).await.unwrap();
    let path = post(&api).await;
    let _worker = program.start(&["worker"]);
    eventually("the second batch of the second file is written", async || {
        count(&client, HALTED).await == 1
    })
    .await;
    let asked = Instant::now();
    elsewhere.post(&format!("{path}/cancel"), &json!({})).await;
    until(&api, &path, "cancelled").await;
    let took = asked.elapsed();
    println!("cancelled after {took:?}");
    assert!(took < Duration::from_secs(40), "{took:?}");
    client.batch_execute("SELECT pg_advisory_unlock(17)").await.unwrap();
    let few = i64::try_from(FEW).unwrap();
    assert_eq!(urls(&client).await, (few, few), "complete files stay");

    // Retried, it continues after the complete files.
    elsewhere.post(&format!("{path}/retry"), &json!({})).await;
    let job = until(&api, &path, "completed").await;
    assert_eq!(job["result"]["urls"], json!(ALL), "{job}");
    assert_eq!(urls(&client).await, (ALL, ALL));
    let first = site.paths().iter().filter(|path| *path == "/1.xml").count();
    assert_eq!(first, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_analysis_is_retried_by_itself_and_on_request() {
    let db = TestDatabase::new().await;
    // No server listens there yet.
    let nobody = TcpListener::bind("127.0.0.77:0").unwrap().local_addr().unwrap();
    let (mut program, key) = program(&db, &Site::canary().await);
    program.set("SCRAPERSKY_CONNECT_TO", &format!("*.bench.test={nobody}"));
    program.set("SCRAPERSKY_RETRY_SECONDS", "0.1");
    program.set("SCRAPERSKY_RETRY_CAP_SECONDS", "0.1");
    let (_server, api) = program.serve(&["--workers", "0"], &key).await;
    let (_other, elsewhere) = program.serve(&["--workers", "0"], &key).await;
    let _worker = program.start(&["worker"]);

    let path = post(&api).await;
    let job = until(&api, &path, "failed").await;
    assert_eq!(job["attempts"], job["max_attempts"], "{job}");
    assert!(job["attempts"].as_i64().unwrap() > 1, "{job}");
    assert_eq!(domain_status(&api).await, "Error");

    let _site = Site::on(nobody, None, |path| match path {
        "/robots.txt" => robots(),
        "/i.xml" => index(),
        "/1.xml" | "/2.xml" | "/3.xml" | "/4.xml" => file(path, 10),
        _ => not_found(),
    })
    .await;
    let queued = elsewhere.post(&format!("{path}/retry"), &json!({})).await;
    assert_eq!(queued["attempts"], 0, "{queued}");
    let job = until(&api, &path, "completed").await;
    assert_eq!(
        (&job["attempts"], &job["outcome"], &job["result"]["urls"]),
        (&json!(1), &json!("ok"), &json!(40)),
        "{job}"
    );
    assert_eq!(domain_status(&api).await, "Completed");
    assert_eq!(urls(&db.client().await).await, (40, 40));
    let (code, answer) = elsewhere
        .try_send(reqwest::Method::POST, &format!("{path}/retry"), Some(&json!({})))
        .await
        .unwrap();
    assert_eq!(code, 409, "{answer}");
}

/// A retried job reads the files it could not read before, and no others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retried_analysis_reads_the_unread_files() {
    let db = TestDatabase::new().await;
    let is_up = Arc::new(AtomicBool::new(false));
    let up = Arc::clone(&is_up);
    let site = Site::start(move |path| match (path, up.load(Ordering::SeqCst)) {
        ("/robots.txt", _) => robots(),
        ("/i.xml", false) => Reply::new("403 Forbidden", &[], ""),
        ("/i.xml", true) => index(),
        ("/1.xml" | "/2.xml" | "/3.xml" | "/4.xml", _) => file(path, 10),
        _ => not_found(),
    })
    .await;
    let (program, key) = program(&db, &site);
    let (_server, api) = program.serve(&[], &key).await;
    let path = post(&api).await;
    let job = until(&api, &path, "failed").await;
    assert_eq!(
        (&job["outcome"], &job["attempts"]),
        (&json!("blocked_status"), &json!(1)),
        "{job}"
    );
    assert_eq!(domain_status(&api).await, "Error");

    is_up.store(true, Ordering::SeqCst);
    api.post(&format!("{path}/retry"), &json!({})).await;
    let job = until(&api, &path, "completed").await;
    assert_eq!(
        (&job["outcome"], &job["result"]["urls"], &job["result"]["note"]),
        (&json!("ok"), &json!(40), &Value::Null),
        "{job}"
    );
    assert_eq!(domain_status(&api).await, "Completed");
}

/// A domain must not appear to wait for a job that has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_domain_follows_its_jobs_however_they_end() {
    let db = TestDatabase::new().await;
    let (_gate, opened) = watch::channel(false);
    let site = Site::start(move |_| Reply::Held(opened.clone(), Vec::new())).await;
    let (program, key) = program(&db, &site);
    let (_server, api) = program.serve(&["--workers", "0"], &key).await;
    let client = db.client().await;
    let scan = async || -> String {
        let accepted = api
            .post("/api/v1/scrapersky", &json!({ "base_url": "shop.bench.test" }))
            .await;
        let id = accepted["job_id"].as_str().unwrap();
        format!("/api/v1/jobs/{id}")
    };
    let said = async || -> (String, String) {
        let sql = "SELECT coalesce(sitemap_analysis_status::text, ''), content_scrape_status::text FROM domains";
        let row = client.query_one(sql, &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    let pair = |analysis: &str, scan: &str| (analysis.to_owned(), scan.to_owned());

    // Cancelled before they started; of two scans that wait, there is only one.
    let (analysis, two) = (post(&api).await, scan().await);
    assert_eq!(scan().await, two);
    assert_eq!(said().await, pair("Queued", "Queued"));
    api.post(&format!("{analysis}/cancel"), &json!({})).await;
    assert_eq!(said().await, pair("Error", "Queued"));
    api.post(&format!("{two}/cancel"), &json!({})).await;
    assert_eq!(said().await, pair("Error", "Cancelled"));

    // Queued again, started, and left by a worker that is killed in the last attempt.
    for path in [&analysis, &two] {
        api.post(&format!("{path}/retry"), &json!({})).await;
    }
    assert_eq!(said().await, pair("Queued", "Queued"));
    client.batch_execute("UPDATE jobs SET max_attempts = 1").await.unwrap();
    let worker = program.start(&["worker"]);
    eventually("both are running", async || {
        count(&client, "SELECT count(*) FROM sitemap_runs WHERE state = 'running'").await == 1
            && count(&client, "SELECT count(*) FROM jobs WHERE status = 'running'").await == 2
    })
    .await;
    assert_eq!(said().await.0, "Processing");
    worker.kill();
    let _sweeper = program.start(&["worker"]);
    until(&api, &analysis, "failed").await;
    until(&api, &two, "failed").await;
    assert_eq!(said().await, pair("Error", "Error"));
    let silent = "SELECT count(*) FROM domains WHERE sitemap_analysis_error LIKE 'the worker went silent%'";
    assert_eq!(count(&client, silent).await, 1);
    assert_eq!(
        count(&client, "SELECT count(*) FROM sitemap_runs WHERE state = 'failed'").await,
        1
    );

    // Cancelled while running.
    api.post(&format!("{analysis}/retry"), &json!({})).await;
    until(&api, &analysis, "running").await;
    api.post(&format!("{analysis}/cancel"), &json!({})).await;
    until(&api, &analysis, "cancelled").await;
    assert_eq!(said().await.0, "Error");
    let cancelled = "SELECT count(*) FROM domains WHERE sitemap_analysis_error = 'it was cancelled'";
    assert_eq!(count(&client, cancelled).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_process_reports_the_same_about_an_analysis() {
    let db = TestDatabase::new().await;
    let (gate, opened) = watch::channel(false);
    let site = Site::start(move |path| match path {
        "/robots.txt" => robots(),
        "/i.xml" => index(),
        "/3.xml" => Reply::Held(opened.clone(), file(path, 10).into_bytes()),
        "/1.xml" | "/2.xml" | "/4.xml" => file(path, 10),
        _ => not_found(),
    })
    .await;
    let (program, key) = program(&db, &site);
    // One of them runs it; the other does not know of it.
    let (_one, api) = program.serve(&[], &key).await;
    let (other, elsewhere) = program.serve(&["--workers", "0"], &key).await;
    let path = post(&api).await;
    eventually("the third file is requested", async || {
        site.paths().iter().any(|path| path == "/3.xml")
    })
    .await;
    let running = api.get(&path).await.1;
    assert_eq!(
        (&running["status"], &running["step"]),
        (&json!("running"), &json!("reading")),
        "{running}"
    );
    assert_eq!(elsewhere.get(&path).await.1, running);

    gate.send_replace(true);
    let job = until(&elsewhere, &path, "completed").await;
    assert_eq!(job["result"]["urls"], 40, "{job}");
    assert_eq!(api.get(&path).await.1, job);
    other.kill();
    let (_again, restarted) = program.serve(&["--workers", "0"], &key).await;
    assert_eq!(restarted.get(&path).await.1, job);
}
