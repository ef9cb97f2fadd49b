//! What schedules start.

use jobs::Quotas;
use serde_json::{Value, json};

use super::{event, made, path_of, runs, scheduler, time};
use crate::places::{config, google, work as search_places};
use crate::support::app::{Holder, TestApp};
use crate::support::site::{Reply, Site};
use scans::PlacesProtocol;

/// Makes a schedule of this work, lets it run when it is due, and returns the run.
async fn run_of(app: &TestApp, holder: &Holder<'_>, work: Value) -> Value {
    let schedule = made(holder, json!({ "name": "work", "every": "PT1H", "work": work })).await;
    assert_eq!(schedule["work"], work, "it is shown as it was sent");
    let due = time(&schedule["next_run_at"]);
    let quotas = Quotas {
        scans_per_day: Some(1000),
        ..Quotas::default()
    };
    assert_eq!(scheduler(app, quotas).start_due(due).await.unwrap(), 1);
    let run = runs(holder, &schedule).await.remove(0);
    assert_eq!(run["outcome"], "started", "{run}");
    assert_eq!(holder.get(run["status_url"].as_str().unwrap()).await.status, 200);
    holder.delete(&path_of(&schedule)).await;
    run
}

/// Returns the kinds and the domains of the jobs of a batch.
async fn scans_of(app: &TestApp, batch: &Value) -> Vec<String> {
    let batch = batch.as_str().unwrap();
    app.texts(&format!(
        "SELECT kind || ' ' || (payload->>'domain') FROM jobs WHERE batch_id = '{batch}' ORDER BY 1"
    ))
    .await
}

#[tokio::test]
async fn a_filter_of_leads_or_of_domains_is_scanned_as_a_batch() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    for name in ["a.bench.test", "b.bench.test", "c.other.test"] {
        acme.agency.domain(name).await;
    }
    let work = json!({ "domain_scan": { "leads": { "q": "bench" }, "emails": true, "max_pages": 7 } });
    let run = run_of(&app, &acme, work).await;
    assert_eq!((&run["job_id"], &run["jobs"]), (&Value::Null, &json!(4)), "{run}");
    let expected = [
        "domain_scan a.bench.test",
        "domain_scan b.bench.test",
        "email_scan a.bench.test",
        "email_scan b.bench.test",
    ];
    assert_eq!(scans_of(&app, &run["batch_id"]).await, expected);
    let told = event(&acme, "schedule.fired").await;
    assert_eq!(told["data"]["jobs"], 4);
    let batch = run["batch_id"].as_str().unwrap().replace('-', "");
    assert_eq!(told["batch_id"], format!("batch_{batch}"));
    // In the name of the key, as if it had sent the request.
    let by = app.texts("SELECT DISTINCT j.created_by::text FROM jobs j JOIN api_keys k ON k.id = j.created_by");
    assert_eq!(by.await.len(), 1);
    assert_eq!(
        app.count("SELECT scans::bigint FROM scan_days").await,
        4,
        "they are counted"
    );

    app.sql("UPDATE jobs SET status = 'completed', outcome = 'ok'").await;
    let run = run_of(&app, &acme, json!({ "email_scan": { "domains": { "q": "other" } } })).await;
    assert_eq!(scans_of(&app, &run["batch_id"]).await, ["email_scan c.other.test"]);
}

#[tokio::test]
async fn a_scan_that_a_schedule_starts_is_done_by_the_workers() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    acme.agency.domain("a.bench.test").await;
    let site = Site::start(|_| Reply::html("<title>A</title>")).await;
    let _working = app.work(&site);
    let run = run_of(&app, &acme, json!({ "domain_scan": { "domains": {} } })).await;
    let ended = acme.ended(run["status_url"].as_str().unwrap()).await;
    assert_eq!(
        (&ended["status"], &ended["jobs"]["completed"]),
        (&json!("completed"), &json!(1)),
        "{ended}"
    );
}

/// A call for the centre and pages of results cost 0.032 US dollars each, and there is more to find.
#[tokio::test]
async fn a_search_ends_before_it_costs_more_than_its_cap() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let google = google(500).await;
    let _working = search_places(&app, &config(&google, PlacesProtocol::Legacy));
    let mut search = json!({ "location": "Houston, TX", "business_type": "dentist", "radius_km": 50.0, "max_results": 2000, "grid": true });
    search["max_usd"] = json!(0.1);
    let run = run_of(&app, &acme, json!({ "place_search": search })).await;
    let ended = acme.ended(run["status_url"].as_str().unwrap()).await;
    assert_eq!(
        (&ended["status"], &ended["outcome"]),
        (&json!("completed"), &json!("partial")),
        "{ended}"
    );
    assert_eq!(app.count("SELECT count(*) FROM api_calls").await, 3);
    assert_eq!(app.count("SELECT sum(price_micros) FROM api_calls").await, 96_000);
    assert_eq!(ended["result"]["note"], "the cap of 3 calls per search is reached");
    let found = acme.get("/api/v1/places/staging").await;
    assert_eq!(
        found.body["total"], ended["result"]["stored_places"],
        "what it found is kept"
    );
    assert_ne!(found.body["total"], 0);
}
