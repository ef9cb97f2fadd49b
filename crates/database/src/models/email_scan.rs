//! Tables `email_scans` and `email_scan_urls`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, QueryableByName};
use schema::{email_scan_urls, email_scans};

use super::enums::ScanUrlState;
use super::job::Job;
use super::values::TextList;
use crate::ids::{DomainId, EmailScanId, JobId, TenantId};

/// A crawl of a site for email addresses.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = email_scans)]
pub struct EmailScan {
    /// Identifies the row.
    pub id: EmailScanId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The domain it scans.
    pub domain_id: DomainId,
    /// The job that runs it; it may be deleted already.
    pub job_id: JobId,
    /// How many pages it fetches at most.
    pub total_pages: i32,
    /// How many pages it has fetched.
    pub pages_scanned: i32,
    /// How many addresses it has found.
    pub contacts_found: i32,
    /// When it was requested.
    pub created_at: DateTime<Utc>,
    /// The page at which the crawl entered, after redirects.
    pub entry_url: Option<String>,
    /// Sitemaps that the home page names.
    pub sitemap_links: TextList,
    /// When the sitemaps' URLs had been added.
    pub seeded_at: Option<DateTime<Utc>>,
    /// How long it has run, in milliseconds, over all attempts of its job.
    pub busy_ms: i64,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// What was left out, for people.
    pub note: Option<String>,
    /// Why it failed, or that it was cancelled. Written by the trigger `follow_job`.
    pub error: Option<String>,
}

/// Changes of an [`EmailScan`].
///
/// `None` leaves a column unchanged.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = email_scans)]
pub struct EmailScanChanges<'a> {
    /// How many pages it has fetched.
    pub pages_scanned: Option<i32>,
    /// How many addresses it has found.
    pub contacts_found: Option<i32>,
    /// The page at which the crawl entered.
    pub entry_url: Option<&'a str>,
    /// Sitemaps that the home page names.
    pub sitemap_links: Option<&'a TextList>,
    /// When the sitemaps' URLs had been added.
    pub seeded_at: Option<DateTime<Utc>>,
    /// How long it has run, in milliseconds.
    pub busy_ms: Option<i64>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// What was left out, for people.
    pub note: Option<&'a str>,
}

/// A scan and its job, or `None` if the job is deleted.
pub type ScanAndJob = (EmailScan, Option<Job>);

/// A URL in a scan's queue.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = email_scan_urls)]
pub struct EmailScanUrl {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Its position among the scan's URLs.
    pub position: i32,
    /// The URL.
    pub url: String,
    /// The fetch rank; lowest first.
    pub rank: i16,
    /// How many links lead to it from the home page.
    pub depth: i16,
    /// Its status.
    pub state: ScanUrlState,
    /// The number of requests for it.
    pub fetches: i16,
    /// Its outcome, in one word.
    pub disposition: Option<String>,
    /// The reason.
    pub reason: Option<String>,
    /// The hash of its content.
    pub content_hash: Option<String>,
}

/// A new URL of a scan, or new values of a known one.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEmailScanUrl<'a> {
    /// Its position among the scan's URLs.
    pub position: i32,
    /// The URL.
    pub url: &'a str,
    /// The fetch rank; lowest first.
    pub rank: i16,
    /// How many links lead to it from the home page.
    pub depth: i16,
    /// Its status.
    pub state: ScanUrlState,
    /// The number of requests for it.
    pub fetches: i16,
    /// Its outcome, in one word.
    pub disposition: Option<&'a str>,
    /// The reason.
    pub reason: Option<&'a str>,
    /// The hash of its content.
    pub content_hash: Option<&'a str>,
}

/// A domain with some of its site's known pages.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct DomainPages {
    /// The domain.
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    pub id: DomainId,
    /// Its name.
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub domain: String,
    /// URLs of its first pages.
    #[diesel(sql_type = diesel::sql_types::Array<diesel::sql_types::Text>)]
    pub pages: Vec<String>,
    /// How many there are.
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub pages_count: i64,
}
