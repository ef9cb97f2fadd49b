//! Schedules: what starts when, once, and what becomes of it.

mod kills;
mod routes;
mod runs;
mod started;
mod year;

use chrono::{DateTime, Utc};
use jobs::{Quotas, Room};
use scans::schedules::{Bounds, Scheduler};
use scans::{PlacesConfig, PlacesProtocol, SitemapConfig};
use scrapersky::start_scheduled;
use serde_json::{Value, json};

use crate::support::app::{Holder, TestApp};
use crate::support::database::eventually;

/// Returns who starts what is due, with these quotas for tenants without their own.
fn scheduler(app: &TestApp, quotas: Quotas) -> Scheduler {
    let bounds = Bounds {
        places: PlacesConfig::new(PlacesProtocol::Legacy),
        sitemaps: SitemapConfig::default(),
        quotas,
    };
    Scheduler::new(app.pool().clone(), bounds, start_scheduled, Room::default())
}

/// Makes a schedule, and returns it.
async fn made(holder: &Holder<'_>, body: Value) -> Value {
    let answer = holder.post("/api/v1/schedules", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

/// Makes a schedule that analyses the sitemaps of a domain each day.
async fn daily(holder: &Holder<'_>, domain: &str) -> Value {
    let work = json!({ "sitemap_scan": { "domain": domain } });
    made(holder, json!({ "name": domain, "every": "P1D", "work": work })).await
}

/// Returns the path of a schedule.
fn path_of(schedule: &Value) -> String {
    format!("/api/v1/schedules/{}", schedule["id"].as_str().unwrap())
}

/// Returns a schedule as it is now.
async fn shown(holder: &Holder<'_>, schedule: &Value) -> Value {
    let answer = holder.get(&path_of(schedule)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// Returns the runs of a schedule, newest first.
async fn runs(holder: &Holder<'_>, schedule: &Value) -> Vec<Value> {
    let answer = holder.get(&format!("{}/runs?limit=1000", path_of(schedule))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["items"].as_array().unwrap().clone()
}

/// Returns the time in a field.
fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// Waits until an event of a kind is seen, which transactions of other tests delay, and returns the first one.
async fn event(holder: &Holder<'_>, kind: &str) -> Value {
    let path = format!("/api/v1/events?kind={kind}&limit=1");
    eventually("the event is seen", async || {
        !holder.get(&path).await.body["items"][0].is_null()
    })
    .await;
    holder.get(&path).await.body["items"][0].clone()
}
