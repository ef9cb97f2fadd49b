//! `traceparent`: the trace of a request is kept with its jobs, named in the log, and passed on to webhooks.

use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;

use reqwest::Client;
use rocket::http::{ContentType, Method};
use scans::webhooks::{Courier, WebhooksConfig};
use scrapersky::write_delivery;
use serde_json::{Value, json};
use web::fetch::FetchConfig;

use crate::support::app::{Holder, TestApp};
use crate::support::database::{TestDatabase, eventually};
use crate::support::program::Program;
use crate::support::receiver::Receiver;
use crate::support::site::{Reply, Site};

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Requests a scan with these headers, and returns the id of its job.
async fn scan(app: &TestApp, holder: &Holder<'_>, domain: &str, headers: &[(&'static str, &str)]) -> String {
    let body = json!({ "base_url": domain }).to_string();
    let body = Some((ContentType::JSON, body.as_str()));
    let path = "/api/v1/scrapersky";
    let answer = app
        .send_with(headers, Method::Post, path, Some(&holder.key), body)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["job_id"].as_str().unwrap().to_owned()
}

async fn trace_of(holder: &Holder<'_>, job: &str) -> Value {
    holder.get(&format!("/api/v1/jobs/{job}")).await.body["trace_id"].clone()
}

#[tokio::test]
async fn a_trace_goes_from_the_request_to_the_webhook_and_not_to_the_site() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let receiver = Receiver::accepting().await;
    let hook = json!({ "url": "http://a.hooks.test/", "kinds": ["job.ended"] });
    assert_eq!(acme.post("/api/v1/webhooks", hook).await.status, 201);
    let site = Site::start(|_| Reply::html("<title>A site</title>")).await;
    let _work = app.work(&site);
    let job = scan(&app, &acme, "a.bench.test", &[("traceparent", TRACE)]).await;
    acme.ended(&format!("/api/v1/jobs/{job}")).await;
    assert_eq!(trace_of(&acme, &job).await, ID);

    let fetch = FetchConfig {
        connect_to: vec![format!("*.hooks.test={}", receiver.addr).parse().unwrap()],
        ..FetchConfig::default()
    };
    let hasty = WebhooksConfig {
        timeout: Duration::from_secs(2),
        ..WebhooksConfig::default()
    };
    let courier = Courier::new(app.pool().clone(), &fetch, hasty, write_delivery).unwrap();
    let posting = tokio::spawn(courier.run());
    eventually("the end is posted", async || receiver.count() == 1).await;
    posting.abort();
    let passed = receiver.posts()[0].headers["traceparent"].clone();
    let parts: Vec<&str> = passed.split('-').collect();
    assert_eq!((parts[0], parts[1], parts[3]), ("00", ID, "01"), "{passed}");
    assert!(
        parts[2].len() == 16 && parts[2] != "00f067aa0ba902b7",
        "a place of its own: {passed}"
    );
    let requests = site.requests();
    assert!(!requests.is_empty());
    let told = requests
        .iter()
        .find(|request| request.contains(ID) || request.to_lowercase().contains("traceparent"));
    assert_eq!(told, None);
}

#[tokio::test]
async fn a_trace_that_is_not_valid_is_ignored() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let later = TRACE.replacen("00", "01", 1);
    for (number, (headers, kept)) in [
        (vec![("traceparent", later.as_str())], json!(ID)),
        (vec![], Value::Null),
        (vec![("traceparent", "")], Value::Null),
        (vec![("traceparent", "00-0-0-0")], Value::Null),
        (vec![("traceparent", &TRACE.to_uppercase())], Value::Null),
        (vec![("traceparent", TRACE), ("traceparent", TRACE)], Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let job = scan(&app, &acme, &format!("a{number}.test"), &headers).await;
        assert_eq!(trace_of(&acme, &job).await, kept, "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_json_names_the_trace_of_requests_and_jobs() {
    let db = TestDatabase::new().await;
    let site = Site::start(|_| Reply::html("<title>A site</title>")).await;
    let mut program = Program::new(db.url(), &site);
    program.set("SCRAPERSKY_LOG", "info");
    program.set("SCRAPERSKY_LOG_FORMAT", "json");
    let key = program.run(&["keys", "create", "--name", "traced"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let file = File::create(&path).unwrap();
    let (server, api) = program.serve_to(&["--workers", "1"], &key, Stdio::from(file)).await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = Client::builder().no_proxy().build().unwrap();
    let url = |path: &str| format!("http://{}{path}", api.address());
    let sent = http
        .post(url("/api/v1/scrapersky"))
        .bearer_auth(&key)
        .header("traceparent", TRACE)
        .header("content-type", "application/json")
        .body(json!({ "base_url": "a.bench.test" }).to_string());
    let answer: Value = serde_json::from_str(&sent.send().await.unwrap().text().await.unwrap()).unwrap();
    let job = answer["job_id"].as_str().unwrap();
    eventually("the job ends", async || {
        api.get(&format!("/api/v1/jobs/{job}")).await.1["completed_at"].is_string()
    })
    .await;
    let missing = http
        .get(url("/api/v1/jobs/nothing"))
        .bearer_auth(&key)
        .header("traceparent", TRACE);
    assert_eq!(missing.send().await.unwrap().status(), 404);
    assert!(server.end());
    let log = fs::read_to_string(&path).unwrap();
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let about = |text: &str| {
        let told = |event: &&Value| event["message"].as_str().is_some_and(|message| message.contains(text));
        let found = events.iter().find(told);
        found.unwrap_or_else(|| panic!("{text} is missing:\n{log}"))["trace_id"].clone()
    };
    assert_eq!(about("(domain_scan"), ID);
    assert_eq!(about("404 not_found, GET"), ID);
    assert_eq!(about("stopped: "), Value::Null);
}
