//! Load on a running server: how fast the API answers, alone and while its workers read hostile pages.
//!
//! Starts the program on a throw-away PostgreSQL without fsync, and the sample sites of the demo. `LOAD_REQUESTS` says
//! how many requests of each kind (2,000 unless set), `LOAD_AT_ONCE` by how many clients (8), `LOAD_HOSTILE` how many
//! scans of a hostile page are under way meanwhile (100).

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot run ends")]

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs};

use postgres::{DATABASE, Durability, EmbeddedOptions, EmbeddedPostgres};
use reqwest::{Client, Method};
use scrapersky::demo::sites::Sites;
use serde_json::{Value, json};

fn main() {
    let count = |name: &str, default: usize| env::var(name).map_or(default, |text| text.parse().unwrap());
    let (requests, at_once) = (count("LOAD_REQUESTS", 2000), count("LOAD_AT_ONCE", 8));
    let hostile = count("LOAD_HOSTILE", 100);
    let folder = env::temp_dir().join(format!("scrapersky-load-{}", std::process::id()));
    let postgres = EmbeddedPostgres::start(&EmbeddedOptions {
        data_dir: folder.clone(),
        pg_bin: None,
        durability: Durability::Throwaway,
    })
    .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(load(&postgres.url(DATABASE), requests, at_once, hostile));
    postgres.stop().unwrap();
    fs::remove_dir_all(folder).unwrap();
}

/// Returns the program as it is to be started.
fn program(database: &str, port: u16, sites: &Sites, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scrapersky"));
    command
        .args(arguments)
        .env("DATABASE_URL", database)
        .env("ROCKET_PORT", port.to_string())
        .env("ROCKET_PROFILE", "release")
        .env("SCRAPERSKY_CONNECT_TO", format!("*.demo.test={}", sites.addr()))
        .env("SCRAPERSKY_FETCH_PACE_SECONDS", "0")
        // Counted, but never refused.
        .env("SCRAPERSKY_REQUESTS_PER_MINUTE", "100000000")
        .env("SCRAPERSKY_BATCHES_PER_MINUTE", "100000000")
        .env("SCRAPERSKY_TENANT_REQUESTS_PER_MINUTE", "100000000")
        .env("SCRAPERSKY_TENANT_BATCHES_PER_MINUTE", "100000000")
        .env("SCRAPERSKY_PUBLIC_REQUESTS_PER_MINUTE", "0")
        .env("SCRAPERSKY_LOG", "error");
    command
}

async fn load(database: &str, requests: usize, at_once: usize, hostile: usize) {
    let sites = Sites::open().await.unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let program = |arguments: &[&str]| program(database, port, &sites, arguments);
    assert!(
        program(&["migrate", "up"])
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    let key = program(&["keys", "create", "--name", "load"]).output().unwrap().stdout;
    let server = Server(
        program(&["serve", "--workers", "8"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let api = Arc::new(Api::new(port, String::from_utf8(key).unwrap().trim()));
    while api.try_send(Method::GET, "/live", None).await.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    println!("{requests} requests each, {at_once} at a time; the sites that are scanned do not exist");
    let scan = json!({ "base_url": "shop.nowhere.test" });
    let accepted = api.send(Method::POST, "/api/v1/scrapersky", Some(&scan)).await;
    let status = accepted.get("status_url").and_then(Value::as_str).unwrap().to_owned();
    for (method, path, body) in [
        (Method::GET, "/live", None),
        (Method::GET, "/ready", None),
        (Method::GET, status.as_str(), None),
        (Method::POST, "/api/v1/scrapersky", Some(&scan)),
        (Method::GET, "/api/v1/jobs?limit=20", None),
        (Method::GET, "/api/v1/domains?limit=20", None),
    ] {
        measure(&api, method, path, body, requests, at_once).await;
    }

    measure_beside_hostile_scans(&api, hostile).await;
    print_memory(&server);
}

async fn measure_beside_hostile_scans(api: &Api, hostile: usize) {
    println!("while {hostile} scans of a hostile page are under way:");
    let scan = json!({ "base_url": "hostile.demo.test" });
    for _ in 0..hostile {
        api.send(Method::POST, "/api/v1/scrapersky", Some(&scan)).await;
    }
    let mut took = Vec::new();
    while api.unfinished().await > 0 {
        for _ in 0..20 {
            let begun = Instant::now();
            api.send(Method::GET, "/ready", None).await;
            took.push(begun.elapsed());
        }
    }
    report("GET /ready", &mut took, None);
}

fn print_memory(server: &Server) {
    let memory = fs::read_to_string(format!("/proc/{}/status", server.0.id())).unwrap_or_default();
    let peak = memory
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap_or_default();
    println!(
        "the server's memory at most: {}",
        peak.trim_start_matches("VmHWM:").trim()
    );
}

/// Sends a number of requests and prints how long they took.
async fn measure(api: &Arc<Api>, method: Method, path: &str, body: Option<&Value>, requests: usize, at_once: usize) {
    let left = Arc::new(AtomicUsize::new(requests));
    let begun = Instant::now();
    let clients: Vec<_> = (0..at_once)
        .map(|_| {
            let (api, left, method) = (Arc::clone(api), Arc::clone(&left), method.clone());
            let (path, body) = (path.to_owned(), body.cloned());
            tokio::spawn(async move {
                let mut took = Vec::new();
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_ok()
                {
                    let begun = Instant::now();
                    api.send(method.clone(), &path, body.as_ref()).await;
                    took.push(begun.elapsed());
                }
                took
            })
        })
        .collect();
    let mut took = Vec::new();
    for client in clients {
        took.extend(client.await.unwrap());
    }
    report(&format!("{method} {path}"), &mut took, Some(begun.elapsed()));
}

fn report(what: &str, took: &mut [Duration], whole: Option<Duration>) {
    took.sort_unstable();
    let part = |part: f64| *took.get(((took.len() - 1) as f64 * part) as usize).unwrap();
    let rate = whole.map_or_else(String::new, |whole| {
        format!("{:7.0}/s, ", took.len() as f64 / whole.as_secs_f64())
    });
    println!(
        "  {rate}median {:?}, p99 {:?}, longest {:?} ({} times)  {what}",
        part(0.5),
        part(0.99),
        part(1.0),
        took.len()
    );
}

/// The server's process, which ends with this.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Api {
    http: Client,
    url: String,
    key: String,
}

impl Api {
    fn new(port: u16, key: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            http: Client::builder().no_proxy().build().unwrap(),
            url: format!("http://127.0.0.1:{port}"),
            key: key.to_owned(),
        }
    }

    async fn try_send(&self, method: Method, path: &str, body: Option<&Value>) -> Option<Value> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.key);
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().await.ok()?;
        assert!(response.status().is_success(), "{path}: {}", response.status());
        Some(serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        self.try_send(method, path, body).await.unwrap()
    }

    /// Returns how many jobs wait or run.
    async fn unfinished(&self) -> u64 {
        let mut sum = 0;
        for status in ["pending", "running"] {
            let path = format!("/api/v1/jobs?limit=1&status={status}");
            let page = self.send(Method::GET, &path, None).await;
            sum += page.get("total").and_then(Value::as_u64).unwrap();
        }
        sum
    }
}
