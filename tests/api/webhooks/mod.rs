//! Webhooks: what receivers get, and what becomes of it.

mod deliveries;
mod documented;
mod kills;
mod receivers;
mod requests;
mod routes;
mod signatures;

use std::time::Duration;

use scans::webhooks::{Courier, WebhooksConfig};
use scrapersky::write_delivery;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use web::fetch::FetchConfig;

use crate::support::app::{Holder, TestApp};
use crate::support::receiver::Receiver;

/// Settings by which tests need not wait.
const HASTY: WebhooksConfig = WebhooksConfig {
    timeout: Duration::from_secs(2),
    retry: Duration::from_millis(20),
    give_up: None,
};

/// Posts until it is dropped.
struct Posting(JoinHandle<()>);

impl Posting {
    /// Posts to this receiver what is for names below `.hooks.test`.
    fn to(app: &TestApp, receiver: &Receiver, config: WebhooksConfig) -> Self {
        let fetch = FetchConfig {
            connect_to: vec![format!("*.hooks.test={}", receiver.addr).parse().unwrap()],
            ..FetchConfig::default()
        };
        let courier = Courier::new(app.pool().clone(), &fetch, config, write_delivery).unwrap();
        Self(tokio::spawn(courier.run()))
    }
}

impl Drop for Posting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Creates a webhook for these kinds at a path of the receiver, and returns it with its secret.
async fn webhook(holder: &Holder<'_>, path: &str, kinds: &[&str]) -> Value {
    let body = json!({ "url": format!("http://a.hooks.test{path}"), "kinds": kinds });
    let answer = holder.post("/api/v1/webhooks", body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.body
}

/// Returns the path of a webhook.
fn path_of(webhook: &Value) -> String {
    format!("/api/v1/webhooks/{}", webhook["id"].as_str().unwrap())
}

/// Returns the deliveries of a webhook, the oldest event first.
async fn deliveries(holder: &Holder<'_>, webhook: &Value) -> Vec<Value> {
    let answer = holder.get(&format!("{}/deliveries?limit=1000", path_of(webhook))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut items = answer.body["items"].as_array().unwrap().clone();
    items.reverse();
    items
}

/// Writes events of these kinds, of one job.
async fn happen(app: &TestApp, holder: &Holder<'_>, kinds: &[&str]) {
    let tenant = holder.agency.id;
    let job = uuid::Uuid::new_v4();
    for kind in kinds {
        app.sql(&format!(
            "INSERT INTO events (tenant_id, kind, job_id, data) VALUES ('{tenant}', '{kind}', '{job}', '{{\"job_kind\": \"domain_scan\"}}')"
        ))
        .await;
    }
}
