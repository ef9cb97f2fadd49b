//! A year of schedules, by a clock put forward, with several processes at work.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use jobs::Quotas;
use serde_json::json;

use super::{made, path_of, runs, scheduler, time};
use crate::support::app::TestApp;

/// Clocks are put forward and back in each zone, in the southern one in the opposite months.
const ZONES: [&str; 3] = ["Europe/Berlin", "America/New_York", "Australia/Sydney"];

/// Returns the time at which the next run of any schedule is due.
async fn next_due(app: &TestApp) -> DateTime<Utc> {
    let next = app
        .texts("SELECT to_char(min(next_run_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM schedules");
    next.await[0].parse().unwrap()
}

/// Each time that is due is looked at by three at the same moment. The local time is told by PostgreSQL, which has its own table of
/// zones.
#[tokio::test]
async fn each_due_run_of_a_year_is_started_once_at_the_right_local_time() {
    let app = TestApp::new().await;
    let acme = app.agency("acme").await;
    let mut schedules = Vec::new();
    for zone in ZONES {
        let work = json!({ "sitemap_scan": { "domain": "a.bench.test" } });
        let body = json!({ "name": zone, "cron": "30 2 * * *", "time_zone": zone, "work": work });
        schedules.push(made(&acme, body).await);
    }
    let begin = next_due(&app).await;
    let racing = [0; 3].map(|_| scheduler(&app, Quotas::default()));
    let [one, two, three] = &racing;
    loop {
        let now = next_due(&app).await;
        if now >= begin + TimeDelta::days(365) {
            break;
        }
        let (one, two, three) = tokio::join!(one.start_due(now), two.start_due(now), three.start_due(now));
        assert_eq!(one.unwrap() + two.unwrap() + three.unwrap(), 1, "{now}");
    }
    for (zone, schedule) in ZONES.into_iter().zip(&schedules) {
        let runs = runs(&acme, schedule).await;
        let due: BTreeSet<_> = runs.iter().map(|run| time(&run["due_at"])).collect();
        assert_eq!((runs.len(), due.len()), (365, 365), "{zone}");
        assert!(runs.iter().all(|run| run["outcome"] == "started"), "{zone}");
        let id = schedule["id"].as_str().unwrap();
        let local = format!("due_at AT TIME ZONE '{zone}' FROM schedule_runs WHERE schedule_id = '{id}'");
        let off = format!("SELECT t::text FROM (SELECT {local}) AS r (t) WHERE t::time <> '02:30'");
        let off = app.texts(&off).await;
        assert_eq!(off.len(), 1, "clocks are put forward once: {zone}: {off:?}");
        assert!(off.iter().all(|time| time.ends_with("03:00:00")), "{zone}: {off:?}");
        let local_days = format!("SELECT count(DISTINCT t::date) FROM (SELECT {local}) AS r (t)");
        assert_eq!(app.count(&local_days).await, 365, "{zone}");
        let events =
            format!("SELECT count(*) FROM events WHERE kind = 'schedule.fired' AND data->>'schedule_id' = '{id}'");
        assert_eq!(app.count(&events).await, 365, "{zone}");
    }
    // The same unfinished analysis served all of them.
    assert_eq!(app.count("SELECT count(*) FROM jobs").await, 1);
    assert_eq!(
        acme.get(&path_of(&schedules[0])).await.body["last_run"]["outcome"],
        "started"
    );
}
