//! The state of a crawl.

use std::fmt;
use std::time::Duration;

use database::ids::DomainId;
use database::models::email_scan::EmailScan;
use serde_json::json;
use url::Url;
use web::fetch::Fetcher;

use super::frontier::Frontier;
use super::site::Scope;

/// Why a crawl ended before every URL it found was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The requested number of pages was fetched.
    Pages(usize),
    /// The maximum duration was reached.
    Time(Duration),
    /// Too many pages in a row could not be fetched.
    Failures {
        /// The number of pages.
        number: usize,
        /// Why the last one could not be fetched.
        last: String,
    },
    /// The site answered with status 429.
    TooManyRequests,
    /// The database has no room for more; the sentence says why.
    Room(String),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pages(limit) => write!(f, "the limit of {limit} pages is reached"),
            Self::Time(limit) => write!(f, "the limit of {} s is reached", limit.as_secs()),
            Self::Failures { number, last } => write!(f, "{number} pages in a row could not be fetched: {last}"),
            Self::TooManyRequests => f.write_str("the site asks for fewer requests"),
            Self::Room(shortage) => f.write_str(shortage),
        }
    }
}

/// A crawl in progress.
pub(super) struct Crawl {
    pub(super) scan: EmailScan,
    pub(super) domain: DomainId,
    pub(super) name: String,
    pub(super) frontier: Frontier,
    pub(super) scope: Scope,
    /// Fetches the pages, with the cookies of this attempt.
    pub(super) fetcher: Fetcher,
    /// Why the crawl ended before every URL it found was fetched.
    pub(super) cut: Option<Cut>,
    /// The number of failures in a row, and the time spent on those without an answer.
    pub(super) failures: usize,
    pub(super) hung: Duration,
    /// Whether the home page shows nothing until its scripts have run.
    pub(super) needs_rendering: bool,
}

impl Crawl {
    pub(super) fn new(
        scan: EmailScan,
        domain: DomainId,
        name: &str,
        frontier: Frontier,
        (fetcher, subdomains): (Fetcher, bool),
    ) -> Self {
        let entry = scan.entry_url.as_deref().and_then(|url| Url::parse(url).ok());
        Self {
            scope: Scope::new(name, entry.as_ref(), subdomains),
            scan,
            domain,
            name: name.to_owned(),
            frontier,
            cut: None,
            failures: 0,
            hung: Duration::ZERO,
            fetcher,
            needs_rendering: false,
        }
    }

    /// Returns a note for clients about the pages left out; `None` if there are none.
    pub(super) fn note(&self) -> Option<String> {
        let lost = match self.frontier.lost() {
            0 => None,
            lost => Some(format!(
                "{lost} pages could not be stored: each attempt was interrupted"
            )),
        };
        let notes: Vec<String> = self
            .cut
            .as_ref()
            .map(ToString::to_string)
            .into_iter()
            .chain(lost)
            .collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }

    /// Describes the progress of the crawl in words.
    pub(super) fn summary(&self) -> String {
        let (pages, contacts) = (self.frontier.fetched(), self.scan.contacts_found);
        format!("{pages} pages of {}, {contacts} addresses", self.name)
    }

    /// Returns the job's result for clients.
    pub(super) fn result(&self) -> serde_json::Value {
        json!({
            "domain": self.name,
            "domain_id": self.domain.get(),
            "total_pages": self.scan.total_pages,
            "pages_scanned": self.scan.pages_scanned,
            "contacts_found": self.scan.contacts_found,
            "seconds": Duration::from_millis(u64::try_from(self.scan.busy_ms).unwrap_or(0)).as_secs(),
            "note": self.note(),
        })
    }
}
