//! What scans make of sites that fail in part: certificates, cookies, outages, and servers that hang.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use scans::{EmailConfig, ScansConfig, Services};
use serde_json::{Value, json};
use web::fetch::{FetchConfig, Fetcher, Lookup};

use crate::support::app::{Holder, TestApp};
use crate::support::database::eventually;
use crate::support::rules::RULES;
use crate::support::site::{Authority, Reply, Site, self_signed};

const HOST: &str = "acme.bench.test";

/// Settings that send https to one site, and everything else to another one.
fn with_https(scans: ScansConfig, https: &Site, authority: &Authority) -> ScansConfig {
    let mut fetch = FetchConfig {
        pace: Duration::ZERO,
        extra_ca: Some(authority.file.clone()),
        ..scans.fetch
    };
    let rule = format!("{HOST}:443={}", https.addr).parse().unwrap();
    fetch.connect_to.insert(0, rule);
    ScansConfig { fetch, ..scans }
}

async fn scan(holder: &Holder<'_>) -> Value {
    let accepted = holder.post("/api/v1/scrapersky", json!({ "base_url": HOST })).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    holder.ended(accepted.body["status_url"].as_str().unwrap()).await
}

/// Where and how the domain is served, as the API shows it.
async fn hosting(holder: &Holder<'_>) -> Value {
    let domains = holder.get("/api/v1/domains").await.body;
    let id = domains["items"][0]["id"].as_str().unwrap();
    holder.get(&format!("/api/v1/domains/{id}")).await.body["hosting"].clone()
}

/// Shows one certificate after the other.
#[derive(Debug)]
struct Shown(Mutex<Arc<dyn ResolvesServerCert>>);

impl Shown {
    fn show(&self, server: &ServerConfig) {
        *self.0.lock().unwrap() = Arc::clone(&server.cert_resolver);
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.lock().unwrap().resolve(hello)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_about_tls_are_kept_and_taken_back() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let authority = Authority::new();
    let expired = authority.server_with(HOST, &[b"http/1.1"], |params| {
        params.not_before = rcgen::date_time_ymd(2001, 1, 2);
        params.not_after = rcgen::date_time_ymd(2002, 1, 2);
    });
    let shown = Arc::new(Shown(Mutex::new(Arc::clone(&expired.cert_resolver))));
    let mut server = ServerConfig::clone(&expired);
    server.cert_resolver = Arc::<Shown>::clone(&shown);
    server.session_storage = Arc::new(NoServerSessionStorage {});
    let https = Site::tls(Arc::new(server), |_| Reply::html("<title>Secure</title>secure")).await;
    let plain = Site::start(|_| Reply::html("<title>Plain</title>plain")).await;
    let _work = app.work_with(&plain, |scans| with_https(scans, &https, &authority));

    assert_eq!(scan(&acme).await["metadata"]["title"], "Plain");
    let bad = hosting(&acme).await;
    assert_eq!(
        (&bad["has_ssl"], &bad["ssl_fault"]),
        (&json!(false), &json!("expired")),
        "{bad}"
    );
    let said = "acme.bench.test cannot be reached over TLS: its certificate expired on 2002-01-02";
    assert_eq!(bad["ssl_error"], said);
    assert!(bad["ssl_issuer"].is_string() && bad["ssl_version"].is_null(), "{bad}");
    assert!(
        bad["ssl_expiry_date"].as_str().unwrap().starts_with("2002-01-02"),
        "{bad}"
    );

    shown.show(&authority.server(HOST));
    assert_eq!(scan(&acme).await["metadata"]["title"], "Secure");
    let good = hosting(&acme).await;
    assert_eq!(
        (&good["has_ssl"], &good["ssl_version"]),
        (&json!(true), &json!("TLS 1.3")),
        "{good}"
    );
    assert!(good["ssl_fault"].is_null() && good["ssl_error"].is_null(), "{good}");
    assert!(good["ssl_issuer"].is_string(), "{good}");
    assert!(!good["ssl_expiry_date"].as_str().unwrap().starts_with("2002"), "{good}");

    shown.show(&self_signed(HOST));
    assert_eq!(scan(&acme).await["metadata"]["title"], "Plain");
    let bad = hosting(&acme).await;
    assert_eq!(
        (&bad["has_ssl"], &bad["ssl_fault"]),
        (&json!(false), &json!("self_signed")),
        "{bad}"
    );
    assert!(bad["ssl_version"].is_null(), "{bad}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_without_a_page_says_what_is_wrong_with_its_certificate() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let https = Site::tls(self_signed(HOST), |_| Reply::html("unseen")).await;
    let authority = Authority::new();
    // Nobody listens there any more.
    let gone = Site::start(|_| Reply::html("gone")).await;
    let _work = app.work_with(&gone, |scans| with_https(scans, &https, &authority));
    drop(gone);
    let status = scan(&acme).await;
    let said = "acme.bench.test cannot be reached over TLS: its certificate is self-signed";
    assert_eq!(
        (&status["status"], &status["error"]),
        (&json!("failed"), &json!(said)),
        "{status}"
    );
    let bad = hosting(&acme).await;
    assert_eq!(
        (&bad["has_ssl"], &bad["ssl_fault"]),
        (&json!(false), &json!("self_signed")),
        "{bad}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crawl_keeps_its_cookies_and_no_other_has_them() {
    let app = TestApp::new().await;
    let site = Site::start(|path| match path {
        "/" => Reply::new(
            "200 OK",
            &[("Content-Type", "text/html"), ("Set-Cookie", "seen=1; Path=/")],
            "<a href=/contact>Contact</a>",
        ),
        "/contact" => Reply::html("mail to info@acme.bench.test"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let _work = app.work_with(&site, |scans| ScansConfig {
        fetch: FetchConfig {
            pace: Duration::ZERO,
            ..scans.fetch
        },
        ..scans
    });
    for agency in ["acme", "bolt"] {
        let holder = app.agency(agency).await;
        let before = site.requests().len();
        crawl(&holder).await;
        let requests = site.requests().split_off(before);
        let has_cookie = |path: &str| {
            let asked = requests.iter().find(|head| head.starts_with(&format!("GET {path} ")));
            asked.unwrap().to_ascii_lowercase().contains("\r\ncookie: seen=1\r\n")
        };
        assert!(!has_cookie("/"), "{requests:?}");
        assert!(has_cookie("/contact"), "{requests:?}");
    }
}

async fn start_crawl(holder: &Holder<'_>) -> String {
    let id = holder.agency.domain(HOST).await.id;
    let started = holder.post(&format!("/email-scanner/scan/{id}"), json!({})).await;
    assert_eq!(started.status, 200, "{started:?}");
    format!("/api/v1/jobs/{}", started.body["job_id"].as_str().unwrap())
}

async fn crawl(holder: &Holder<'_>) {
    let job = start_crawl(holder).await;
    assert_eq!(holder.ended(&job).await["status"], "completed");
}

/// No name server answers.
struct Outage;

impl Lookup for Outage {
    fn lookup(
        &self,
        _host: String,
    ) -> std::pin::Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static>> {
        Box::pin(std::future::ready(Err(io::ErrorKind::TimedOut.into())))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crawl_outlasts_an_outage_of_dns() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|path| match path {
        "/" => Reply::html("mail to info@acme.bench.test"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let config = ScansConfig {
        email: EmailConfig {
            mx_check: false,
            ..EmailConfig::default()
        },
        ..ScansConfig::default()
    };
    let services = Services {
        fetcher: Fetcher::with_lookup(&config.fetch, Arc::new(Outage)).unwrap(),
        ..Services::new(&config, RULES.clone()).unwrap()
    };
    let work = app.work_by(services);
    let job = start_crawl(&acme).await;
    // Four attempts with half a minute between them are two minutes.
    for attempt in 1..=4 {
        let waiting = format!(
            "SELECT count(*) FROM jobs WHERE status = 'pending' AND attempts = {attempt}
             AND run_at > now() + interval '20 seconds'"
        );
        eventually("the next attempt waits", async || app.count(&waiting).await == 1).await;
        if attempt < 4 {
            app.sql("UPDATE jobs SET run_at = now()").await;
        }
    }
    drop(work);
    let _work = app.work(&site);
    app.sql("UPDATE jobs SET run_at = now()").await;
    let ended = acme.ended(&job).await;
    assert_eq!(
        (&ended["status"], &ended["outcome"]),
        (&json!("completed"), &json!("ok")),
        "{ended}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_hangs_is_tried_twice() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|_| Reply::Silence).await;
    let _work = app.work_with(&site, |scans| ScansConfig {
        fetch: FetchConfig {
            pace: Duration::ZERO,
            timeout: Duration::from_millis(200),
            ..scans.fetch
        },
        ..scans
    });
    let status = scan(&acme).await;
    let said = "acme.bench.test took too long: the answer did not end within ";
    assert!(status["error"].as_str().unwrap().starts_with(said), "{status}");
    let attempts = "SELECT attempts::bigint FROM jobs WHERE outcome = 'timeout'";
    assert_eq!(app.count(attempts).await, 2);
}
