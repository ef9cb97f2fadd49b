//! A domain scan, as the v1 contract has it.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
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
    /// Why it failed, or why its last attempt did.
    pub error: Option<String>,
    /// The step it is at.
    pub progress: Progress,
    /// The outcome, in one word.
    pub outcome: Option<&'static str>,
    /// When it is tried again, after an attempt that failed.
    pub next_attempt_at: Option<DateTime<Utc>>,
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

/// Returns what went wrong with a job that did not complete, or with its last attempt while it waits for the next one, for
/// people.
#[must_use]
pub fn v1_error(job: &Job) -> Option<String> {
    match job.status {
        JobStatus::Failed | JobStatus::Pending => job.error.clone(),
        JobStatus::Cancelled => Some("cancelled".to_owned()),
        JobStatus::Running | JobStatus::Completed => None,
    }
}

/// Returns when a job that waits is tried again; `None` before its first attempt.
#[must_use]
pub fn next_attempt_at(job: &Job) -> Option<DateTime<Utc>> {
    let waits_again = job.status == JobStatus::Pending && job.error.is_some();
    waits_again.then_some(job.run_at)
}

/// Says in words how far a job is.
#[must_use]
pub fn v1_message(job: &Job) -> String {
    let done = |default: &str| job.progress_message.clone().unwrap_or_else(|| default.to_owned());
    match job.status {
        JobStatus::Pending => match &job.error {
            None => "waiting for a worker".to_owned(),
            Some(error) => {
                let (attempts, most) = (job.attempts, job.max_attempts);
                let at = job.run_at.to_rfc3339_opts(SecondsFormat::Secs, true);
                format!("attempt {attempts} of {most} failed: {error}; next attempt at {at}")
            }
        },
        JobStatus::Running => done("the scan has begun"),
        JobStatus::Completed => done("the scan is complete"),
        JobStatus::Failed | JobStatus::Cancelled => v1_error(job).unwrap_or_else(|| "the scan failed".to_owned()),
    }
}

impl From<Job> for ScanStatus {
    fn from(job: Job) -> Self {
        let (error, message, next_attempt_at) = (v1_error(&job), v1_message(&job), next_attempt_at(&job));
        let Job {
            job_id,
            status,
            started_at,
            completed_at,
            result,
            progress_step,
            outcome,
            ..
        } = job;
        let step = match status {
            JobStatus::Completed => "completed".to_owned(),
            JobStatus::Failed | JobStatus::Cancelled => "failed".to_owned(),
            JobStatus::Pending | JobStatus::Running => progress_step.unwrap_or_else(|| "starting".to_owned()),
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
            next_attempt_at,
        }
    }
}
