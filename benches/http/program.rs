//! The program, as it is run.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use scrapersky::demo::sites::Sites;
use serde_json::Value;

/// The program on one database.
pub struct Program {
    url: String,
    port: u16,
    sites: String,
    key: String,
}

impl Program {
    /// Sets up the database and makes a key.
    pub fn install(url: &str, sites: &Sites) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut program = Self {
            url: url.to_owned(),
            port,
            sites: format!("*.demo.test={}", sites.addr()),
            key: String::new(),
        };
        program.output(&["migrate", "up"]);
        program.key = program.output(&["keys", "create", "--name", "http"]);
        program
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scrapersky"));
        command
            .args(arguments)
            .env("DATABASE_URL", &self.url)
            .env("ROCKET_PORT", self.port.to_string())
            .env("ROCKET_PROFILE", "release")
            .env("SCRAPERSKY_CONNECT_TO", &self.sites)
            .env("SCRAPERSKY_FETCH_PACE_SECONDS", "0")
            .env("SCRAPERSKY_LOG", "error")
            .stdout(Stdio::null());
        // Counted, but never refused.
        for kind in ["REQUESTS", "READS", "BATCHES"] {
            for of in ["", "TENANT_"] {
                command.env(format!("SCRAPERSKY_{of}{kind}_PER_MINUTE"), "1000000000");
            }
        }
        command.env("SCRAPERSKY_PUBLIC_REQUESTS_PER_MINUTE", "1000000000");
        command
    }

    fn output(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).stdout(Stdio::piped()).output().unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Starts a server without workers, and returns when it is ready.
    pub async fn serve(&self) -> Server {
        let begun = Instant::now();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut server = Server {
            process: self.command(&["serve", "--workers", "0"]).spawn().unwrap(),
            port: self.port,
            key: self.key.clone(),
            http: Client::builder().no_proxy().build().unwrap(),
            started_in: Duration::ZERO,
        };
        while server.send(Method::GET, "/ready", "").await.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.started_in = begun.elapsed();
        server
    }

    /// Starts a process of eight workers.
    pub fn work(&self) -> Server {
        Server {
            process: self.command(&["worker", "--workers", "8"]).spawn().unwrap(),
            port: self.port,
            key: self.key.clone(),
            http: Client::new(),
            started_in: Duration::ZERO,
        }
    }
}

/// A process, which ends with this.
pub struct Server {
    process: Child,
    pub port: u16,
    pub key: String,
    http: Client,
    /// How long it took until it was ready.
    pub started_in: Duration,
}

impl Server {
    /// Returns a figure of the process's memory, in MB.
    pub fn memory(&self, name: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kilobytes / 1024
    }

    /// Posts a request, which must succeed.
    pub async fn post(&self, path: &str, body: &'static str) -> Value {
        self.send(Method::POST, path, body).await.expect("the server answers")
    }

    async fn send(&self, method: Method, path: &str, body: &'static str) -> Option<Value> {
        let request = self
            .http
            .request(method, format!("http://127.0.0.1:{}{path}", self.port))
            .bearer_auth(&self.key)
            .header("Content-Type", "application/json")
            .body(body);
        let response = request.send().await.ok()?;
        assert!(response.status().is_success(), "{path}: {}", response.status());
        Some(serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
