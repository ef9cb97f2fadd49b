//! Work that can be followed: filters of jobs, batches, bulk changes, events, reasons, requests that wait, scans of known domains,
//! traces.

mod batches;
mod changes;
mod events;
mod rescans;
mod traces;
mod waiters;
mod waiting;

use serde_json::{Value, json};

use crate::support::app::Holder;

/// Queues a scan of each domain as a batch, and returns the batch's id.
async fn batch(holder: &Holder<'_>, domains: &[&str]) -> String {
    let answer = holder.post("/api/v1/batch", json!({ "domains": domains })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["batch_id"].as_str().unwrap().to_owned()
}

/// Queues a scan, and returns the id of its job.
async fn scan(holder: &Holder<'_>, domain: &str) -> String {
    let answer = holder.post("/api/v1/scrapersky", json!({ "base_url": domain })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body["job_id"].as_str().unwrap().to_owned()
}

/// Returns the list of jobs with this query.
async fn jobs(holder: &Holder<'_>, query: &str) -> Vec<Value> {
    let answer = holder.get(&format!("/api/v1/jobs?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.body["items"].as_array().unwrap().clone()
}
