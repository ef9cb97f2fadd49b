//! The figures for operators.

use std::io::{BufRead as _, BufReader, Read as _};

use rocket::local::asynchronous::Client;
use scrapersky::{Sources, metrics};
use serde_json::{Value, json};

use crate::support::app::{Holder, TestApp};
use crate::support::database::TestDatabase;
use crate::support::port;
use crate::support::program::Program;
use crate::support::site::{Reply, Site};

/// Returns the figures of a server.
async fn figures(app: &TestApp) -> String {
    let rocket = app.client().rocket();
    let sources = Sources {
        pool: app.agencies().pool.clone(),
        stats: None,
        fetches: None,
        disk: rocket.state().cloned().unwrap_or_default(),
        meter: rocket.state().cloned().unwrap(),
        followers: rocket.state().cloned(),
    };
    let address = "127.0.0.1:9464".parse().unwrap();
    let client = Client::untracked(metrics(rocket.figment(), address, sources))
        .await
        .unwrap();
    let answer = client.get("/metrics").dispatch().await;
    let kind = answer.content_type().unwrap().to_string();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    answer.into_string().await.unwrap()
}

fn assert_has(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "{line} is missing:\n{text}");
}

/// Sends requests of two tenants, with a job of each: one ends and one waits.
async fn fill(app: &TestApp) -> (Holder<'_>, Holder<'_>) {
    let (acme, bolt) = (app.agency("acme").await, app.agency("bolt").await);
    for holder in [&acme, &bolt] {
        let answer = holder.post("/api/v1/scrapersky", json!({ "base_url": "a.test" })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        holder
            .get(&format!("/api/v1/jobs/{}", answer.body["job_id"].as_str().unwrap()))
            .await;
    }
    bolt.get("/api/v1/jobs/nothing").await;
    app.sql(
        "UPDATE jobs SET status = 'completed', outcome = 'ok' WHERE tenant_id = (SELECT min(tenant_id::text)::uuid FROM jobs);
         UPDATE jobs SET run_at = now() - interval '1 h' WHERE status = 'pending';
         INSERT INTO webhooks (tenant_id, id, url, kinds, clock, event_id) SELECT id, id, 'https://a.test/', '{job.ended}', 1, 1 FROM tenants;
         INSERT INTO webhook_deliveries (tenant_id, webhook_id, clock, event_id, kind, happened_at, data, status, ended_at)
             SELECT id, id, 1, n, 'job.ended', now(), '{}', CASE n WHEN 1 THEN 'waiting' ELSE 'failed' END, CASE n WHEN 2 THEN now() WHEN 3 THEN now() - interval '1 h' END
             FROM tenants, generate_series(1, 3) n;
         INSERT INTO schedules (tenant_id, id, name, work, every, next_run_at) SELECT id, id, 'daily', '{}', 'P1D', now() FROM tenants;
         INSERT INTO schedule_runs (tenant_id, schedule_id, outcome, started_at)
             SELECT id, id, CASE n WHEN 1 THEN 'missed' ELSE 'started' END, CASE n WHEN 3 THEN now() - interval '1 h' ELSE now() END
             FROM tenants, generate_series(1, 3) n;
         INSERT INTO api_calls (tenant_id, service, sku, price_micros, step, is_billed, called_at)
             SELECT id, 'google_places', 'Place Details', 25000, 'x', n > 1, CASE n WHEN 3 THEN now() - interval '1 h' ELSE now() END
             FROM tenants, generate_series(1, 3) n",
    )
    .await;
    (acme, bolt)
}

#[tokio::test]
async fn figures_show_requests_and_jobs_of_all_tenants() {
    let app = TestApp::new().await;
    let (acme, bolt) = fill(&app).await;
    let text = figures(&app).await;
    for line in [
        "scrapersky_requests_total{method=\"POST\",route=\"/api/v1/scrapersky\",status=\"200\"} 2",
        "scrapersky_requests_total{method=\"GET\",route=\"/api/v1/jobs/<id>\",status=\"200\"} 2",
        "scrapersky_jobs{kind=\"domain_scan\",status=\"pending\"} 1",
        "scrapersky_jobs_ended_recently{kind=\"domain_scan\",status=\"completed\",outcome=\"ok\"} 1",
        "scrapersky_webhook_deliveries{status=\"waiting\"} 3",
        "scrapersky_webhook_deliveries{status=\"failed\"} 3",
        "scrapersky_schedule_runs_recently{outcome=\"started\"} 3",
        "scrapersky_schedule_runs_recently{outcome=\"missed\"} 3",
        "scrapersky_paid_calls_recently{sku=\"Place Details\"} 3",
        "scrapersky_paid_cost_recently_dollars{sku=\"Place Details\"} 0.075",
        "scrapersky_database_answers 1",
        "scrapersky_event_streams 0",
        "scrapersky_disk_short 0",
        "# EOF",
    ] {
        assert_has(&text, line);
    }
    let oldest = "scrapersky_jobs_oldest_waiting_seconds{kind=\"domain_scan\"} 36";
    assert!(text.contains(oldest), "{text}");
    for holder in [&acme, &bolt] {
        assert!(!text.contains(&holder.agency.id.to_string()), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_workers_show_their_attempts_and_what_they_fetched() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let site = Site::start(|path| match path {
        "/" => Reply::html("<title>A site</title>"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let answer = acme
        .post("/api/v1/scrapersky", json!({ "base_url": "a.bench.test" }))
        .await;
    let port = port::free();
    let mut program = Program::new(app.agencies().database.url(), &site);
    program.set("SCRAPERSKY_METRICS_ADDRESS", &port.to_string());
    let worker = program.start(&["worker", "--workers", "1"]);
    acme.ended(&format!("/api/v1/jobs/{}", answer.body["job_id"].as_str().unwrap()))
        .await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let text = reqwest::get(format!("http://{port}/metrics"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(worker.end());
    assert_has(
        &text,
        "scrapersky_worker_attempt_duration_seconds_count{kind=\"domain_scan\"} 1",
    );
    for name in [
        "scrapersky_fetches_total{outcome=\"2xx\"}",
        "scrapersky_fetches_total{outcome=\"4xx\"}",
        "scrapersky_fetched_bytes_total",
        "scrapersky_connection_wait_seconds_count",
        "scrapersky_worker_last_heartbeat_timestamp_seconds",
    ] {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let value: f64 = line
            .unwrap_or_else(|| panic!("{name} is missing:\n{text}"))
            .trim()
            .parse()
            .unwrap();
        assert!(value > 0.0, "{name}: {value}");
    }
}

#[tokio::test]
async fn figures_of_the_process_are_shown_without_the_database() {
    let app = TestApp::new().await;
    app.agencies().pool.close();
    let text = figures(&app).await;
    assert_has(&text, "scrapersky_database_answers 0");
    assert!(
        text.contains("scrapersky_connections_max") && !text.contains("scrapersky_jobs"),
        "{text}"
    );
}

/// Every figure of the alerts and of the dashboard exists.
#[tokio::test]
async fn alerts_and_dashboard_name_figures_that_are_shown() {
    let app = TestApp::new().await;
    fill(&app).await;
    let text = figures(&app).await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let name = regex::Regex::new(r"\bscrapersky_[a-z_]+").unwrap();
    let mut names = 0;
    for file in ["alerts.yml", "alerts-test.yml", "dashboard.json"] {
        let file = std::fs::read_to_string(folder.join(file)).unwrap();
        for found in name.find_iter(&file) {
            let family = found.as_str().trim_end_matches("_total").trim_end_matches("_bucket");
            let is_of_workers = ["worker_", "fetche", "disk_free"]
                .iter()
                .any(|name| family.starts_with(&format!("scrapersky_{name}")));
            let described = format!("# TYPE {family} ");
            assert!(
                is_of_workers || text.contains(&described),
                "{family} is not shown:\n{text}"
            );
            names += 1;
        }
    }
    assert!(names > 10, "{names}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_json_has_one_object_on_each_line() {
    let db = TestDatabase::new().await;
    let mut program = Program::new(db.url(), &Site::canary().await);
    program.set("SCRAPERSKY_LOG", "info");
    program.set("SCRAPERSKY_LOG_FORMAT", "json");
    let (worker, _out, errors) = program.watched(&["worker"]);
    let mut errors = BufReader::new(errors);
    let mut log = String::new();
    assert!(errors.read_line(&mut log).unwrap() > 0, "the worker logs its start");
    assert!(worker.end());
    errors.read_to_string(&mut log).unwrap();
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = |event: &Value, text: &str| event["message"].as_str().is_some_and(|message| message.contains(text));
    assert!(events.iter().any(|event| told(event, "started: ")), "{log}");
    assert!(
        events.iter().any(|event| told(event, "stopped: 0 jobs completed")),
        "{log}"
    );
    for event in &events {
        let names: Vec<&String> = event.as_object().unwrap().keys().collect();
        assert_eq!(names, ["level", "message", "target", "time"], "{event}");
        assert!(
            event["time"]
                .as_str()
                .unwrap()
                .parse::<chrono::DateTime<chrono::Utc>>()
                .is_ok(),
            "{event}"
        );
        assert_eq!(
            (
                &event["level"],
                event["target"].as_str().map(|target| target.starts_with("jobs"))
            ),
            (&json!("INFO"), Some(true))
        );
    }
}
