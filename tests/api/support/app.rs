//! The whole program on its own database: the HTTP API, a worker, and agencies that call it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use database::models::api_key::{KeySecret, NewApiKey};
use database::models::enums::Scope;
use database::models::values::TextList;
use database::pool::Pool;
use flate2::read::GzDecoder;
use jobs::Runner;
use rocket::figment::Figment;
use rocket::http::{ContentType, Header, Method};
use rocket::local::asynchronous::Client;
use scans::{DomainConfig, EmailConfig, ScansConfig};
use scans::{Services, registry};
use scrapersky::config::Config;
use serde_json::Value;
use tokio::sync::{OnceCell, oneshot};
use web::fetch::{ConnectTo, FetchConfig};

use super::contract::Contract;
use super::database::TestDatabase;
use super::log;
use super::rules::RULES;
use super::site::Site;
use super::tenants::{Agencies, Agency};
use super::workers::patient;

/// The program.
pub struct TestApp {
    client: Client,
    contract: &'static Contract,
    pool: Pool,
    agencies: Agencies,
    /// A superuser's connection, opened at its first use.
    superuser: OnceCell<tokio_postgres::Client>,
}

/// The holder of an agency's key.
pub struct Holder<'a> {
    app: &'a TestApp,
    pub agency: Agency,
    pub key: String,
}

/// A response of the API.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Header names are in lower case.
    pub headers: Vec<(String, String)>,
    pub content_type: String,
    pub body: Value,
    /// The body, unpacked where it was compressed.
    pub text: String,
    /// The size of the body as it was sent, in bytes.
    pub size: usize,
}

impl Answer {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl TestApp {
    /// Starts the API; jobs wait until [`Self::work`] is called.
    pub async fn new() -> Self {
        Self::over(Agencies::with_connections(5).await, &[]).await
    }

    /// Starts the API with settings as in the table `scrapersky` of `Rocket.toml`.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::over(Agencies::with_connections(5).await, settings).await
    }

    /// Starts the API on an existing database.
    pub async fn on(agencies: Agencies, settings: &[(&str, &str)]) -> Self {
        Self::over(agencies, settings).await
    }

    /// The database and its tenants.
    pub fn agencies(&self) -> &Agencies {
        &self.agencies
    }

    /// The API's description.
    pub fn contract(&self) -> &'static Contract {
        self.contract
    }

    /// The HTTP client, for requests without a helper.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Starts the API on a database of the old system, filled by the SQL script `rows`.
    pub async fn adopted(rows: &str) -> Self {
        let database = TestDatabase::empty().await;
        let mut client = database.client().await;
        crate::migrations::step_up(&mut client, 1).await;
        client.batch_execute(rows).await.unwrap();
        database::migrate::up(&database.database_url()).await.unwrap();
        let pool = super::tenants::pool(&database, 5);
        Self::over(Agencies { database, pool }, &[]).await
    }

    async fn over(agencies: Agencies, settings: &[(&str, &str)]) -> Self {
        let pool = agencies.pool.clone();
        // Tests poll more often than clients may; tests of limits set their own.
        let mut figment = Figment::from(rocket::Config {
            log_level: if log::level().is_some() {
                rocket::config::LogLevel::Debug
            } else {
                rocket::config::LogLevel::Off
            },
            ..rocket::Config::debug_default()
        });
        for name in [
            "reads_per_minute",
            "requests_per_minute",
            "batches_per_minute",
            "tenant_reads_per_minute",
            "tenant_requests_per_minute",
            "tenant_batches_per_minute",
            "public_requests_per_minute",
        ] {
            figment = figment.merge((format!("scrapersky.{name}"), 0));
        }
        for (name, value) in settings {
            log::note(name, value);
            figment = figment.merge((format!("scrapersky.{name}"), *value));
        }
        let config = Config::read(&figment, &|_| None, true).unwrap();
        let client = Client::untracked(scrapersky::rocket(&config, pool.clone()).unwrap())
            .await
            .unwrap();
        Self {
            contract: Contract::of(&client).await,
            client,
            pool,
            agencies,
            superuser: OnceCell::new(),
        }
    }

    /// The program's pool.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Runs SQL as the superuser.
    pub async fn sql(&self, sql: &str) {
        self.superuser().await.batch_execute(sql).await.unwrap();
    }

    async fn superuser(&self) -> &tokio_postgres::Client {
        self.superuser.get_or_init(|| self.agencies.database.client()).await
    }

    /// Runs a query that returns one number as the superuser.
    pub async fn count(&self, sql: &str) -> i64 {
        self.superuser().await.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Runs a query that returns one text column as the superuser.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.superuser().await.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Creates a key with all scopes for the historic default tenant.
    pub async fn default_agency(&self) -> Holder<'_> {
        let default = database::repo::tenants::DEFAULT_TENANT;
        let found = self
            .agencies
            .system(async |conn| database::repo::tenants::find(conn, default).await)
            .await;
        let agency = Agency {
            pool: self.pool.clone(),
            id: found.unwrap().id,
        };
        let key = self.key(&agency, Scope::ALL).await;
        Holder { app: self, agency, key }
    }

    /// Sends text with `key`, and returns the status and body of the response.
    pub async fn text(&self, method: Method, path: &str, key: &str, body: &str) -> (u16, String) {
        let request = self.client.req(method, path);
        let request = request.header(Header::new("Authorization", format!("Bearer {key}")));
        let response = request.body(body).dispatch().await;
        let status = response.status().code;
        (status, response.into_string().await.unwrap_or_default())
    }

    /// Creates an agency with a key for all scopes.
    pub async fn agency(&self, name: &str) -> Holder<'_> {
        let agency = self.agencies.tenant(name).await;
        let key = self.key(&agency, Scope::ALL).await;
        Holder { app: self, agency, key }
    }

    /// Creates another key of an agency.
    pub async fn key(&self, agency: &Agency, scopes: &[Scope]) -> String {
        let secret = KeySecret::generate();
        let scopes: TextList = scopes.iter().map(|scope| scope.label()).collect();
        let hash = KeySecret::hash_of(secret.expose());
        let new = NewApiKey {
            name: "test",
            prefix: secret.prefix(),
            hash: &hash,
            scopes: &scopes,
            expires_at: None,
        };
        agency
            .run(async |conn| database::repo::api_keys::insert(conn, &new).await)
            .await;
        log::secret(secret.expose()).to_owned()
    }

    /// Runs jobs until it is dropped; names below `.bench.test` resolve to `site`.
    pub fn work(&self, site: &Site) -> oneshot::Sender<()> {
        self.work_with(site, |scans| scans)
    }

    /// The same with other settings.
    pub fn work_with(&self, site: &Site, change: impl FnOnce(ScansConfig) -> ScansConfig) -> oneshot::Sender<()> {
        self.work_by(Self::services(site, change))
    }

    /// The services of a worker for which names below `.bench.test` resolve to `site`.
    pub fn services(site: &Site, change: impl FnOnce(ScansConfig) -> ScansConfig) -> Services {
        let rule: ConnectTo = format!("*.bench.test={}", site.addr).parse().unwrap();
        let scans = change(ScansConfig {
            fetch: FetchConfig {
                connect_to: vec![rule],
                timeout: Duration::from_secs(5),
                ..FetchConfig::default()
            },
            // Does not use the machine's DNS: a test that needs DNS starts its own server.
            domain: DomainConfig {
                dns_check: false,
                ..DomainConfig::default()
            },
            email: EmailConfig {
                mx_check: false,
                ..EmailConfig::default()
            },
            ..ScansConfig::default()
        });
        Services::new(&scans, RULES.clone()).unwrap()
    }

    /// Runs jobs by these services until it is dropped.
    pub fn work_by(&self, services: Services) -> oneshot::Sender<()> {
        let services = Arc::new(services.sharing_pace(self.pool.clone()));
        tokio::spawn(scans::leads::watch(self.pool.clone(), services.score.clone()));
        let runner = Runner::new(self.pool.clone(), registry(), services, patient()).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(runner.run(async move {
            let _ = stopped.await;
        }));
        stop
    }

    /// Sends a request with `key`, or without one.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<(ContentType, &str)>,
    ) -> Answer {
        self.send_with(&[], method, path, key, body).await
    }

    /// Sends a request with further headers.
    pub async fn send_with(
        &self,
        headers: &[(&'static str, &str)],
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<(ContentType, &str)>,
    ) -> Answer {
        let body = body.map(|(content_type, text)| (content_type, text.as_bytes()));
        self.send_bytes(headers, method, path, key, body).await
    }

    /// Sends a request whose body need not be text.
    pub async fn send_bytes(
        &self,
        headers: &[(&'static str, &str)],
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<(ContentType, &[u8])>,
    ) -> Answer {
        let mut request = self.client.req(method, path);
        for (name, value) in headers {
            log::note(name, value);
            request.add_header(Header::new(*name, (*value).to_owned()));
        }
        if let Some(key) = key {
            request.add_header(Header::new("Authorization", format!("Bearer {}", log::secret(key))));
        }
        if let Some((content_type, body)) = body {
            request = request.header(content_type).body(body);
        }
        let response = request.dispatch().await;
        let status = response.status().code;
        let headers = response
            .headers()
            .iter()
            .map(|header| (header.name().as_str().to_ascii_lowercase(), header.value().to_owned()))
            .collect();
        let content_type = response
            .content_type()
            .map(|found| found.to_string())
            .unwrap_or_default();
        let sent = response.into_bytes().await.unwrap_or_default();
        let mut answer = Answer {
            status,
            headers,
            content_type,
            body: Value::Null,
            text: String::new(),
            size: sent.len(),
        };
        answer.text = match answer.header("content-encoding") {
            Some("gzip") => std::io::read_to_string(GzDecoder::new(sent.as_slice())).unwrap(),
            _ => String::from_utf8(sent).unwrap_or_default(),
        };
        answer.body = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
        self.contract.check(method, path, &answer);
        answer
    }
}

impl Holder<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        self.app.send(Method::Get, path, Some(&self.key), None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        let text = body.to_string();
        self.app
            .send(Method::Post, path, Some(&self.key), Some((ContentType::JSON, &text)))
            .await
    }

    /// Posts under an `Idempotency-Key`.
    pub async fn post_as(&self, name: &str, path: &str, body: &Value) -> Answer {
        let headers = [("Idempotency-Key", name)];
        let text = body.to_string();
        self.app
            .send_with(
                &headers,
                Method::Post,
                path,
                Some(&self.key),
                Some((ContentType::JSON, &text)),
            )
            .await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        let text = body.to_string();
        self.app
            .send(Method::Patch, path, Some(&self.key), Some((ContentType::JSON, &text)))
            .await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.app.send(Method::Delete, path, Some(&self.key), None).await
    }

    /// Polls until the status at `path` is final, and returns the response.
    pub async fn ended(&self, path: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        // Often at first, since most jobs end at once, then rarely, to leave the machine to others.
        let mut pause = Duration::from_millis(5);
        loop {
            let answer = self.get(path).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            if !["pending", "running", "in_progress"].contains(&answer.body["status"].as_str().unwrap()) {
                return answer.body;
            }
            assert!(Instant::now() < deadline, "the job never ended: {}", answer.body);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(160));
        }
    }
}
