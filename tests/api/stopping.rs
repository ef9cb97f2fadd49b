//! Servers that are asked to stop: how long it takes, what `/ready` says meanwhile, and what is logged.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::database::{TestDatabase, eventually};
use crate::support::port;
use crate::support::program::{Api, Program, Running};
use crate::support::site::{Reply, Site};

const HAPROXY: &str = "/usr/sbin/haproxy";
/// How long a stopped server may take after its last request, with room for a busy machine.
const SOON: Duration = Duration::from_millis(3500);

/// Returns the program, and what it needs while it runs.
async fn program() -> ((TestDatabase, Site), Program) {
    let database = TestDatabase::new().await;
    let site = Site::start(|_| Reply::html("<title>A shop</title>")).await;
    let program = Program::new(database.url(), &site);
    ((database, site), program)
}

/// Sends the beginning of a request whose body has 22 bytes.
async fn begin_post(api: &Api, key: &str) -> TcpStream {
    let mut socket = TcpStream::connect(api.address()).await.unwrap();
    let head = format!(
        "POST /api/v1/scrapersky HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n\
         Content-Length: 22\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn a_server_stops_soon_after_its_last_request() {
    let (_scene, program) = program().await;
    let key = program.run(&["keys", "create", "--name", "stop"]);
    let (server, api) = program.serve(&["--workers", "0"], &key).await;
    // An idle connection, and a request that is not complete when the server is asked to stop.
    assert_eq!(api.get("/api/v1/domains").await.0, 200);
    let mut request = begin_post(&api, &key).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.signal(Signal::SIGTERM);
    eventually("the listener is closed", async || {
        TcpStream::connect(api.address()).await.is_err()
    })
    .await;
    request.write_all(b"{\"base_url\": \"a.test\"}").await.unwrap();
    let mut answer = Vec::new();
    request.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answered = Instant::now();
    assert!(server.wait());
    assert!(answered.elapsed() < SOON, "it took {:?}", answered.elapsed());
}

#[tokio::test]
async fn a_draining_server_says_so_and_goes_on_serving() {
    let (_scene, mut program) = program().await;
    let key = program.run(&["keys", "create", "--name", "drain"]);
    program.set("SCRAPERSKY_DRAIN_SECONDS", "600");
    let (server, api) = program.serve(&["--workers", "0"], &key).await;
    eventually("the server is ready", async || api.get("/ready").await.0 == 200).await;
    server.signal(Signal::SIGTERM);
    eventually("the server says that it stops", async || {
        let (status, body) = api.get("/ready").await;
        status == 503 && body["detail"] == "the program is shutting down"
    })
    .await;
    api.post("/api/v1/scrapersky", &json!({ "base_url": "a.bench.test" }))
        .await;
    let again = Instant::now();
    assert!(server.end());
    assert!(again.elapsed() < SOON, "it took {:?}", again.elapsed());
}

/// Requests that fail, and what the log says of them.
fn failures() -> [(Method, &'static str, Option<Value>, &'static str); 6] {
    let get = |path, line| (Method::GET, path, None, line);
    let body = json!({ "planted": "planted" });
    [
        get("/api/v1/domains/planted", "404 not_found, GET /api/v1/domains/<id>"),
        get(
            "/api/v1/domains/planted?planted=1",
            "400 bad_request, GET /api/v1/domains/<id>",
        ),
        get("/api/v1/planted?a=planted", "404 not_found, GET no route"),
        get("/api/v1/jobs?status=planted", "400 bad_request, GET /api/v1/jobs"),
        get("/api/v1/jobs?a=planted", "401 unauthorized, GET /api/v1/jobs"),
        (
            Method::POST,
            "/api/v1/scrapersky",
            Some(body),
            "422 unprocessable, POST /api/v1/scrapersky",
        ),
    ]
}

#[tokio::test]
async fn each_failed_request_and_each_job_has_one_line_without_what_a_client_sent() {
    let (_scene, mut program) = program().await;
    let key = program.run(&["keys", "create", "--name", "log"]);
    program.set("SCRAPERSKY_LOG", "info");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let file = fs::File::create(&path).unwrap();
    let (server, api) = program.serve_to(&[], &key, Stdio::from(file)).await;
    let stranger = api.by("sky_plantedplantedplantedplanted");
    let mut failed = Vec::new();
    for (method, path, body, line) in failures() {
        let api = if line.starts_with("401") { &stranger } else { &api };
        let (_, answer) = api.try_send(method, path, body.as_ref()).await.unwrap();
        failed.push((answer["request_id"].as_str().unwrap().to_owned(), line));
    }
    api.post("/api/v1/scrapersky", &json!({ "base_url": "a.bench.test" }))
        .await;
    eventually("the job ends", async || api.count("completed").await == Some(1)).await;
    assert!(server.end());
    let log = fs::read_to_string(&path).unwrap();
    for (id, line) in failed {
        let lines: Vec<_> = log.lines().filter(|line| line.contains(&id)).collect();
        assert!(
            matches!(&*lines, [only] if only.contains(line) && only.contains("INFO")),
            "{line}: {lines:?}\n{log}"
        );
    }
    let lines: Vec<_> = log.lines().filter(|line| line.contains("jobs::attempt")).collect();
    let told = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(
        lines.len() == 1 && told("domain_scan") && told(" of domain ") && told("completed, ok"),
        "{log}"
    );
    for text in ["the server at http", "started", "the server stops", " 1 jobs completed"] {
        assert!(log.contains(text), "{text} is not in the log:\n{log}");
    }
    assert!(
        !log.contains("planted") && !log.contains(" WARN ") && !log.contains(" ERROR "),
        "{log}"
    );
}

/// Two servers on ports that they keep, behind the proxy.
struct Front {
    proxy: Child,
    api: Api,
    log: NamedTempFile,
}

impl Front {
    async fn start(servers: [u16; 2], key: &str) -> Self {
        let address = port::free();
        let log = NamedTempFile::new().unwrap();
        let proxy = Command::new(HAPROXY)
            .args(["-db", "-f"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/haproxy.cfg"))
            .env("PROXY_BIND", address.to_string())
            .env("PROXY_SERVER_1", format!("127.0.0.1:{}", servers[0]))
            .env("PROXY_SERVER_2", format!("127.0.0.1:{}", servers[1]))
            .stdout(log.reopen().unwrap())
            .stderr(log.reopen().unwrap())
            .spawn()
            .unwrap();
        let api = Api::new(format!("http://{address}"), key);
        Self { proxy, api, log }
    }

    /// Returns what the proxy says about its servers.
    fn states(&self) -> String {
        let log = fs::read_to_string(self.log.path()).unwrap();
        let about_servers = log
            .lines()
            .filter(|line| line.contains("is UP") || line.contains("is DOWN"));
        about_servers.collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

async fn until_ready(port: u16) {
    let api = Api::new(format!("http://127.0.0.1:{port}"), "");
    eventually("the server is ready", async || {
        matches!(api.try_send(Method::GET, "/ready", None).await, Ok((200, _)))
    })
    .await;
}

/// Sends requests, 50 a second if the proof is a full one, every fifth of which queues a scan, until `end`; counts those sent and those that failed.
async fn ask_on(api: Api, end: Arc<AtomicBool>, sent: Arc<AtomicUsize>) -> Vec<String> {
    let mut turns = tokio::time::interval(Duration::from_millis(if restarts() > 1 { 20 } else { 100 }));
    let failures = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut requests = tokio::task::JoinSet::new();
    while !end.load(Ordering::Relaxed) {
        turns.tick().await;
        let number = sent.fetch_add(1, Ordering::Relaxed);
        let (api, failures) = (api.clone(), Arc::clone(&failures));
        requests.spawn(async move {
            let answer = if number.is_multiple_of(5) {
                let body = json!({ "base_url": format!("s{number}.bench.test") });
                api.try_send(Method::POST, "/api/v1/scrapersky", Some(&body)).await
            } else {
                api.try_send(Method::GET, "/api/v1/jobs?limit=5", None).await
            };
            match answer {
                Ok((200, _)) => {}
                other => failures.lock().unwrap().push(format!("{number}: {other:?}")),
            }
        });
    }
    while requests.join_next().await.is_some() {}
    Arc::into_inner(failures).unwrap().into_inner().unwrap()
}

/// Returns how often servers and workers are restarted: more than once only alone on the machine.
fn restarts() -> usize {
    std::env::var("SCRAPERSKY_TEST_RESTARTS").map_or(1, |times| times.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_of_servers_and_workers_behind_the_proxy_fail_no_request() {
    if !Path::new(HAPROXY).is_file() {
        println!("skipped: {HAPROXY} is not installed");
        return;
    }
    let restarts = restarts();
    let (_scene, mut program) = program().await;
    let key = program.run(&["keys", "create", "--name", "rolling"]);
    program.set("SCRAPERSKY_DRAIN_SECONDS", "4");
    let ports = [(); 2].map(|()| port::free());
    let ports = ports.map(|address: SocketAddr| address.port());
    let serve = |port: u16| {
        let mut program = program.clone();
        program.set("ROCKET_PORT", &port.to_string());
        program.start(&["serve", "--workers", "0"])
    };
    let mut servers = ports.map(|port| Some(serve(port)));
    let mut workers: [Running; 2] = std::array::from_fn(|_| program.start(&["worker", "--workers", "4"]));
    for port in ports {
        until_ready(port).await;
    }
    let front = Front::start(ports, &key).await;
    eventually("the proxy answers", async || {
        matches!(front.api.try_send(Method::GET, "/ready", None).await, Ok((200, _)))
    })
    .await;
    let (end, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let client = tokio::spawn(ask_on(front.api.clone(), Arc::clone(&end), Arc::clone(&sent)));
    for _ in 0..restarts {
        for (place, port) in ports.into_iter().enumerate() {
            let worker = std::mem::replace(&mut workers[place], program.start(&["worker", "--workers", "4"]));
            assert!(tokio::task::spawn_blocking(move || worker.end()).await.unwrap());
            let server = servers[place].take().unwrap();
            assert!(tokio::task::spawn_blocking(move || server.end()).await.unwrap());
            servers[place] = Some(serve(port));
            until_ready(port).await;
            // The proxy believes the first good answer, the next second.
            tokio::time::sleep(Duration::from_millis(2500)).await;
        }
    }
    end.store(true, Ordering::Relaxed);
    let failures = client.await.unwrap();
    let sent = sent.load(Ordering::Relaxed);
    println!(
        "{restarts} restarts of each server and worker: {sent} requests, {} failed",
        failures.len()
    );
    assert!(failures.is_empty(), "{:#?}\n{}", failures.first(), front.states());
}
