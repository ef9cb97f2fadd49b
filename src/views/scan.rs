//! A domain scan, as the v1 contract has it.

use std::fmt;

use chrono::{DateTime, Utc};
use database::ids::JobId;
use database::models::enums::JobStatus;
use database::models::job::Job;
use rocket::request::FromParam;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Asks for the scan of a domain.
#[derive(Debug, Deserialize)]
pub struct ScanRequest {
    /// The domain: `example.com`, `www.example.com`, `http://example.com/x?y`.
    pub base_url: String,
    /// The caller's tenant, optional.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// How many of the site's pages to count at most.
    #[serde(default = "ScanRequest::default_max_pages")]
    pub max_pages: i64,
}

impl ScanRequest {
    const fn default_max_pages() -> i64 {
        1000
    }
}

/// Where an accepted scan is followed.
#[derive(Debug, Serialize)]
pub struct ScanAccepted {
    /// The scan.
    pub job_id: ScanId,
    /// The path of its status.
    pub status_url: String,
}

impl From<JobId> for ScanAccepted {
    fn from(id: JobId) -> Self {
        let job_id = ScanId(id);
        Self {
            job_id,
            status_url: format!("/api/v1/status/{job_id}"),
        }
    }
}

/// A job's id as v1 spells it: `scan_` and 32 hex digits. A UUID is understood as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanId(pub JobId);

impl fmt::Display for ScanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scan_{}", self.0.get().simple())
    }
}

impl Serialize for ScanId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'a> FromParam<'a> for ScanId {
    type Error = uuid::Error;

    fn from_param(param: &'a str) -> Result<Self, uuid::Error> {
        Uuid::parse_str(param.strip_prefix("scan_").unwrap_or(param)).map(|id| Self(id.into()))
    }
}

/// How far a scan is.
#[derive(Debug, Serialize)]
pub struct ScanStatus {
    /// The scan.
    pub job_id: ScanId,
    /// `pending`, `running`, `completed` or `failed`; a cancelled scan is `failed` in v1.
    pub status: &'static str,
    /// When its last attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// What was found, once it completed.
    pub metadata: Option<Box<RawValue>>,
    /// Why it failed.
    pub error: Option<String>,
    /// The step it is at.
    pub progress: Progress,
    /// The outcome, in one word.
    pub outcome: Option<&'static str>,
}

/// A step of a scan.
#[derive(Debug, Serialize)]
pub struct Progress {
    /// `starting`, `extracting`, `storing`, `completed` or `failed`.
    pub step: String,
    /// The step in words.
    pub message: String,
}

/// Returns v1's word for a job's state.
#[must_use]
pub fn v1_status(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Pending => "pending",
        JobStatus::Running => "running",
        JobStatus::Completed => "completed",
        JobStatus::Failed | JobStatus::Cancelled => "failed",
    }
}

/// Returns what went wrong with a job that did not complete, for people.
#[must_use]
pub fn v1_error(status: JobStatus, error: Option<String>) -> Option<String> {
    match status {
        JobStatus::Failed => error,
        JobStatus::Cancelled => Some("cancelled".to_owned()),
        JobStatus::Pending | JobStatus::Running | JobStatus::Completed => None,
    }
}

impl From<Job> for ScanStatus {
    fn from(job: Job) -> Self {
        let Job {
            job_id,
            status,
            started_at,
            completed_at,
            result,
            error,
            progress_step,
            progress_message,
            outcome,
            ..
        } = job;
        let error = v1_error(status, error);
        let step = match status {
            JobStatus::Completed => "completed".to_owned(),
            JobStatus::Failed | JobStatus::Cancelled => "failed".to_owned(),
            JobStatus::Pending | JobStatus::Running => progress_step.unwrap_or_else(|| "starting".to_owned()),
        };
        let message = match (status, &error) {
            (JobStatus::Completed, _) => "the scan is complete".to_owned(),
            (_, Some(error)) => error.clone(),
            (JobStatus::Pending, None) => "waiting for a worker".to_owned(),
            (_, None) => progress_message.unwrap_or_else(|| "the scan has begun".to_owned()),
        };
        Self {
            job_id: ScanId(job_id),
            status: v1_status(status),
            started_at,
            completed_at,
            metadata: result
                .filter(|_| status == JobStatus::Completed)
                .map(database::models::values::RawJson::into_raw),
            error,
            progress: Progress { step, message },
            // Of an attempt that is to be followed by another it says nothing yet.
            outcome: outcome
                .filter(|_| status.is_final())
                .map(database::models::enums::Outcome::label),
        }
    }
}
