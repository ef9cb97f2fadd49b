//! Schedules over HTTP.

use chrono::{TimeDelta, Timelike, Utc};
use serde_json::{Value, json};

use super::{daily, made, path_of, runs, time};
use crate::support::app::TestApp;

fn weekly() -> Value {
    json!({
        "name": " weekly ", "cron": "0 6 * * MON", "time_zone": "Europe/Berlin",
        "work": { "domain_scan": { "leads": { "status": "selected", "near": [29.76, -95.37], "within_km": 5.0 } } },
    })
}

#[tokio::test]
async fn a_schedule_says_when_it_runs_and_what_it_starts() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let schedule = made(&acme, weekly()).await;
    assert_eq!(schedule["in_words"], "every Monday at 06:00, Europe/Berlin");
    assert_eq!(
        (&schedule["name"], &schedule["missed"], &schedule["every"]),
        (&json!("weekly"), &json!("once"), &Value::Null)
    );
    assert_eq!(schedule["work"], weekly()["work"]);
    assert_eq!(
        (&schedule["last_run"], &schedule["is_paused"]),
        (&Value::Null, &json!(false))
    );
    let next = time(&schedule["next_run_at"]).with_timezone(&chrono_tz_of(&schedule));
    assert_eq!((next.hour(), next.minute()), (6, 0));
    let listed = acme.get("/api/v1/schedules").await;
    assert_eq!(
        (&listed.body["total"], &listed.body["items"][0]),
        (&json!(1), &schedule),
        "{listed:?}"
    );
    let noted = &acme.get("/api/v1/audit?action=schedule.create").await.body["items"][0];
    assert_eq!(
        (&noted["subject"], &noted["details"]["cron"]),
        (&schedule["id"], &json!("0 6 * * MON"))
    );
    assert_eq!(acme.delete(&path_of(&schedule)).await.status, 204);
    assert_eq!(acme.get(&path_of(&schedule)).await.status, 404);
}

/// The offset at the time of the next run, as PostgreSQL would tell it: one or two hours.
fn chrono_tz_of(schedule: &Value) -> chrono::FixedOffset {
    let next = time(&schedule["next_run_at"]);
    let hours = 6 - i32::try_from(next.hour()).unwrap();
    assert!([1, 2].contains(&hours), "{next}");
    chrono::FixedOffset::east_opt(hours * 3600).unwrap()
}

#[tokio::test]
async fn a_change_of_when_holds_from_now_on() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let schedule = made(&acme, weekly()).await;
    let path = path_of(&schedule);
    let changed = acme.patch(&path, json!({ "time_zone": "America/New_York" })).await.body;
    assert_eq!(changed["in_words"], "every Monday at 06:00, America/New_York");
    let changed = acme.patch(&path, json!({ "cron": "30 7 * * *" })).await.body;
    assert_eq!(changed["in_words"], "every day at 07:30, America/New_York");
    let changed = acme
        .patch(&path, json!({ "every": "PT6H", "missed": "skip", "name": "often" }))
        .await
        .body;
    assert_eq!(
        (
            &changed["in_words"],
            &changed["cron"],
            &changed["time_zone"],
            &changed["missed"]
        ),
        (&json!("every 6 hours"), &Value::Null, &Value::Null, &json!("skip")),
        "{changed}"
    );
    let ahead = time(&changed["next_run_at"]) - Utc::now();
    assert!(
        ahead > TimeDelta::minutes(355) && ahead <= TimeDelta::hours(6),
        "{ahead}"
    );
    let refused = acme.patch(&path, json!({ "time_zone": "Asia/Tokyo" })).await;
    assert_eq!(
        (refused.status, &refused.body["field"]),
        (400, &json!("time_zone")),
        "{refused:?}"
    );
    let changed = acme.patch(&path, json!({ "cron": "0 6 * * *" })).await.body;
    assert_eq!(changed["in_words"], "every day at 06:00, UTC");

    let paused = acme.patch(&path, json!({ "is_paused": true })).await.body;
    assert_eq!(
        (&paused["is_paused"], &paused["paused_because"], &paused["next_run_at"]),
        (&json!(true), &json!("request"), &Value::Null)
    );
    let resumed = acme.patch(&path, json!({ "is_paused": false })).await.body;
    assert!(time(&resumed["next_run_at"]) > Utc::now());
    let noted = acme.get("/api/v1/audit?action=schedule.update").await;
    assert_eq!(noted.body["items"].as_array().unwrap().len(), 6, "{noted:?}");
}

#[tokio::test]
async fn a_run_can_be_started_at_once_and_moves_nothing() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let schedule = daily(&acme, "a.bench.test").await;
    let path = format!("{}/run", path_of(&schedule));
    let first = acme.post_as("k", &path, &json!(null)).await;
    assert_eq!(first.status, 202, "{first:?}");
    let job = first.body["job_id"].as_str().unwrap();
    assert_eq!(first.header("location"), Some(format!("/api/v1/jobs/{job}").as_str()));
    assert_eq!(acme.post_as("k", &path, &json!(null)).await.body, first.body);
    let second = acme.post(&path, json!(null)).await;
    assert_eq!(
        (second.status, &second.body["job_id"]),
        (202, &first.body["job_id"]),
        "equal work is one job"
    );
    let found = runs(&acme, &schedule).await;
    assert_eq!(found.len(), 2);
    assert!(
        found.iter().all(|run| run["due_at"].is_null() && run["job_id"] == job),
        "{found:?}"
    );
    let shown = acme.get(&path_of(&schedule)).await.body;
    assert_eq!(shown["next_run_at"], schedule["next_run_at"]);
}

/// Sends schedules with these changes, which are refused for these fields.
async fn assert_refused(app: &TestApp, changes: &[(u16, &str, Value)]) {
    let acme = app.agency("acme").await;
    for (status, field, change) in changes {
        let mut body = weekly();
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let answer = acme.post("/api/v1/schedules", body).await;
        assert_eq!(
            (answer.status, answer.body["field"].as_str()),
            (*status, Some(*field)),
            "{change}: {answer:?}"
        );
    }
    assert_eq!(app.count("SELECT count(*) FROM schedules").await, 0);
}

#[tokio::test]
async fn what_does_not_say_when_is_refused_by_name() {
    let app = TestApp::new().await;
    let refused = [
        (400, "name", json!({ "name": " " })),
        (400, "name", json!({ "name": "x".repeat(201) })),
        (400, "cron", json!({ "cron": "0 6 * *" })),
        (400, "cron", json!({ "cron": "0 0 30 2 *" })),
        (400, "cron", json!({ "every": "PT6H" })),
        (400, "cron", json!({ "cron": null, "time_zone": null })),
        (
            400,
            "every",
            json!({ "cron": null, "time_zone": null, "every": "PT30S" }),
        ),
        (400, "time_zone", json!({ "time_zone": "Berlin" })),
        (400, "missed", json!({ "missed": "twice" })),
    ];
    assert_refused(&app, &refused).await;
}

#[tokio::test]
async fn work_that_cannot_be_started_is_refused_by_name() {
    let app = TestApp::new().await;
    let search =
        |max_usd: Value| json!({ "place_search": { "location": "Ulm", "business_type": "x", "max_usd": max_usd } });
    let two = json!({ "domain_scan": { "domains": {} }, "email_scan": { "domains": {} } });
    let works = [
        (400, "work", json!({})),
        (400, "work", two),
        (400, "leads", json!({ "domain_scan": {} })),
        (400, "leads", json!({ "email_scan": { "domains": {}, "leads": {} } })),
        (
            400,
            "max_pages",
            json!({ "domain_scan": { "domains": {}, "max_pages": 0 } }),
        ),
        (
            400,
            "status",
            json!({ "domain_scan": { "leads": { "status": "best" } } }),
        ),
        (400, "max_usd", search(json!(0))),
        (400, "max_usd", search(json!(10_001))),
        // The centre and one page cost more.
        (400, "max_usd", search(json!(0.06))),
        (422, "work.place_search.max_usd", search(Value::Null)),
        (400, "domain", json!({ "sitemap_scan": {} })),
        (422, "work.crawl", json!({ "crawl": {} })),
    ];
    let refused = works.map(|(status, field, work)| (status, field, json!({ "work": work })));
    assert_refused(&app, &refused).await;
    let bolt = app.agency("bolt").await;
    made(
        &bolt,
        json!({ "name": "paid", "every": "P1D", "work": search(json!(0.064)) }),
    )
    .await;
}

#[tokio::test]
async fn a_tenant_has_at_most_two_hundred_schedules() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    daily(&acme, "a.bench.test").await;
    app.sql("INSERT INTO schedules (tenant_id, name, work, every, next_run_at) SELECT tenant_id, name, work, every, next_run_at FROM schedules, generate_series(1, 199)")
        .await;
    let answer = acme.post("/api/v1/schedules", weekly()).await;
    assert_eq!(answer.status, 409, "{answer:?}");
}
