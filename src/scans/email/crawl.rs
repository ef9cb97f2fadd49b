//! Where a crawl stands.

use std::time::Duration;

use database::ids::DomainId;
use database::models::email_scan::EmailScan;
use serde_json::json;
use url::Url;
use web::fetch::FetchError;

use super::frontier::Frontier;
use super::site::Scope;

/// Why a crawl ended before all that it met was fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EndedEarly {
    /// As many pages were fetched as were asked for: nothing is missing.
    #[error("the limit of {0} pages is reached")]
    Pages(usize),
    /// The time that a crawl may take is used up.
    #[error("the limit of {0} s is reached")]
    Time(u64),
    /// The site failed again and again.
    #[error("{failures} pages in a row could not be fetched: {last}")]
    Failures {
        /// How often.
        failures: usize,
        /// The last time.
        last: FetchError,
    },
    /// The site answered that there are too many requests.
    #[error("the site asks for fewer requests")]
    Throttled,
}

impl EndedEarly {
    /// Returns whether the crawl did less than it was asked for.
    pub(super) fn is_partial(&self) -> bool {
        !matches!(self, Self::Pages(_))
    }
}

/// A crawl under way.
pub(super) struct Crawl {
    pub(super) scan: EmailScan,
    pub(super) domain: DomainId,
    pub(super) name: String,
    pub(super) frontier: Frontier,
    pub(super) scope: Scope,
    /// Why it ended before all that it met was fetched.
    pub(super) ended_early: Option<EndedEarly>,
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
            ended_early: None,
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
            "note": self.ended_early.as_ref().map(ToString::to_string),
        })
    }
}
