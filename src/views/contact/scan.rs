//! Scans for email addresses.

use chrono::{DateTime, Utc};
use database::models::email_scan::{DomainPages, EmailScan};
use database::models::enums::JobStatus;
use database::models::job::Job;
use serde::Serialize;
use uuid::Uuid;

use crate::views::scan::{next_attempt_at, v1_error, v1_message};

/// A domain to scan, as the v1 contract has it.
#[derive(Debug, Serialize)]
pub struct ScannedDomainView {
    /// Identifies the domain.
    pub id: Uuid,
    /// Its name.
    pub domain: String,
    /// URLs of its pages, the first hundred.
    pub pages: Vec<String>,
    /// How many there are.
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

/// A scan for email addresses, as the v1 contract has it.
#[derive(Debug, Serialize)]
pub struct EmailScanView {
    /// The domain.
    pub domain_id: Uuid,
    /// Its name.
    pub domain: String,
    /// The maximum number of pages to fetch.
    pub total_pages: i32,
    /// How many pages were fetched.
    pub pages_scanned: i32,
    /// How many addresses they have.
    pub contacts_found: i32,
    /// When the scan was asked for.
    pub scan_timestamp: DateTime<Utc>,
    /// `pending`, `scanning`, `completed` or `failed`.
    pub status: &'static str,
    /// The job that does it.
    pub job_id: Uuid,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// What was left out.
    pub note: Option<String>,
    /// Why it failed, or why its last attempt did.
    pub error: Option<String>,
    /// How far it is, in words.
    pub message: Option<String>,
    /// When it is tried again, after an attempt that failed.
    pub next_attempt_at: Option<DateTime<Utc>>,
}

impl EmailScanView {
    /// Makes the view of a scan; its job may have been deleted.
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
            Some(JobStatus::Pending) => "pending",
            Some(JobStatus::Running) => "scanning",
            Some(JobStatus::Completed) => "completed",
            Some(JobStatus::Failed | JobStatus::Cancelled) => "failed",
            None if completed_at.is_some() && error.is_none() => "completed",
            None => "failed",
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
            completed_at,
            note,
            error: job.map_or(error, v1_error),
            message: job.map(v1_message),
            next_attempt_at: job.and_then(next_attempt_at),
        }
    }
}
