//! The proxy of `deploy/haproxy.cfg` in front of the program, limiting what Rocket does not.
//!
//! Slow clients run in another process, since this one may not open a thousand sockets.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::support::database::TestDatabase;
use crate::support::extent;
use crate::support::port;
use crate::support::process::helper_command;
use crate::support::program::{Program, Running};
use crate::support::site::{Reply, Site};

const HAPROXY: &str = "/usr/sbin/haproxy";
/// How long a slow client may hold its connection.
const BOUND: Duration = Duration::from_secs(45);
/// Connections per address: the proxy allows 100.
const OF_ONE_ADDRESS: usize = 50;

/// What a slow client sends before it stops.
const BEGINNINGS: &[(&str, &str)] = &[
    ("nothing", ""),
    ("half a head", "GET /ready HTTP/1.1\r\nHost: a\r\nX-Half: "),
    (
        "half a body",
        "POST /api/v1/scrapersky HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_are_closed_and_slow_no_others() {
    let Some(mut scene) = Scene::new(&[]).await else { return };
    // Of three rounds one has to be quick: in the others, other tests may have had the processors.
    let mut rounds = Vec::new();
    while rounds.len() < 3 && !rounds.iter().any(is_quick) {
        rounds.push(beside_slow_clients(&scene).await);
    }
    assert!(rounds.iter().any(is_quick), "others wait: {rounds:?} (median, p99)");
    scene.stop();
}

/// Judges the median: the 99th percentile, which is printed, is that of the other tests as well.
fn is_quick((median, _): &(Duration, Duration)) -> bool {
    *median < Duration::from_millis(50)
}

/// Asks whether the server is ready as long as slow clients hold connections, and returns how long that takes: the median
/// and the 99th percentile.
async fn beside_slow_clients(scene: &Scene) -> (Duration, Duration) {
    let count = extent::of(1100, 40);
    let begun = Instant::now();
    let mut slow = slow_clients(scene.proxy, count);
    let mut times = Vec::new();
    while slow.try_wait().unwrap().is_none() {
        let asked = Instant::now();
        let answer = scene
            .ask("GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .await;
        // A busy machine may exceed the 300 ms for the database; the proxy does not respond itself.
        assert!(
            answer.contains("\"status\":\"ready\"") || answer.contains("did not answer within"),
            "{answer}"
        );
        times.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        slow.wait().unwrap().success(),
        "not all slow clients were closed in time"
    );
    times.sort_unstable();
    let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!(
        "{} slow clients closed after {:.1} s; {} requests of others meanwhile, median {median:?}, p99 {p99:?}",
        count * BEGINNINGS.len(),
        begun.elapsed().as_secs_f32(),
        times.len(),
    );
    (median, p99)
}

#[tokio::test]
async fn the_proxy_forwards_the_address_and_uses_the_error_shape() {
    // Each request forges another address.
    let Some(mut scene) = Scene::new(&[("SCRAPERSKY_PUBLIC_REQUESTS_PER_MINUTE", "1000000")]).await else {
        return;
    };
    let close = "Connection: close\r\n";
    let no_host = scene.ask(&format!("GET /live HTTP/1.1\r\n{close}\r\n")).await;
    assert!(
        no_host.starts_with("HTTP/1.1 400") && no_host.contains("application/problem+json"),
        "{no_host}"
    );
    let two_hosts = scene
        .ask(&format!("GET /live HTTP/1.1\r\nHost: a\r\nHost: b\r\n{close}\r\n"))
        .await;
    assert!(two_hosts.starts_with("HTTP/1.1 400"), "{two_hosts}");
    // The server's HTTP library refuses more than 100 headers, without a body.
    let many: String = (0..99).map(|number| format!("X-{number}: 1\r\n")).collect();
    let too_many = scene
        .ask(&format!("GET /live HTTP/1.1\r\nHost: a\r\n{many}{close}\r\n"))
        .await;
    assert!(
        too_many.starts_with("HTTP/1.1 431") && too_many.contains("\"code\":\"client_error\""),
        "{too_many}"
    );
    // Nor does it know what to do with this path.
    let unreadable = scene
        .ask(&format!("GET /<live> HTTP/1.1\r\nHost: a\r\n{close}\r\n"))
        .await;
    assert!(
        unreadable.starts_with("HTTP/1.1 400") && unreadable.contains("\"code\":\"bad_request\""),
        "{unreadable}"
    );
    let unfinished = "POST /live HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab";
    let late = scene.ask(unfinished).await;
    assert!(
        late.starts_with("HTTP/1.1 408") && late.contains("\"code\":\"timeout\""),
        "{late}"
    );

    // Connections from one address, whichever proxy thread accepts them.
    let mut connections = Vec::new();
    for _ in 0..110 {
        // A refused connection may be reset before `connect` returns.
        connections.extend(TcpStream::connect(scene.proxy).await);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let open = connections
        .iter()
        .filter(|socket| matches!(socket.try_read(&mut [0; 1]), Err(error) if error.kind() == ErrorKind::WouldBlock))
        .count();
    assert_eq!(open, 100);
    drop(connections);

    scene.server.take().unwrap().kill();
    let deadline = Instant::now() + BOUND;
    let nobody = loop {
        let answer = scene
            .ask(&format!("GET /live HTTP/1.1\r\nHost: a\r\n{close}\r\n"))
            .await;
        if answer.starts_with("HTTP/1.1 503") {
            break answer;
        }
        assert!(Instant::now() < deadline, "{answer}");
    };
    assert!(nobody.to_lowercase().contains("retry-after: 1"), "{nobody}");
    scene.stop();
}

#[tokio::test]
async fn no_client_chooses_its_own_address() {
    let Some(mut scene) = Scene::new(&[("SCRAPERSKY_PUBLIC_REQUESTS_PER_MINUTE", "40")]).await else {
        return;
    };
    let mut last = String::new();
    for number in 0..60 {
        let lie = format!("GET /live HTTP/1.1\r\nHost: a\r\nX-Real-IP: 192.0.2.{number}\r\nConnection: close\r\n\r\n");
        last = scene.ask(&lie).await;
        // No further: here the proxy's own checks have the client's address, and are refused now too.
        if last.starts_with("HTTP/1.1 429") {
            break;
        }
    }
    assert!(last.starts_with("HTTP/1.1 429"), "{last}");
    scene.stop();
}

/// The program behind the proxy.
struct Scene {
    proxy: SocketAddr,
    haproxy: Child,
    server: Option<Running>,
    _database: TestDatabase,
}

impl Scene {
    /// Starts both with these settings; `None` if the proxy is not installed.
    async fn new(settings: &[(&str, &str)]) -> Option<Self> {
        if !Path::new(HAPROXY).is_file() {
            println!("skipped: {HAPROXY} is not installed");
            return None;
        }
        let database = TestDatabase::new().await;
        let site = Site::start(|_| Reply::html("")).await;
        let mut program = Program::new(database.url(), &site);
        program.set("ROCKET_IP_HEADER", "X-Real-IP");
        for (name, value) in settings {
            program.set(name, value);
        }
        let (server, api) = program.serve(&["--workers", "0"], "").await;
        let proxy = port::free();
        let mut command = Command::new(HAPROXY);
        command
            .args(["-db", "-f"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/haproxy.cfg"))
            .env("PROXY_BIND", proxy.to_string())
            .env("PROXY_SERVER_1", api.address())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if !extent::is_full() {
            command.env("PROXY_SLOW", "1s").env("PROXY_IDLE", "2s");
        }
        let scene = Self {
            proxy,
            haproxy: command.spawn().unwrap(),
            server: Some(server),
            _database: database,
        };
        let deadline = Instant::now() + BOUND;
        loop {
            if TcpStream::connect(proxy).await.is_ok() {
                let answer = scene
                    .ask("GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                    .await;
                if answer.starts_with("HTTP/1.1 200") {
                    return Some(scene);
                }
            }
            assert!(Instant::now() < deadline, "the proxy does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends bytes, and returns everything received until the connection closes.
    async fn ask(&self, request: &str) -> String {
        let mut socket = TcpStream::connect(self.proxy).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // After a reset nothing more arrives.
        let _ = tokio::time::timeout(BOUND, socket.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn stop(&mut self) {
        self.haproxy.kill().unwrap();
        self.haproxy.wait().unwrap();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.haproxy.kill();
        let _ = self.haproxy.wait();
    }
}

/// Starts the process of slow clients, `count` of each kind, with enough file descriptors.
fn slow_clients(proxy: SocketAddr, count: usize) -> Child {
    let helper = helper_command("slow clients", Path::new(&format!("{proxy}/{count}")));
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -Sn $(ulimit -Hn); exec \"$@\"", "sh"]);
    command.arg(helper.get_program()).args(helper.get_args());
    for (name, value) in helper.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command.stdout(Stdio::null()).spawn().unwrap()
}

/// Connects slow clients of each kind, and panics if one is still open after its time.
pub fn be_slow(order: &str) {
    let (proxy, count) = order.split_once('/').unwrap();
    let (proxy, count): (SocketAddr, usize) = (proxy.parse().unwrap(), count.parse().unwrap());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut clients = JoinSet::new();
        for number in 0..count * BEGINNINGS.len() {
            let (kind, beginning) = BEGINNINGS[number % BEGINNINGS.len()];
            let socket = TcpSocket::new_v4().unwrap();
            let address = number / OF_ONE_ADDRESS;
            socket
                .bind(
                    format!("127.1.{}.{}:0", address / 250, address % 250 + 1)
                        .parse()
                        .unwrap(),
                )
                .unwrap();
            clients.spawn(async move {
                let mut socket = socket.connect(proxy).await.unwrap();
                socket.write_all(beginning.as_bytes()).await.unwrap();
                let mut rest = Vec::new();
                let closed = tokio::time::timeout(BOUND, socket.read_to_end(&mut rest)).await;
                assert!(closed.is_ok(), "a client that sent {kind} was not closed");
            });
        }
        while let Some(client) = clients.join_next().await {
            client.unwrap();
        }
    });
}
