//! What a domain scan finds out about a site, column by column.

mod changes;
mod dns;
mod documented;
mod evidence;
mod footprint;
mod pages;
mod samples;
mod transport;

use scans::ScansConfig;
use serde_json::{Value, json};
use web::fetch::FetchConfig;

use crate::support::app::Holder;

/// Settings for sites of tests, which may be asked at once.
fn at_once(scans: ScansConfig) -> ScansConfig {
    ScansConfig {
        fetch: FetchConfig {
            pace: std::time::Duration::ZERO,
            ..scans.fetch
        },
        ..scans
    }
}

/// Scans a host and returns the domain, as the API shows it; each of its values has evidence.
async fn scan(holder: &Holder<'_>, host: &str) -> Value {
    let accepted = holder.post("/api/v1/scrapersky", json!({ "base_url": host })).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    let ended = holder.ended(accepted.body["status_url"].as_str().unwrap()).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    let domains = holder.get("/api/v1/domains").await.body;
    let bare = host.strip_prefix("www.").unwrap_or(host);
    let domain = domains["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|domain| domain["domain"] == bare);
    let id = domain.unwrap()["id"].as_str().unwrap();
    let scanned = holder.get(&format!("/api/v1/domains/{id}")).await.body;
    evidence::assert_each_value_is_told(holder, &scanned).await;
    scanned
}
