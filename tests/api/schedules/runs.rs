//! What becomes of runs: refused, missed, empty, in the name of a key that ended.

use chrono::TimeDelta;
use database::models::enums::Scope;
use jobs::Quotas;
use serde_json::{Value, json};

use super::{daily, event, made, path_of, runs, scheduler, shown, time};
use crate::support::app::{Holder, TestApp};

#[tokio::test]
async fn work_beyond_a_quota_is_refused_and_the_next_run_stays_due() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let schedule = daily(&acme, "a.bench.test").await;
    let due = time(&schedule["next_run_at"]);
    let none = Quotas {
        scans_per_day: Some(0),
        ..Quotas::default()
    };
    assert_eq!(scheduler(&app, none).start_due(due).await.unwrap(), 1);
    let after = shown(&acme, &schedule).await;
    assert_eq!(time(&after["next_run_at"]), due + TimeDelta::days(1));
    let last = &after["last_run"];
    assert_eq!(
        (&last["outcome"], &last["job_id"]),
        (&json!("refused"), &Value::Null),
        "{last}"
    );
    assert!(
        last["error"].as_str().unwrap().contains("daily limit of 0 scans"),
        "{last}"
    );
    assert_eq!(app.count("SELECT count(*) FROM jobs").await, 0);
    assert_eq!(
        app.count("SELECT count(*) FROM domains").await,
        0,
        "what it wrote is rolled back"
    );
    let told = event(&acme, "schedule.failed").await;
    let data = &told["data"];
    assert_eq!(
        (&data["schedule_id"], &data["outcome"], &data["job_kind"]),
        (&schedule["id"], &json!("refused"), &json!("sitemap_scan")),
        "{told:?}"
    );

    // A limit of the tenant's own goes before.
    let limit = format!(
        "INSERT INTO tenant_limits (tenant_id, scans_per_day) VALUES ('{}', 1)",
        acme.agency.id
    );
    app.sql(&limit).await;
    let next = due + TimeDelta::days(1);
    assert_eq!(scheduler(&app, none).start_due(next).await.unwrap(), 1);
    assert_eq!(shown(&acme, &schedule).await["last_run"]["outcome"], "started");
    assert_eq!(event(&acme, "schedule.fired").await["data"]["jobs"], 1);
}

#[tokio::test]
async fn a_run_without_anything_to_do_says_so() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let work = json!({ "domain_scan": { "leads": { "status": "selected" } } });
    let schedule = made(&acme, json!({ "name": "none", "every": "PT1H", "work": work })).await;
    let due = time(&schedule["next_run_at"]);
    assert_eq!(scheduler(&app, Quotas::default()).start_due(due).await.unwrap(), 1);
    let found = runs(&acme, &schedule).await;
    assert_eq!((found.len(), &found[0]["outcome"]), (1, &json!("nothing")), "{found:?}");
    assert_eq!(app.count("SELECT count(*) FROM batch_jobs").await, 0);
    let asked = acme.post(&format!("{}/run", path_of(&schedule)), json!({})).await;
    assert_eq!(asked.status, 409, "{asked:?}");
}

#[tokio::test]
async fn missed_runs_are_made_up_for_once_or_left_out() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let hourly = |missed: &str| {
        let work = json!({ "sitemap_scan": { "domain": format!("{missed}.bench.test") } });
        json!({ "name": missed, "every": "PT1H", "missed": missed, "work": work })
    };
    let (once, skip) = (made(&acme, hourly("once")).await, made(&acme, hourly("skip")).await);
    let due = time(&skip["next_run_at"]);
    let starts = scheduler(&app, Quotas::default());
    // Late, but not missed.
    assert_eq!(starts.start_due(due + TimeDelta::minutes(4)).await.unwrap(), 2);
    for schedule in [&once, &skip] {
        assert_eq!(shown(&acme, schedule).await["last_run"]["outcome"], "started");
    }
    // No worker for a day.
    let now = due + TimeDelta::hours(25) + TimeDelta::minutes(30);
    assert_eq!(starts.start_due(now).await.unwrap(), 2);
    assert_eq!(starts.start_due(now).await.unwrap(), 0);
    for (schedule, outcome) in [(&once, "started"), (&skip, "missed")] {
        let found = runs(&acme, schedule).await;
        assert_eq!((found.len(), &found[0]["outcome"]), (2, &json!(outcome)), "{found:?}");
        let next = time(&shown(&acme, schedule).await["next_run_at"]);
        assert_eq!(next, time(&schedule["next_run_at"]) + TimeDelta::hours(26));
    }
    assert_eq!(event(&acme, "schedule.failed").await["data"]["outcome"], "missed");
}

/// Returns the holder of another key.
async fn colleague<'a>(app: &'a TestApp, name: &str, of: &Holder<'_>) -> Holder<'a> {
    let mut holder = app.agency(name).await;
    holder.key = app.key(&of.agency, Scope::ALL).await;
    holder.agency.id = of.agency.id;
    holder
}

#[tokio::test]
async fn the_schedules_of_a_key_that_ended_pause_and_another_key_takes_them_over() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let other = colleague(&app, "other", &acme).await;
    let schedule = daily(&acme, "a.bench.test").await;
    assert_eq!(schedule["run_by"]["kind"], "key");
    let key = schedule["run_by"]["id"].as_str().unwrap();
    // A key that replaces it takes over.
    let rotated = other.post(&format!("/api/v1/keys/{key}/rotate"), json!({})).await;
    assert_eq!(rotated.status, 201, "{rotated:?}");
    let successor = rotated.body["id"].as_str().unwrap().to_owned();
    assert_eq!(shown(&other, &schedule).await["run_by"]["id"], rotated.body["id"]);
    assert_eq!(other.delete(&format!("/api/v1/keys/{successor}")).await.status, 204);

    let due = time(&schedule["next_run_at"]);
    let starts = scheduler(&app, Quotas::default());
    assert_eq!(starts.start_due(due).await.unwrap(), 1);
    let after = shown(&other, &schedule).await;
    assert_eq!(
        (&after["is_paused"], &after["paused_because"], &after["next_run_at"]),
        (&json!(true), &json!("key_invalid"), &Value::Null),
        "{after}"
    );
    assert!(
        after["last_run"]["error"].as_str().unwrap().contains("revoked"),
        "{after}"
    );
    assert_eq!(app.count("SELECT count(*) FROM jobs").await, 0);
    assert_eq!(
        starts.start_due(due + TimeDelta::days(9)).await.unwrap(),
        0,
        "it is paused"
    );

    let resumed = other.patch(&path_of(&schedule), json!({ "is_paused": false })).await;
    assert_eq!(
        (resumed.status, &resumed.body["is_paused"]),
        (200, &json!(false)),
        "{resumed:?}"
    );
    assert_ne!(resumed.body["run_by"]["id"], json!(successor));
    let next = time(&resumed.body["next_run_at"]);
    assert_eq!(starts.start_due(next).await.unwrap(), 1);
    assert_eq!(shown(&other, &schedule).await["last_run"]["outcome"], "started");
}

#[tokio::test]
async fn a_tenant_that_is_not_active_runs_nothing() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let schedule = daily(&acme, "a.bench.test").await;
    let due = time(&schedule["next_run_at"]);
    let set = async |active: bool| {
        app.sql(&format!(
            "UPDATE tenants SET is_active = {active} WHERE id = '{}'",
            acme.agency.id
        ))
        .await;
    };
    set(false).await;
    let starts = scheduler(&app, Quotas::default());
    assert_eq!(starts.start_due(due).await.unwrap(), 0);
    set(true).await;
    assert_eq!(starts.start_due(due).await.unwrap(), 1);
}

/// The clock of the database may be put back, and a client may then change when a schedule runs.
#[tokio::test]
async fn a_run_that_is_due_again_since_the_clock_went_back_is_not_repeated() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let schedule = daily(&acme, "a.bench.test").await;
    let due = time(&schedule["next_run_at"]);
    let starts = scheduler(&app, Quotas::default());
    assert_eq!(starts.start_due(due).await.unwrap(), 1);
    app.sql("UPDATE schedules SET next_run_at = next_run_at - interval '1 day'")
        .await;
    assert_eq!(starts.start_due(due).await.unwrap(), 1, "it is moved");
    assert_eq!(runs(&acme, &schedule).await.len(), 1);
    assert_eq!(
        time(&shown(&acme, &schedule).await["next_run_at"]),
        due + TimeDelta::days(1)
    );
}

#[tokio::test]
async fn work_that_cannot_be_read_any_more_is_refused_and_keeps_no_other_from_its_start() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let (broken, zoneless) = (daily(&acme, "a.bench.test").await, daily(&acme, "b.bench.test").await);
    let sound = daily(&acme, "c.bench.test").await;
    let [broken_id, zoneless_id] = [&broken, &zoneless].map(|schedule| schedule["id"].as_str().unwrap());
    app.sql(&format!(
        "UPDATE schedules SET work = '{{\"crawl\": {{}}}}' WHERE id = '{broken_id}';
         UPDATE schedules SET every = NULL, cron = '0 6 * * *', time_zone = 'Mars/Olympus' WHERE id = '{zoneless_id}'"
    ))
    .await;
    let due = time(&sound["next_run_at"]);
    assert_eq!(scheduler(&app, Quotas::default()).start_due(due).await.unwrap(), 3);
    let last = shown(&acme, &broken).await["last_run"].clone();
    assert_eq!(last["outcome"], "refused");
    assert!(
        last["error"].as_str().unwrap().contains("unknown field `crawl`"),
        "{last}"
    );
    let zoneless = shown(&acme, &zoneless).await;
    assert_eq!(
        (
            &zoneless["last_run"]["outcome"],
            &zoneless["paused_because"],
            &zoneless["in_words"]
        ),
        (&json!("started"), &json!("no_next_run"), &Value::Null),
        "{zoneless}"
    );
    assert_eq!(shown(&acme, &sound).await["last_run"]["outcome"], "started");
}

#[tokio::test]
async fn old_runs_are_deleted_but_the_last_one_of_a_schedule() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let schedule = daily(&acme, "a.bench.test").await;
    let starts = scheduler(&app, Quotas::default());
    let mut due = time(&schedule["next_run_at"]);
    for _ in 0..3 {
        assert_eq!(starts.start_due(due).await.unwrap(), 1);
        due += TimeDelta::days(1);
    }
    let cutoff = chrono::Utc::now() + TimeDelta::days(1);
    let agencies = app.agencies();
    let delete = async || {
        agencies
            .system(async |conn| database::repo::schedule_runs::delete_old(conn, cutoff, 10).await)
            .await
    };
    assert_eq!((delete().await, delete().await), (2, 0));
    assert_eq!(runs(&acme, &schedule).await.len(), 1);
    assert_eq!(
        time(&shown(&acme, &schedule).await["last_run"]["due_at"]),
        due - TimeDelta::days(1)
    );
}
