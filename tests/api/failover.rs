//! Several servers of one database: which of them is used, and what happens when one dies or freezes.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use database::connection::Connection;
use database::repo::diagnostics::{self, ReadOnly};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio_postgres::Client;

use crate::support::database::{connect, eventually};
use crate::support::extent;
use crate::support::program::{Api, Program, Running};
use crate::support::server::Server;
use crate::support::site::{Reply, Site};

const PAGE: &str = "<!doctype html><html lang=en><title>A shop</title>";

/// Requests are answered within this time of a promotion. It takes half a second; the tests share the machine, so that
/// even the long proof allows more.
fn back_within() -> Duration {
    Duration::from_secs(if extent::is_full() { 10 } else { 30 })
}

fn url_of(first: u16, second: u16, params: &str) -> String {
    format!("postgresql://postgres@127.0.0.1:{first},127.0.0.1:{second}/postgres?{params}")
}

/// Returns a site that takes a moment for its home page, so that work can be interrupted.
pub async fn delayed_site(page: &'static str) -> Site {
    Site::start(move |path| match path {
        "/" => Reply::Late(Duration::from_millis(150), Reply::html(page).into_bytes()),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await
}

/// A primary with a synchronous standby, and the program on both.
pub struct Pair {
    pub primary: Server,
    pub standby: Server,
    pub program: Program,
    key: String,
    _site: Site,
}

impl Pair {
    pub async fn start() -> Self {
        let primary = Server::start(&[]);
        let standby = primary.start_standby().await;
        let site = delayed_site(PAGE).await;
        // The standby first, so that its place does not make it the right one.
        let url = url_of(standby.port(), primary.port(), "connect_timeout=1");
        let mut program = Program::new(&url, &site);
        program.set("SCRAPERSKY_STATEMENT_TIMEOUT_SECONDS", "2");
        program.run(&["migrate", "up"]);
        let key = program.run(&["keys", "create", "--name", "failover"]);
        Self {
            primary,
            standby,
            program,
            key,
            _site: site,
        }
    }

    /// Starts a server without workers, and two workers.
    async fn serve(&self) -> (Api, [Running; 3]) {
        let (server, api) = self.program.serve(&["--workers", "0"], &self.key).await;
        let worker = || self.program.start(&["worker", "--workers", "4"]);
        (api, [server, worker(), worker()])
    }
}

/// Queues scans one after the other, and keeps the ids of those that were accepted.
struct Scans<'a> {
    api: &'a Api,
    asked: usize,
    accepted: Vec<String>,
}

impl<'a> Scans<'a> {
    fn of(api: &'a Api) -> Self {
        Self {
            api,
            asked: 0,
            accepted: Vec::new(),
        }
    }

    /// Asks for one scan, and returns the status of the answer.
    async fn ask(&mut self) -> u16 {
        self.asked += 1;
        let body = json!({ "base_url": format!("s{}.bench.test", self.asked) });
        let (status, answer) = self
            .api
            .try_send(Method::POST, "/api/v1/scrapersky", Some(&body))
            .await
            .unwrap();
        match status {
            200..300 => self.accepted.push(answer["job_id"].as_str().unwrap().to_owned()),
            503 => {}
            _ => panic!("{status} {answer}"),
        }
        status
    }

    async fn ask_until_accepted(&mut self) {
        while self.ask().await == 503 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until every accepted scan has succeeded, and asserts that no other job is left.
    async fn all_complete(&self, client: &Client) {
        let completed = "SELECT count(*) FROM jobs WHERE 'scan_' || replace(job_id::text, '-', '') = ANY($1) AND status = 'completed'";
        let all = i64::try_from(self.accepted.len()).unwrap();
        eventually("every accepted job is completed", async || {
            let row = client.query_one(completed, &[&self.accepted]).await.unwrap();
            row.get::<_, i64>(0) == all
        })
        .await;
        let others = "SELECT count(*) FROM jobs WHERE status NOT IN ('completed', 'pending', 'running')";
        let others: i64 = client.query_one(others, &[]).await.unwrap().get(0);
        assert_eq!(others, 0);
    }
}

async fn ready(api: &Api) -> (u16, Value) {
    api.get("/ready").await
}

/// Waits for a 503 of `/ready`, and returns its detail.
async fn not_ready(api: &Api) -> String {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let (status, body) = ready(api).await;
        if status == 503 {
            return body["detail"].as_str().unwrap().to_owned();
        }
        assert!(Instant::now() < deadline, "it stays ready: {body}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_standby_goes_on_with_every_accepted_job() {
    let mut pair = Pair::start().await;
    let (api, _running) = pair.serve().await;
    assert_eq!(ready(&api).await.0, 200);
    let mut scans = Scans::of(&api);
    for _ in 0..40 {
        scans.ask().await;
    }
    assert_eq!(scans.accepted.len(), 40);
    pair.primary.kill();
    // Sessions outlive the postmaster for a moment, and what they accept the standby has as well.
    while scans.ask().await != 503 {}
    // A check that was under way says that it failed.
    eventually("/ready says that none accepts writes", async || {
        let (status, body) = ready(&api).await;
        status == 503 && body["detail"] == "no server of the database accepts writes"
    })
    .await;

    pair.standby.promote();
    let promoted = Instant::now();
    scans.ask_until_accepted().await;
    while api.get("/api/v1/jobs?limit=5").await.0 != 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let back = promoted.elapsed();
    println!("requests were answered {back:?} after the promotion");
    assert!(back < back_within(), "{back:?}");
    eventually("it is ready", async || ready(&api).await.0 == 200).await;
    for _ in 0..10 {
        assert_ne!(scans.ask().await, 503);
    }
    let client = connect(&pair.standby.tcp_url("127.0.0.1")).await;
    scans.all_complete(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_primary_costs_a_request_its_time_limit() {
    let pair = Pair::start().await;
    let (api, _running) = pair.serve().await;
    let mut scans = Scans::of(&api);
    for _ in 0..20 {
        scans.ask().await;
    }
    assert_eq!(scans.accepted.len(), 20);
    pair.primary.freeze();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    // The first on a connection that was in use a moment ago, the second after those were given up.
    for _ in 0..2 {
        let frozen = Instant::now();
        let answer = http
            .get(format!("http://{}/api/v1/jobs?limit=5", api.address()))
            .bearer_auth(&pair.key)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key("retry-after"));
        let waited = frozen.elapsed();
        println!("503 after {waited:?}");
        assert!(waited < Duration::from_secs(25), "{waited:?}");
    }
    not_ready(&api).await;
    // Longer than the workers' leases of 3 s.
    pair.primary.thaw();
    let thawed = Instant::now();
    scans.ask_until_accepted().await;
    println!("accepted {:?} after the thaw", thawed.elapsed());
    let client = connect(&pair.primary.tcp_url("127.0.0.1")).await;
    scans.all_complete(&client).await;
    eventually("it is ready", async || ready(&api).await.0 == 200).await;
}

/// The old primary comes back and believes that it still is one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_primary_that_was_replaced_gets_no_more_work() {
    let pair = Pair::start().await;
    let (api, _running) = pair.serve().await;
    let mut scans = Scans::of(&api);
    for _ in 0..10 {
        scans.ask().await;
    }
    pair.primary.freeze();
    pair.standby.promote();
    scans.ask_until_accepted().await;
    eventually("it is ready", async || ready(&api).await.0 == 200).await;
    let client = connect(&pair.standby.tcp_url("127.0.0.1")).await;
    // A worker has found the new primary too: one that asked for nothing meanwhile has no reason to look.
    scans.all_complete(&client).await;
    pair.primary.thaw();
    for _ in 0..10 {
        scans.ask().await;
    }
    scans.all_complete(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_alone_is_not_ready() {
    let pair = Pair::start().await;
    let standby = pair.standby.tcp_url("127.0.0.1");
    let mut program = pair.program.clone();
    program.set("DATABASE_URL", &standby);
    let (_server, api) = program.serve(&["--workers", "0", "--no-migrate"], &pair.key).await;
    let sentence = ReadOnly::Standby.to_string();
    assert_eq!(not_ready(&api).await, sentence);
    let doctor = program.output(&["doctor"]);
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(
        !doctor.status.success() && said.contains(&format!("FAIL  {sentence}")),
        "{said}"
    );

    program.set("DATABASE_URL", &pair.primary.tcp_url("127.0.0.1"));
    let doctor = program.output(&["doctor"]);
    assert!(doctor.status.success(), "{doctor:?}");
}

#[tokio::test]
async fn a_session_goes_to_the_server_that_is_wanted() {
    let primary = Server::start(&[]);
    let standby = primary.start_standby().await;
    let both = |params: &str| url_of(standby.port(), primary.port(), params);
    let listed = format!(
        "postgresql:///postgres?user=postgres&host=127.0.0.1,127.0.0.1&port={},{}",
        standby.port(),
        primary.port()
    );
    for (url, expected) in [
        (both(""), None),
        (listed, None),
        (both("target_session_attrs=read-write"), None),
        (both("target_session_attrs=primary"), None),
        (both("target_session_attrs=any"), Some(ReadOnly::Standby)),
        (both("target_session_attrs=standby"), Some(ReadOnly::Standby)),
        (both("target_session_attrs=read-only"), Some(ReadOnly::Standby)),
        (both("target_session_attrs=prefer-standby"), Some(ReadOnly::Standby)),
        (url_of(1, primary.port(), "target_session_attrs=prefer-standby"), None),
    ] {
        let mut conn = Connection::connect(&url.parse().unwrap()).await.unwrap();
        assert_eq!(diagnostics::read_only(&mut conn).await.unwrap(), expected, "{url}");
    }
    let error = Connection::connect(&url_of(1, standby.port(), "").parse().unwrap()).await;
    let error = error.unwrap_err().to_string();
    let (refused, read_only) = error.split_once("; ").unwrap();
    assert!(
        refused.starts_with("127.0.0.1:1: ") && refused.contains("refused"),
        "{error}"
    );
    assert!(
        read_only.ends_with("the server is a standby or otherwise read-only"),
        "{error}"
    );
    let unknown = both("target_session_attrs=master").parse().unwrap();
    let error = Connection::connect(&unknown).await.unwrap_err().to_string();
    assert!(error.contains("prefer-standby"), "{error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_does_not_use_up_the_time_of_the_next() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server::start(&[]);
    let url = url_of(silent.local_addr().unwrap().port(), server.port(), "connect_timeout=4");
    let pool = database::pool::Pool::new(&url.parse().unwrap(), &database::settings::PoolConfig::default()).unwrap();
    let begun = Instant::now();
    let first = pool.get().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(4));
    let begun = Instant::now();
    let _second = pool.get().await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "the search begins where it ended"
    );
    drop(first);
}
