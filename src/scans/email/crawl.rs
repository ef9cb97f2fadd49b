//! Where a crawl stands.

use std::time::Duration;

use database::ids::DomainId;
use database::models::email_scan::EmailScan;
use serde_json::json;
use url::Url;

use super::frontier::Frontier;
use super::site::Scope;

/// A crawl under way.
pub(super) struct Crawl {
    pub(super) scan: EmailScan,
    pub(super) domain: DomainId,
    pub(super) name: String,
    pub(super) frontier: Frontier,
    pub(super) scope: Scope,
    /// Why it ended before all that it met was fetched.
    pub(super) note: Option<String>,
    pub(super) failures: usize,
}

impl Crawl {
    pub(super) fn new(scan: EmailScan, domain: DomainId, name: &str, frontier: Frontier, subdomains: bool) -> Self {
        let entry = scan.entry_url.as_deref().and_then(|url| Url::parse(url).ok());
        Self {
            scope: Scope::new(name, entry.as_ref(), subdomains),
            scan,
            domain,
            name: name.to_owned(),
            frontier,
            note: None,
            failures: 0,
        }
    }

    /// Returns what clients are shown when it has ended.
    pub(super) fn result(&self) -> serde_json::Value {
        json!({
            "domain": self.name,
            "domain_id": self.domain.get(),
            "total_pages": self.scan.total_pages,
            "pages_scanned": self.scan.pages_scanned,
            "contacts_found": self.scan.contacts_found,
            "seconds": Duration::from_millis(u64::try_from(self.scan.busy_ms).unwrap_or(0)).as_secs(),
            "note": self.note,
        })
    }
}
