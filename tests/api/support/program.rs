//! The program as processes, which tests call, kill and stop.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::log;
use super::site::Site;

/// The time limit of every wait here.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The database and settings for processes of the program.
#[derive(Clone)]
pub struct Program {
    settings: Vec<(String, String)>,
}

/// A process of the program, killed on drop.
pub struct Running(Child);

impl Program {
    /// Uses this database; names below `.bench.test` resolve to `site`.
    pub fn new(database: &str, site: &Site) -> Self {
        Self::on("DATABASE_URL", database, site)
    }

    /// Uses a private PostgreSQL in this folder.
    pub fn private(folder: &Path, site: &Site) -> Self {
        Self::on("SCRAPERSKY_DATA_DIR", folder.to_str().unwrap(), site)
    }

    fn on(setting: &str, database: &str, site: &Site) -> Self {
        let mut program = Self { settings: Vec::new() };
        for (name, value) in [
            (setting, database),
            ("SCRAPERSKY_CONNECT_TO", &format!("*.bench.test={}", site.addr)),
            ("SCRAPERSKY_LEASE_SECONDS", "3"),
            ("SCRAPERSKY_HEARTBEAT_SECONDS", "1"),
            ("SCRAPERSKY_SWEEP_SECONDS", "0.5"),
            ("SCRAPERSKY_RETRY_SECONDS", "0.5"),
            ("SCRAPERSKY_LOG", "error"),
            // Tests poll more often than clients may.
            ("SCRAPERSKY_READS_PER_MINUTE", "0"),
            ("SCRAPERSKY_REQUESTS_PER_MINUTE", "0"),
            ("SCRAPERSKY_BATCHES_PER_MINUTE", "0"),
            ("SCRAPERSKY_TENANT_READS_PER_MINUTE", "0"),
            ("SCRAPERSKY_TENANT_REQUESTS_PER_MINUTE", "0"),
            ("SCRAPERSKY_TENANT_BATCHES_PER_MINUTE", "0"),
            ("SCRAPERSKY_PUBLIC_REQUESTS_PER_MINUTE", "0"),
        ] {
            program.set(name, value);
        }
        program
    }

    /// Uses no settings.
    pub fn bare() -> Self {
        Self { settings: Vec::new() }
    }

    /// Changes a setting.
    pub fn set(&mut self, name: &str, value: &str) {
        log::note(name, value);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let binary = std::env::var_os("SCRAPERSKY_TEST_BIN")
            .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_scrapersky")), PathBuf::from);
        let mut command = Command::new(binary);
        // Whether there is room on the machine's own disk is the concern of the tests that set this.
        command.args(arguments).env("SCRAPERSKY_MIN_FREE_DISK_BYTES", "0");
        command.envs(self.settings.iter().cloned());
        let is_quiet = self
            .settings
            .iter()
            .all(|(name, value)| name != "SCRAPERSKY_LOG" || value == "error");
        if let Some(level) = log::level().filter(|_| is_quiet) {
            command.env("SCRAPERSKY_LOG", level);
        }
        command.stdout(Stdio::piped()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn output(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        if log::level().is_some() {
            // Captured by the test, but also part of the log.
            std::io::stderr().write_all(&output.stderr).unwrap();
        }
        if arguments.starts_with(&["keys", "create"]) {
            let printed = String::from_utf8_lossy(&output.stdout);
            let created: Option<Value> = serde_json::from_str(&printed).ok();
            let key = created.as_ref().and_then(|created| created["key"].as_str());
            log::secret(key.unwrap_or(printed.trim()));
        }
        output
    }

    /// Runs a command that must succeed, and returns its output.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Starts a process that keeps running.
    pub fn start(&self, arguments: &[&str]) -> Running {
        Running(self.command(arguments).stdout(Stdio::null()).spawn().unwrap())
    }

    /// Starts a process whose output and errors the test reads.
    pub fn watched(&self, arguments: &[&str]) -> (Running, ChildStdout, ChildStderr) {
        let mut child = self.command(arguments).stderr(Stdio::piped()).spawn().unwrap();
        let (out, errors) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        (Running(child), out, errors)
    }

    /// Starts a server, and returns it when it responds, with a client that has all scopes.
    pub async fn serve(&self, arguments: &[&str], key: &str) -> (Running, Api) {
        self.serve_to(arguments, key, Stdio::inherit()).await
    }

    /// The same with the log redirected.
    pub async fn serve_to(&self, arguments: &[&str], key: &str, log: Stdio) -> (Running, Api) {
        let port = super::port::free().port();
        let mut program = self.clone();
        program.set("ROCKET_PORT", &port.to_string());
        let mut command = program.command(&[&["serve"], arguments].concat());
        let server = Running(command.stdout(Stdio::null()).stderr(log).spawn().unwrap());
        let api = Api::new(format!("http://127.0.0.1:{port}"), key);
        let deadline = Instant::now() + TIMEOUT;
        while api.try_send(Method::GET, "/live", None).await.is_err() {
            assert!(Instant::now() < deadline, "the server does not answer");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        (server, api)
    }
}

impl Running {
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Returns whether the process still runs.
    pub fn is_alive(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.0.id()).unwrap()), signal).unwrap();
    }

    /// Kills the process with SIGKILL.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Waits for the end of the process, and returns whether it exited successfully.
    pub fn wait(mut self) -> bool {
        self.0.wait().unwrap().success()
    }

    /// Waits for the end of the process, and returns its exit code.
    pub fn code(mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }

    /// Asks the process to end, and returns whether it exited successfully.
    pub fn end(mut self) -> bool {
        self.signal(Signal::SIGTERM);
        self.0.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A client of a running server.
#[derive(Clone)]
pub struct Api {
    http: Client,
    url: String,
    key: String,
}

impl Api {
    /// A client of the server at `url`.
    pub fn new(url: String, key: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            http: Client::builder().no_proxy().timeout(TIMEOUT).build().unwrap(),
            url,
            key: key.to_owned(),
        }
    }

    /// Returns the address and the port of the server.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Returns a client of the same server with another key.
    pub fn by(&self, key: &str) -> Self {
        Self {
            key: log::secret(key).to_owned(),
            ..self.clone()
        }
    }

    /// Sends a request that may fail.
    pub async fn try_send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<(u16, Value)> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        answer_of(request).await
    }

    /// Posts a request that may fail, and that is done once however often it is sent with `key`.
    pub async fn try_post_once(&self, path: &str, body: &Value, key: &str) -> reqwest::Result<(u16, Value)> {
        let request = self
            .request(Method::POST, path)
            .header("Idempotency-Key", key)
            .header("Content-Type", "application/json")
            .body(body.to_string());
        answer_of(request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.key)
    }

    /// Gets the domains with an additional header.
    pub async fn with_header(&self, name: &str, value: &str) -> (u16, Value) {
        let mut request = self.http.get(format!("{}/api/v1/domains", self.url));
        if name != "Authorization" {
            request = request.bearer_auth(&self.key);
        }
        log::note(name, value);
        answer_of(request.header(name, value)).await.unwrap()
    }

    /// Returns status and body of `path`.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.try_send(Method::GET, path, None).await.unwrap()
    }

    /// Posts a request that must be accepted, and returns the response.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.try_send(Method::POST, path, Some(body)).await.unwrap();
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// Returns the number of the tenant's jobs with a status; `None` if the server cannot answer.
    pub async fn count(&self, status: &str) -> Option<u64> {
        let path = format!("/api/v1/jobs?limit=1&status={status}");
        let (status, answer) = self.try_send(Method::GET, &path, None).await.ok()?;
        (status == 200).then(|| answer["total"].as_u64().unwrap())
    }
}

/// Sends a request, and returns the status and the JSON of its answer.
async fn answer_of(request: RequestBuilder) -> reqwest::Result<(u16, Value)> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body = response.bytes().await?;
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}
