//! Email scans end to end, from the request to the stored rows, on real sites.

mod contacts;
mod crawl;
mod dns;
mod suppression_import;
mod suppressions;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use scans::ScansConfig;
use serde_json::{Value, json};
use web::fetch::FetchConfig;

use crate::support::app::{Answer, Holder};
use crate::support::site::Site;

/// No pause between requests: these tests are not about politeness.
fn at_once(scans: ScansConfig) -> ScansConfig {
    let fetch = FetchConfig {
        pace: Duration::ZERO,
        ..scans.fetch
    };
    ScansConfig { fetch, ..scans }
}

/// Creates a domain of the tenant, and returns its id.
async fn domain(holder: &Holder<'_>, name: &str) -> String {
    holder.agency.domain(name).await.id.to_string()
}

async fn start(holder: &Holder<'_>, id: &str) -> Answer {
    holder.post(&format!("/email-scanner/scan/{id}"), json!({})).await
}

/// Polls until the scan has ended, and returns the last response.
async fn ended(holder: &Holder<'_>, id: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let answer = holder.get(&format!("/email-scanner/scan/{id}/status")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        if !["pending", "scanning"].contains(&answer.body["status"].as_str().unwrap()) {
            return answer.body;
        }
        assert!(Instant::now() < deadline, "the scan never ended: {}", answer.body);
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

async fn scan(holder: &Holder<'_>, id: &str) -> Value {
    let answer = start(holder, id).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let path = answer.body["status_url"].as_str().unwrap();
    let link = answer.headers.iter().find(|(name, _)| name == "link");
    let (_, link) = link.unwrap_or_else(|| panic!("the answer has no link: {answer:?}"));
    assert_eq!(*link, format!("<{path}>; rel=\"status\""));
    assert_eq!(holder.get(path).await.body["job_id"], answer.body["job_id"]);
    ended(holder, id).await
}

/// All visible contacts, by address.
async fn contacts(holder: &Holder<'_>) -> BTreeMap<String, Value> {
    let list = holder.get("/api/v1/contacts?limit=1000").await;
    assert_eq!(list.status, 200, "{list:?}");
    let items = list.body["items"].as_array().unwrap();
    let by_email: BTreeMap<String, Value> = items
        .iter()
        .map(|item| (item["email"].as_str().unwrap().to_owned(), item.clone()))
        .collect();
    assert_eq!(by_email.len(), items.len(), "an address is listed twice");
    by_email
}

fn emails(contacts: &BTreeMap<String, Value>) -> Vec<&str> {
    contacts.keys().map(String::as_str).collect()
}

/// The requested pages, without robots.txt and sitemaps.
fn pages_asked(site: &Site) -> Vec<String> {
    let paths = site.paths().into_iter();
    paths
        .filter(|path| path != "/robots.txt" && !path.contains("sitemap"))
        .collect()
}
