//! Tables `email_scans` and `email_scan_urls`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, QueryableByName};
use schema::{email_scan_urls, email_scans};

use super::enums::{JobStatus, ScanUrlState};
use super::values::TextList;
use crate::ids::{DomainId, EmailScanId, JobId, TenantId};

/// A crawl of a site for email addresses.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = email_scans)]
pub struct EmailScan {
    /// Identifies the row.
    pub id: EmailScanId,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// The domain it is about.
    pub domain_id: DomainId,
    /// The job that does it; that may be gone already.
    pub job_id: JobId,
    /// How many pages it fetches at most.
    pub total_pages: i32,
    /// How many it has fetched.
    pub pages_scanned: i32,
    /// How many addresses it has found.
    pub contacts_found: i32,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// The page that it came in by, at the end of its redirects.
    pub entry_url: Option<String>,
    /// Sitemaps that the home page names.
    pub sitemap_links: TextList,
    /// When the sitemaps' URLs had been added.
    pub seeded_at: Option<DateTime<Utc>>,
    /// How long it has worked, in milliseconds, all attempts of its job together.
    pub busy_ms: i64,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// What it has left out, in words.
    pub note: Option<String>,
}

/// What to change about an [`EmailScan`].
///
/// `None` leaves a column as it is.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = email_scans)]
pub struct EmailScanChanges<'a> {
    /// How many pages it has fetched.
    pub pages_scanned: Option<i32>,
    /// How many addresses it has found.
    pub contacts_found: Option<i32>,
    /// The page that it came in by.
    pub entry_url: Option<&'a str>,
    /// Sitemaps that the home page names.
    pub sitemap_links: Option<&'a TextList>,
    /// When the sitemaps' URLs had been added.
    pub seeded_at: Option<DateTime<Utc>>,
    /// How long it has worked, in milliseconds.
    pub busy_ms: Option<i64>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// What it has left out, in words.
    pub note: Option<&'a str>,
}

/// A scan, and how far its job is: `None` where that is gone.
pub type ScanAndJob = (EmailScan, Option<JobStatus>);

/// A URL that a scan has met.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = email_scan_urls)]
pub struct EmailScanUrl {
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// Where it stands among the URLs of the scan.
    pub position: i32,
    /// The URL.
    pub url: String,
    /// What is fetched first has the lowest one.
    pub rank: i16,
    /// How many links lead to it from the home page.
    pub depth: i16,
    /// How far it is.
    pub state: ScanUrlState,
    /// How often it was asked for.
    pub fetches: i16,
    /// What became of it, in one word.
    pub disposition: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The hash of what it says.
    pub content_hash: Option<String>,
}

/// A URL that a scan meets, or what becomes of one that it has met.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEmailScanUrl<'a> {
    /// Where it stands among the URLs of the scan.
    pub position: i32,
    /// The URL.
    pub url: &'a str,
    /// What is fetched first has the lowest one.
    pub rank: i16,
    /// How many links lead to it from the home page.
    pub depth: i16,
    /// How far it is.
    pub state: ScanUrlState,
    /// How often it was asked for.
    pub fetches: i16,
    /// What became of it, in one word.
    pub disposition: Option<&'a str>,
    /// Why.
    pub reason: Option<&'a str>,
    /// The hash of what it says.
    pub content_hash: Option<&'a str>,
}

/// A domain, with some of the pages that are known of its site.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct DomainPages {
    /// The domain.
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    pub id: DomainId,
    /// Its name.
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub domain: String,
    /// URLs of its pages, the first ones.
    #[diesel(sql_type = diesel::sql_types::Array<diesel::sql_types::Text>)]
    pub pages: Vec<String>,
    /// How many there are.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub pages_count: i64,
}
