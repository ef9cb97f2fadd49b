//! Domain scans, in the form of the v1 contract.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use database::ids::JobId;
use database::models::enums::{JobStatus, Outcome};
use database::models::job::Job;
use rocket::request::FromParam;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use super::described;
use super::words::OutcomeWord;

/// A request to scan a domain.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "base_url": "example.com" }))]
pub struct ScanRequest {
    /// The domain, such as `example.com`, `www.example.com` or `http://example.com/x?y`.
    pub base_url: String,
    /// URL to which the end is posted, signed by the secret of requests (`POST /api/v1/webhooks/secret`): `https` or `http`, at a public
    /// address, without user name and password.
    #[serde(default)]
    #[schema(pattern = "^https?://", max_length = 2000)]
    pub webhook_url: Option<String>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// The maximum number of the site's pages to count.
    #[serde(default = "ScanRequest::default_max_pages")]
    #[schema(minimum = 1, maximum = 1_000_000, default = 1000)]
    pub max_pages: i64,
}

impl ScanRequest {
    const fn default_max_pages() -> i64 {
        1000
    }
}

/// An accepted scan and where to follow it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScanAccepted {
    /// Id of the scan: `scan_` and 32 hex digits.
    pub job_id: ScanId,
    /// Path of the scan's status.
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

/// A job's id in v1's form: `scan_` and 32 hex digits. A UUID is accepted as well.
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

impl PartialSchema for ScanId {
    fn schema() -> RefOr<Schema> {
        described::text("^scan_[0-9a-f]{32}$", "scan_442364327cf743228ebaab485b89fbdf")
    }
}

impl ToSchema for ScanId {}

impl IntoParams for ScanId {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = described::text("^(scan_)?[0-9a-f-]{32,36}$", "scan_442364327cf743228ebaab485b89fbdf");
        vec![described::path_id(
            "Id of the job: a UUID, or `scan_` and 32 hex digits.",
            schema,
        )]
    }
}

impl<'a> FromParam<'a> for ScanId {
    type Error = uuid::Error;

    fn from_param(param: &'a str) -> Result<Self, uuid::Error> {
        Uuid::parse_str(param.strip_prefix("scan_").unwrap_or(param)).map(|id| Self(id.into()))
    }
}

/// The status of a scan.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScanStatus {
    /// Id of the scan: `scan_` and 32 hex digits.
    pub job_id: ScanId,
    /// How far the scan is; a cancelled one is `failed` in v1.
    pub status: ScanState,
    /// When the last attempt started; null before the first one.
    pub started_at: Option<DateTime<Utc>>,
    /// When the scan ended; null before that.
    pub completed_at: Option<DateTime<Utc>>,
    /// The facts found about the site; null until the scan has completed.
    #[schema(value_type = Option<serde_json::Value>)]
    pub metadata: Option<Box<RawValue>>,
    /// Why the scan failed, or why its last attempt failed while it waits for the next one.
    pub error: Option<String>,
    /// The current step.
    pub progress: Progress,
    /// Why the scan ended the way it did, in one word; null until it has ended.
    #[schema(value_type = Option<OutcomeWord>)]
    pub outcome: Option<&'static str>,
    /// When the next attempt is due; null unless an attempt failed and another one follows.
    pub next_attempt_at: Option<DateTime<Utc>>,
}

/// A step of a scan.
#[derive(Debug, Serialize, ToSchema)]
pub struct Progress {
    /// `starting`, `extracting`, `storing`, `completed` or `failed`.
    pub step: String,
    /// The step, or the last failure, in words.
    pub message: String,
}

/// How far a scan or a search is, in v1's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScanState {
    /// Waiting for a worker.
    Pending,
    /// A worker has it.
    Running,
    /// Ended with a result.
    Completed,
    /// Ended without one, or cancelled.
    Failed,
}

impl From<JobStatus> for ScanState {
    fn from(status: JobStatus) -> Self {
        match status {
            JobStatus::Pending => Self::Pending,
            JobStatus::Running => Self::Running,
            JobStatus::Completed => Self::Completed,
            JobStatus::Failed | JobStatus::Cancelled => Self::Failed,
        }
    }
}

/// Returns why a job failed, or why its last attempt failed while it waits for the next one, in words.
#[must_use]
pub fn v1_error(job: &Job) -> Option<String> {
    match job.status {
        JobStatus::Failed | JobStatus::Pending => job.error.clone(),
        JobStatus::Cancelled => Some("cancelled".to_owned()),
        JobStatus::Running | JobStatus::Completed => None,
    }
}

/// Returns why a job ended the way it did; `None` until it has ended, since an attempt has an outcome as well.
#[must_use]
pub fn outcome_of(job: &Job) -> Option<&'static str> {
    job.outcome.filter(|_| job.status.is_final()).map(Outcome::label)
}

/// Returns when the next attempt of a failed job is due; `None` before its first attempt.
#[must_use]
pub fn next_attempt_at(job: &Job) -> Option<DateTime<Utc>> {
    let waits_again = job.status == JobStatus::Pending && job.error.is_some();
    waits_again.then_some(job.run_at)
}

/// Describes a job's progress in words.
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
        let outcome = outcome_of(&job);
        let Job {
            job_id,
            status,
            started_at,
            completed_at,
            result,
            progress_step,
            ..
        } = job;
        let step = match status {
            JobStatus::Completed => "completed".to_owned(),
            JobStatus::Failed | JobStatus::Cancelled => "failed".to_owned(),
            JobStatus::Pending | JobStatus::Running => progress_step.unwrap_or_else(|| "starting".to_owned()),
        };
        Self {
            job_id: ScanId(job_id),
            status: status.into(),
            started_at,
            completed_at,
            metadata: result
                .filter(|_| status == JobStatus::Completed)
                .map(database::models::values::RawJson::into_raw),
            error,
            progress: Progress { step, message },
            outcome,
            next_attempt_at,
        }
    }
}
