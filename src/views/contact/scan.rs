//! Scans for email addresses.

use chrono::{DateTime, Utc};
use database::models::email_scan::{DomainPages, EmailScan};
use database::models::enums::JobStatus;
use database::models::job::Job;
use rocket::request::Request;
use rocket::response::{self, Responder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::page;
use crate::views::scan::{next_attempt_at, v1_error, v1_message};

/// A domain that can be scanned for email addresses, in the form of the v1 contract.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScannedDomainView {
    /// Id of the domain.
    pub id: Uuid,
    /// Name of the domain.
    pub domain: String,
    /// URLs of the domain's pages, at most 100.
    pub pages: Vec<String>,
    /// The number of pages of the domain.
    pub pages_count: i64,
}

impl From<DomainPages> for ScannedDomainView {
    fn from(row: DomainPages) -> Self {
        let DomainPages {
            id,
            domain,
            pages,
            pages_count,
        } = row;
        Self {
            id: id.get(),
            domain,
            pages,
            pages_count,
        }
    }
}

/// A list of domains that can be scanned. In v1 it is a bare array, so only its link names the next page.
#[derive(Debug)]
pub struct ScannedDomains {
    /// The domains of this page.
    pub domains: Vec<ScannedDomainView>,
    /// Cursor of the next page; `None` on the last page.
    pub next_cursor: Option<String>,
}

impl<'r> Responder<'r, 'static> for ScannedDomains {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        page::respond(request, &self.domains, self.next_cursor.as_deref())
    }
}

/// How far a scan for email addresses is, in v1's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmailScanState {
    /// Waiting for a worker.
    Pending,
    /// A worker has it.
    Scanning,
    /// Ended with a result.
    Completed,
    /// Ended without one, or cancelled.
    Failed,
}

/// A scan for email addresses, in the form of the v1 contract.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailScanView {
    /// Id of the scanned domain.
    pub domain_id: Uuid,
    /// Name of the scanned domain.
    pub domain: String,
    /// The maximum number of pages to fetch.
    pub total_pages: i32,
    /// The number of pages fetched so far.
    pub pages_scanned: i32,
    /// The number of addresses found so far.
    pub contacts_found: i32,
    /// When the scan was requested.
    pub scan_timestamp: DateTime<Utc>,
    /// How far the scan is; a cancelled one is `failed`.
    pub status: EmailScanState,
    /// Id of the scan's job.
    pub job_id: Uuid,
    /// Path of the scan's status.
    pub status_url: String,
    /// When the scan ended; null before that.
    pub completed_at: Option<DateTime<Utc>>,
    /// What the scan left out, such as pages beyond a limit; null if nothing.
    pub note: Option<String>,
    /// Why the scan failed, or why its last attempt failed while it waits for the next one.
    pub error: Option<String>,
    /// The scan's progress in words; null if its job was deleted.
    pub message: Option<String>,
    /// When the next attempt is due; null unless an attempt failed and another one follows.
    pub next_attempt_at: Option<DateTime<Utc>>,
}

impl EmailScanView {
    /// Creates the view of a scan; its job may have been deleted.
    #[must_use]
    pub fn new(domain: String, scan: EmailScan, job: Option<&Job>) -> Self {
        let EmailScan {
            id: _,
            tenant_id: _,
            domain_id,
            job_id,
            total_pages,
            pages_scanned,
            contacts_found,
            created_at,
            entry_url: _,
            sitemap_links: _,
            seeded_at: _,
            busy_ms: _,
            completed_at,
            note,
            error,
        } = scan;
        let status = match job.map(|job| job.status) {
            Some(JobStatus::Pending) => EmailScanState::Pending,
            Some(JobStatus::Running) => EmailScanState::Scanning,
            Some(JobStatus::Completed) => EmailScanState::Completed,
            Some(JobStatus::Failed | JobStatus::Cancelled) => EmailScanState::Failed,
            None if completed_at.is_some() && error.is_none() => EmailScanState::Completed,
            None => EmailScanState::Failed,
        };
        Self {
            domain_id: domain_id.get(),
            domain,
            total_pages,
            pages_scanned,
            contacts_found,
            scan_timestamp: created_at,
            status,
            job_id: job_id.get(),
            status_url: format!("/email-scanner/scan/{domain_id}/status"),
            completed_at,
            note,
            error: job.map_or(error, v1_error),
            message: job.map(v1_message),
            next_attempt_at: job.and_then(next_attempt_at),
        }
    }
}
