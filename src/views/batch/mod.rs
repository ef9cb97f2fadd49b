//! Batches of jobs: those of domain scans in the form of the v1 contract, and those of any kind.

mod summary;

use std::collections::{HashMap, HashSet};
use std::fmt;

use chrono::{DateTime, Utc};
use database::ids::{BatchId, JobId};
use database::models::batch_job::BatchJob;
use database::models::enums::BatchStatus;
use database::models::job::Job;
use rocket::request::FromParam;
use scans::domain::BatchEntry;
use serde::{Deserialize, Serialize};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

pub use self::summary::{BatchChanged, BatchDetailsView, BatchView, status_url, summary_of};
use super::described;
use super::job::domain_of;
use super::scan::{ScanId, ScanState, outcome_of, v1_error};
use super::words::OutcomeWord;

/// A request to scan several domains.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "domains": ["example.com", "example.org"] }))]
pub struct BatchRequest {
    /// The domains to scan.
    #[schema(min_items = 1, max_items = 100)]
    pub domains: Vec<String>,
    /// URL to which the end is posted, signed by the secret of requests (`POST /api/v1/webhooks/secret`): `https` or `http`, at a public
    /// address, without user name and password.
    #[serde(default)]
    #[schema(pattern = "^https?://", max_length = 2000)]
    pub webhook_url: Option<String>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// An accepted batch and where to follow it.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchAccepted {
    /// Id of the batch: `batch_` and 32 hex digits.
    pub batch_id: BatchParam,
    /// Path of the batch's status.
    pub status_url: String,
    /// The number of scans in the batch.
    pub job_count: usize,
}

impl BatchAccepted {
    /// Creates the response for a batch with the given number of scans.
    #[must_use]
    pub fn new(id: BatchId, job_count: usize) -> Self {
        let batch_id = BatchParam(id);
        Self {
            batch_id,
            status_url: format!("/api/v1/batch/status/{batch_id}"),
            job_count,
        }
    }
}

/// A batch's id in v1's form: `batch_` and 32 hex digits. A UUID is accepted as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchParam(pub BatchId);

impl fmt::Display for BatchParam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch_{}", self.0.get().simple())
    }
}

impl Serialize for BatchParam {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialSchema for BatchParam {
    fn schema() -> RefOr<Schema> {
        described::text("^batch_[0-9a-f]{32}$", "batch_f5784d1f37ee459181d345d766bfb766")
    }
}

impl ToSchema for BatchParam {}

impl IntoParams for BatchParam {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = described::text("^(batch_)?[0-9a-f-]{32,36}$", "batch_f5784d1f37ee459181d345d766bfb766");
        vec![described::path_id(
            "Id of the batch: a UUID, or `batch_` and 32 hex digits.",
            schema,
        )]
    }
}

impl<'a> FromParam<'a> for BatchParam {
    type Error = uuid::Error;

    fn from_param(param: &'a str) -> Result<Self, uuid::Error> {
        Uuid::parse_str(param.strip_prefix("batch_").unwrap_or(param)).map(|id| Self(id.into()))
    }
}

/// The status of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchStatusView {
    /// Id of the batch: `batch_` and 32 hex digits.
    pub batch_id: BatchParam,
    /// How far the batch is.
    pub status: BatchState,
    /// When the first scan started; null before that.
    pub started_at: Option<DateTime<Utc>>,
    /// When the last scan ended; null while a scan is pending or running.
    pub completed_at: Option<DateTime<Utc>>,
    /// The number of entries: completed, failed and unfinished.
    pub total_jobs: usize,
    /// The number of completed entries.
    pub completed_jobs: usize,
    /// The number of failed entries, including those that could not be queued.
    pub failed_jobs: usize,
    /// The entries, in the order of the request.
    pub jobs: Vec<BatchEntryView>,
}

/// How far a batch is, in v1's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// No scan has started.
    Pending,
    /// Some scans have started.
    InProgress,
    /// Every entry completed.
    Completed,
    /// Every entry failed.
    Failed,
    /// All ended, and some entries failed.
    Partial,
}

/// The status of an entry of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchEntryView {
    /// The domain as the client wrote it.
    pub domain: String,
    /// Id of its scan: `scan_` and 32 hex digits; null if none was queued.
    pub job_id: Option<ScanId>,
    /// How far the scan is; a cancelled one is `failed`.
    pub status: ScanState,
    /// Why the scan failed, or why its last attempt failed while it waits for the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why the scan ended the way it did, in one word; missing until it has ended.
    #[schema(value_type = Option<OutcomeWord>, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
}

impl BatchStatusView {
    /// Creates the view of a batch and its jobs.
    ///
    /// A batch of the old system, which stored no entries, shows its jobs; if those are gone, it shows the stored
    /// counts.
    #[must_use]
    pub fn new(batch: BatchJob, entries: Vec<BatchEntry>, jobs: Vec<Job>) -> Self {
        let BatchJob {
            batch_id,
            status,
            started_at,
            completed_at,
            total_domains,
            completed_domains,
            failed_domains,
            ..
        } = batch;
        if entries.is_empty() && jobs.is_empty() {
            let count = |stored: Option<i32>| stored.and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
            return Self {
                batch_id: BatchParam(batch_id),
                status: status.into(),
                started_at,
                completed_at,
                total_jobs: count(total_domains),
                completed_jobs: count(completed_domains),
                failed_jobs: count(failed_domains),
                jobs: Vec::new(),
            };
        }
        let begun = jobs.iter().filter_map(|job| job.started_at).min();
        let ended = jobs.iter().filter_map(|job| job.completed_at).max();
        let views = entry_views(entries, jobs);
        let count = |wanted: ScanState| views.iter().filter(|entry| entry.status == wanted).count();
        let unfinished = count(ScanState::Pending) + count(ScanState::Running);
        let (completed, failed) = (count(ScanState::Completed), count(ScanState::Failed));
        let status = match (unfinished, completed, failed) {
            (0, _, 0) => BatchState::Completed,
            (0, 0, _) => BatchState::Failed,
            (0, _, _) => BatchState::Partial,
            _ if begun.is_none() => BatchState::Pending,
            _ => BatchState::InProgress,
        };
        Self {
            batch_id: BatchParam(batch_id),
            status,
            started_at: begun,
            completed_at: ended.filter(|_| unfinished == 0),
            total_jobs: views.len(),
            completed_jobs: completed,
            failed_jobs: failed,
            jobs: views,
        }
    }
}

fn entry_views(entries: Vec<BatchEntry>, jobs: Vec<Job>) -> Vec<BatchEntryView> {
    let view = |domain: String, job: Job| BatchEntryView {
        domain,
        job_id: Some(ScanId(job.job_id)),
        status: job.status.into(),
        error: v1_error(&job),
        outcome: outcome_of(&job),
    };
    let listed: HashSet<JobId> = entries
        .iter()
        .filter_map(|entry| entry.job_id)
        .map(JobId::from)
        .collect();
    let (listed, others): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(|job| listed.contains(&job.job_id));
    let mut listed: HashMap<JobId, Job> = listed.into_iter().map(|job| (job.job_id, job)).collect();
    let mut lookup = |id: Option<Uuid>| id.and_then(|id| listed.remove(&JobId::from(id)));
    let entries: Vec<BatchEntryView> = entries
        .into_iter()
        .map(|BatchEntry { domain, job_id, error }| match (error, lookup(job_id)) {
            (None, Some(job)) => view(domain, job),
            (error, _) => BatchEntryView {
                domain,
                job_id: job_id.map(|id| ScanId(id.into())),
                status: ScanState::Failed,
                // Jobs that have ended are deleted after the retention time.
                error: error.or_else(|| Some("this scan is no longer available".to_owned())),
                outcome: None,
            },
        })
        .collect();
    // Batches that are not lists of domains, and those of the old system, store no entry for their jobs.
    let others = others
        .into_iter()
        .map(|job| view(domain_of(&job).unwrap_or_default(), job));
    entries.into_iter().chain(others).collect()
}

impl From<BatchStatus> for BatchState {
    fn from(stored: BatchStatus) -> Self {
        match stored {
            BatchStatus::Pending => Self::Pending,
            BatchStatus::Running => Self::InProgress,
            BatchStatus::Completed => Self::Completed,
            BatchStatus::Failed | BatchStatus::Cancelled => Self::Failed,
            BatchStatus::Partial => Self::Partial,
        }
    }
}
