//! The program as operators run it: several processes on one database, killed, paused and asked to stop.
//!
//! `SCRAPERSKY_CHAOS_SCANS` and `SCRAPERSKY_CHAOS_KILLS` make the chaos longer (for example 1000 and 20), and
//! `SCRAPERSKY_TEST_BIN` names another binary to run, such as the release build.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::signal::Signal;
use serde_json::json;
use tokio::sync::watch;
use tokio_postgres::Client;

use crate::support::database::{TestDatabase, connect, eventually};
use crate::support::extent;
use crate::support::program::{Api, Program, Running};
use crate::support::server::Server;
use crate::support::site::{Reply, Site};

pub const PAGE: &str = "<!doctype html><html lang=en><title>A shop</title><p>Write to hello@bayou-bikes.com";

/// Records every change of a job's status or claim.
pub const AUDIT: &str = "
    CREATE TABLE audit (at timestamptz NOT NULL DEFAULT clock_timestamp(), job_id uuid, old text, new text, worker text, attempts int);
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        INSERT INTO audit (job_id, old, new, worker, attempts) VALUES (NEW.job_id, OLD.status, NEW.status, NEW.worker, NEW.attempts);
        RETURN NULL;
    END $$;
    CREATE TRIGGER audit AFTER UPDATE ON jobs FOR EACH ROW
        WHEN (OLD.status <> NEW.status OR OLD.lease_token IS DISTINCT FROM NEW.lease_token) EXECUTE FUNCTION audit();";

pub fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Returns a site whose home page waits until `true` is sent.
async fn gated_site() -> (watch::Sender<bool>, Site) {
    let (gate, opened) = watch::channel(false);
    let site = Site::start(move |path| match path {
        "/" => Reply::Held(opened.clone(), Reply::html(PAGE).into_bytes()),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    (gate, site)
}

/// Posts scans of `count` sites, in batches of a hundred.
pub async fn post_scans(api: &Api, count: usize) {
    let names: Vec<_> = (0..count).map(|i| format!("s{i}.bench.test")).collect();
    for names in names.chunks(100) {
        let accepted = api.post("/api/v1/batch", &json!({ "domains": names })).await;
        assert_eq!(accepted["job_count"], names.len());
    }
}

/// Waits until `jobs` jobs have ended; meanwhile calls `meanwhile` repeatedly with the number of pending jobs.
///
/// It counts ended jobs, whose status is final; a job that changes hands could be missed between counts of pending and
/// running jobs.
async fn until_all_have_ended(api: &Api, jobs: usize, mut meanwhile: impl AsyncFnMut(u64)) {
    let jobs = jobs as u64;
    let mut deadline = Instant::now() + Duration::from_secs(60);
    let mut last = None;
    loop {
        if let (Some(completed), Some(failed)) = (api.count("completed").await, api.count("failed").await) {
            if completed + failed == jobs {
                return;
            }
            if last != Some(completed + failed) {
                deadline = Instant::now() + Duration::from_secs(60);
                last = Some(completed + failed);
            }
            if let Some(pending) = api.count("pending").await {
                meanwhile(pending).await;
            }
        }
        assert!(
            Instant::now() < deadline,
            "nothing has ended for a minute; ended: {last:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Asserts that each scan ended once and stored its rows.
async fn assert_each_was_done_once(client: &Client, scans: usize) {
    let all = i64::try_from(scans).unwrap();
    assert_eq!(
        count(
            client,
            "SELECT count(*) FROM jobs WHERE status = 'completed' AND outcome = 'ok'"
        )
        .await,
        all
    );
    assert_eq!(count(client, "SELECT count(*) FROM jobs").await, all);
    let twice = "SELECT count(*) FROM (SELECT FROM audit WHERE new NOT IN ('pending', 'running') GROUP BY job_id HAVING count(*) > 1) t";
    assert_eq!(count(client, twice).await, 0, "a job ended twice");
    let ends = "SELECT count(DISTINCT job_id) FROM audit WHERE new = 'completed'";
    assert_eq!(count(client, ends).await, all);
    let rows = "SELECT count(*) FROM domains d JOIN domain_profiles p ON p.domain_id = d.id WHERE p.title = 'A shop' AND d.domain LIKE 's%.bench.test'";
    assert_eq!(count(client, rows).await, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_workers_and_database_restarts_lose_or_repeat_no_scan() {
    let scans = setting("SCRAPERSKY_CHAOS_SCANS", 60);
    let kills = setting("SCRAPERSKY_CHAOS_KILLS", 2);
    let mut postgres = Server::start(&[]);
    let site = Site::start(|_| Reply::Late(Duration::from_millis(150), Reply::html(PAGE).into_bytes())).await;
    let url = postgres.tcp_url("127.0.0.1");
    let program = Program::new(&url, &site);
    program.run(&["migrate", "up"]);
    let key = program.run(&["keys", "create", "--name", "chaos"]);
    connect(&url).await.batch_execute(AUDIT).await.unwrap();
    let (_server, api) = program.serve(&["--workers", "0"], &key).await;
    post_scans(&api, scans).await;

    let worker = || program.start(&["worker"]);
    let mut workers = vec![worker(), worker()];
    let mut deaths: HashMap<String, SystemTime> = HashMap::new();
    let (mut killed, mut restarted) = (0, 0);
    // Kills happen each time another share of the jobs has left the queue, so that all fall while there is work.
    let step = (scans / (2 * kills + 3)).max(1) as u64;
    let mut next_blow = scans as u64 - step;
    until_all_have_ended(&api, scans, async |pending| {
        if pending > next_blow || killed == 2 * kills {
            return;
        }
        next_blow = pending.saturating_sub(step);
        let victim: Running = workers.remove(0);
        deaths.insert(victim.id().to_string(), SystemTime::now());
        victim.kill();
        workers.push(worker());
        killed += 1;
        if restarted < 2 && killed * 3 > 2 * kills * (restarted + 1) {
            restarted += 1;
            postgres.restart();
        }
    })
    .await;
    assert_eq!((killed, restarted), (2 * kills, 2), "the work ended before all kills");
    for worker in workers {
        assert!(worker.end());
    }

    let client = connect(&url).await;
    assert_each_was_done_once(&client, scans).await;
    let again = count(&client, "SELECT count(*) FROM jobs WHERE attempts > 1").await;
    let longest = resumption(&client, &deaths).await;
    println!(
        "{scans} scans, {killed} workers killed, PostgreSQL restarted {restarted} times: {again} jobs restarted, at most {longest:?} after their worker's death"
    );
    assert!(again > 0, "no kill hit a running job");
    // The lease plus 10 s, and as much again for a machine that is busy with other tests.
    assert!(longest < Duration::from_secs(30), "{longest:?}");
}

/// Returns the longest time between a worker's death and the restart of one of its jobs.
async fn resumption(client: &Client, deaths: &HashMap<String, SystemTime>) -> Duration {
    let sql = "SELECT a.worker, b.at FROM audit a JOIN LATERAL (
                   SELECT at, worker FROM audit b WHERE b.job_id = a.job_id AND b.at > a.at AND b.new = 'running' ORDER BY b.at LIMIT 1
               ) b ON true WHERE a.new = 'running' AND a.worker IS DISTINCT FROM b.worker";
    let rows = client.query(sql, &[]).await.unwrap();
    let waited = rows.iter().filter_map(|row| {
        let worker: String = row.get(0);
        // A worker's name is host, process id, random part.
        let died = deaths.get(worker.split(':').nth(1)?)?;
        row.get::<_, SystemTime>(1).duration_since(*died).ok()
    });
    waited.max().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_run_each_scan_once() {
    let scans = setting("SCRAPERSKY_CHAOS_SCANS", extent::of(60, 12));
    let db = TestDatabase::new().await;
    let (gate, site) = gated_site().await;
    let program = Program::new(db.url(), &site);
    let key = program.run(&["keys", "create", "--name", "two"]);
    let (_server, api) = program.serve(&["--workers", "0"], &key).await;
    let worker = || program.start(&["worker", "--workers", "4"]);
    let _workers = [worker(), worker()];
    post_scans(&api, scans).await;
    // While the sites hold their answers, one worker alone has no room for more than four: both take part.
    let client = db.client().await;
    wait_for(&client, "SELECT count(*) FROM jobs WHERE status = 'running'", 8).await;
    gate.send_replace(true);
    until_all_have_ended(&api, scans, async |_| {}).await;
    assert_eq!(api.count("completed").await, Some(scans as u64));
    // Where the other name leads is asked once more.
    let is_home = |head: &&String| head.starts_with("GET / ") && !head.to_lowercase().contains("\r\nhost: www.");
    let homes = site.requests().iter().filter(is_home).count();
    assert_eq!(homes, scans, "a home page was fetched twice");
    let sql = "SELECT count(*) FILTER (WHERE attempts = 1), count(DISTINCT worker) FROM jobs";
    let row = client.query_one(sql, &[]).await.unwrap();
    let (once, workers): (i64, i64) = (row.get(0), row.get(1));
    assert_eq!((once, workers), (i64::try_from(scans).unwrap(), 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopping_worker_passes_its_jobs_on() {
    let db = TestDatabase::new().await;
    let (gate, site) = gated_site().await;
    let program = Program::new(db.url(), &site);
    let key = program.run(&["keys", "create", "--name", "term"]);
    let (_server, api) = program.serve(&["--workers", "0"], &key).await;
    let first = program.start(&["worker", "--workers", "4"]);
    post_scans(&api, 3).await;
    let client = db.client().await;
    client.batch_execute(AUDIT).await.unwrap();
    wait_for(&client, "SELECT count(*) FROM jobs WHERE status = 'running'", 3).await;

    let second = program.start(&["worker", "--workers", "4"]);
    wait_for(
        &client,
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()",
        2,
    )
    .await;
    let asked = SystemTime::now();
    assert!(first.end());
    let moved = format!(
        "SELECT count(DISTINCT job_id) FROM audit WHERE new = 'running' AND worker LIKE '%:{}:%'",
        second.id()
    );
    wait_for(&client, &moved, 3).await;
    let last = "SELECT max(at) FROM audit WHERE new = 'running'";
    let last: SystemTime = client.query_one(last, &[]).await.unwrap().get(0);
    println!(
        "claimed elsewhere {:?} after SIGTERM",
        last.duration_since(asked).unwrap()
    );
    gate.send_replace(true);
    until_all_have_ended(&api, 3, async |_| {}).await;
    assert_eq!(api.count("completed").await, Some(3));
    let attempts: i64 = client
        .query_one("SELECT sum(attempts) FROM jobs", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(attempts, 3, "handing a job back does not count as an attempt");
}

/// A worker that was paused for longer than its lease must not write when it resumes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_worker_writes_nothing_late() {
    let db = TestDatabase::new().await;
    let (gate, site) = gated_site().await;
    let program = Program::new(db.url(), &site);
    let key = program.run(&["keys", "create", "--name", "stop"]);
    let (_server, api) = program.serve(&["--workers", "0"], &key).await;
    let client = db.client().await;
    client.batch_execute(AUDIT).await.unwrap();
    let first = program.start(&["worker"]);
    post_scans(&api, 1).await;
    wait_for(&client, "SELECT count(*) FROM jobs WHERE status = 'running'", 1).await;
    // It is fetching, without an open transaction: a frozen process with one would lock its row until the server's time
    // limit.
    eventually("the home page is requested", async || {
        site.paths().iter().any(|path| path == "/")
    })
    .await;
    first.signal(Signal::SIGSTOP);
    let second = program.start(&["worker"]);
    let moved = format!(
        "SELECT count(*) FROM jobs WHERE status = 'running' AND worker LIKE '%:{}:%'",
        second.id()
    );
    wait_for(&client, &moved, 1).await;
    gate.send_replace(true);
    until_all_have_ended(&api, 1, async |_| {}).await;
    first.signal(Signal::SIGCONT);
    assert!(first.end());
    let ends = "SELECT count(*) FROM audit WHERE new = 'completed'";
    let job: String = client
        .query_one("SELECT to_jsonb(jobs)::text FROM jobs", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(client.query_one(ends, &[]).await.unwrap().get::<_, i64>(0), 1, "{job}");
    let by = format!(
        "SELECT count(*) FROM jobs WHERE status = 'completed' AND worker LIKE '%:{}:%'",
        second.id()
    );
    assert_eq!(client.query_one(&by, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_server_reports_the_same_status_after_restarts() {
    let mut postgres = Server::start(&[]);
    let site = Site::start(|_| Reply::html(PAGE)).await;
    let program = Program::new(&postgres.tcp_url("127.0.0.1"), &site);
    program.run(&["migrate", "up"]);
    let key = program.run(&["keys", "create", "--name", "status"]);
    let (one, api) = program.serve(&[], &key).await;
    let (other, elsewhere) = program.serve(&["--workers", "0"], &key).await;
    let accepted = api
        .post("/api/v1/scrapersky", &json!({ "base_url": "a.bench.test" }))
        .await;
    let path = accepted["status_url"].as_str().unwrap();
    until_all_have_ended(&elsewhere, 1, async |_| {}).await;
    let status = api.get(path).await;
    assert_eq!((status.0, &status.1["status"]), (200, &json!("completed")));
    assert_eq!(elsewhere.get(path).await, status);

    one.kill();
    other.kill();
    postgres.restart();
    let (_again, api) = program.serve(&[], &key).await;
    assert_eq!(api.get(path).await, status);
}

/// With two connections in all, and fifty sites that do not answer, the API still responds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_waiting_for_sites_hold_no_connection() {
    let db = TestDatabase::new().await;
    let (gate, site) = gated_site().await;
    let mut program = Program::new(db.url(), &site);
    program.set("SCRAPERSKY_POOL_SIZE", "2");
    program.set("SCRAPERSKY_POOL_OVERFLOW", "0");
    let key = program.run(&["keys", "create", "--name", "pool"]);
    let (_server, api) = program.serve(&["--workers", "50"], &key).await;
    post_scans(&api, 50).await;
    let deadline = Instant::now() + Duration::from_secs(30);
    while site.paths().iter().filter(|path| *path == "/").count() < 50 {
        assert!(Instant::now() < deadline, "not all sites are being fetched");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut took = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        assert_eq!(api.get("/api/v1/jobs?limit=20").await.0, 200);
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    println!(
        "50 sites are being fetched; GET /api/v1/jobs: median {:?}, longest {:?}",
        took[50], took[99]
    );
    assert_eq!(api.count("running").await, Some(50));
    gate.send_replace(true);
    until_all_have_ended(&api, 50, async |_| {}).await;
    assert_eq!(api.count("completed").await, Some(50));
}

/// Not: reports that it listens, and hangs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_reported_and_ends_the_server() {
    let db = TestDatabase::new().await;
    let site = Site::canary().await;
    let mut program = Program::new(db.url(), &site);
    program.set("ROCKET_PORT", &site.port().to_string());
    let output = program.output(&["serve"]);
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("is in use"), "{said}");
}

#[test]
fn the_demo_shows_every_kind_of_site_and_leaves_nothing_behind() {
    let output = Program::bare().output(&["demo"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let row = |domain: &str| -> Vec<&str> {
        let line = text.lines().find(|line| line.trim_start().starts_with(domain));
        line.unwrap_or_else(|| panic!("{domain}: {text}"))
            .split_whitespace()
            .collect()
    };
    assert_eq!(row("shop.demo.test")[1..3], ["completed", "ok"]);
    assert!(row("shop.demo.test").contains(&"WordPress"), "{text}");
    assert!(
        row("bakery.demo.test").contains(&"bestellung@baeckerei-morgenrot-demo.de"),
        "{text}"
    );
    assert_eq!(row("broken.demo.test")[1..3], ["failed", "blocked_status"]);
    assert_eq!(row("hostile.demo.test")[1..3], ["completed", "partial"]);
    assert_eq!(row("localhost")[1], "failed");
    let folder = text
        .split_whitespace()
        .find(|word| word.contains("scrapersky-demo-"))
        .unwrap();
    assert!(!std::path::Path::new(folder).exists());
}

async fn wait_for(client: &Client, sql: &str, wanted: i64) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let found: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
        if found == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{sql}: {found} instead of {wanted}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
