//! Jobs of any kind.

use chrono::{DateTime, Utc};
use database::models::job::Job;
use jobs::Trace;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::scan::{next_attempt_at, outcome_of, v1_message};
use super::waiting::Waiting;
use super::who::{Names, WhoView};
use super::words::{JobStatusWord, OutcomeWord};

/// A job of the tenant.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    /// Id of the job.
    pub id: Uuid,
    /// The kind of work, such as `domain_scan`, `email_scan`, `sitemap_scan` or `places_search`.
    pub kind: String,
    /// How far the job is.
    #[schema(value_type = JobStatusWord)]
    pub status: &'static str,
    /// Why the job ended the way it did, in one word; null until it has ended.
    #[schema(value_type = Option<OutcomeWord>)]
    pub outcome: Option<&'static str>,
    /// Why the job failed, or why its last attempt failed while it waits for the next one.
    pub error: Option<String>,
    /// The completed share of the work, 0 to 1.
    pub progress: f64,
    /// The current step.
    pub step: Option<String>,
    /// The current step, or the last failure, in words.
    pub message: Option<String>,
    /// The number of attempts so far.
    pub attempts: i32,
    /// The maximum number of attempts.
    pub max_attempts: i32,
    /// Id of the domain that the job works on; null if there is none.
    pub domain_id: Option<Uuid>,
    /// Id of the job's batch; null if it has none.
    pub batch_id: Option<Uuid>,
    /// Id of the job that queued it; null if none did.
    pub parent_id: Option<Uuid>,
    /// Id of the trace of the request that queued it, where that had a `traceparent`; null otherwise.
    pub trace_id: Option<String>,
    /// The job's result; null until it has one.
    #[schema(value_type = Option<serde_json::Value>)]
    pub result: Option<Box<RawValue>>,
    /// When the job was requested.
    pub created_at: DateTime<Utc>,
    /// Who requested it.
    pub created_by: WhoView,
    /// The earliest time of the next attempt, while the job is pending.
    pub run_at: DateTime<Utc>,
    /// When the last attempt started; null before the first one.
    pub started_at: Option<DateTime<Utc>>,
    /// When the job ended; null before that.
    pub completed_at: Option<DateTime<Utc>>,
    /// When its cancellation was requested; null if it was not.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Why it has not ended; null once it has.
    pub waiting: Option<Waiting>,
}

impl JobView {
    /// Creates the view of a job; `names` has the name of who requested it.
    #[must_use]
    pub fn new(job: Job, names: &Names) -> Self {
        // The last progress report of a failed attempt no longer describes the job.
        let failed = next_attempt_at(&job).map(|_| v1_message(&job));
        let waiting = Waiting::of(&job, Utc::now());
        let outcome = outcome_of(&job);
        let Job {
            job_id,
            tenant_id: _,
            status,
            kind,
            created_at,
            started_at,
            completed_at,
            progress,
            error,
            result,
            metadata: _,
            created_by,
            domain_id,
            updated_at: _,
            batch_id,
            payload: _,
            priority: _,
            run_at,
            attempts,
            max_attempts,
            lease_token: _,
            lease_expires_at: _,
            worker: _,
            cancel_requested_at,
            outcome: _,
            dedup_key: _,
            progress_step,
            progress_message,
            parent_id,
            traceparent,
        } = job;
        Self {
            id: job_id.get(),
            kind,
            status: status.label(),
            outcome,
            error,
            progress: progress.unwrap_or_default(),
            step: progress_step,
            message: failed.or(progress_message),
            attempts,
            max_attempts,
            domain_id: domain_id.map(|id| id.get()),
            batch_id: batch_id.map(|id| id.get()),
            parent_id: parent_id.map(|id| id.get()),
            trace_id: traceparent.and_then(|text| Some(text.parse::<Trace>().ok()?.trace_id())),
            result: result.map(database::models::values::RawJson::into_raw),
            created_at,
            created_by: names.by_id(created_by.map(|id| id.get())),
            run_at,
            started_at,
            completed_at,
            cancel_requested_at,
            waiting,
        }
    }
}

/// Returns the domain that a job works on, as its payload names it.
#[must_use]
pub fn domain_of(job: &Job) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        domain: String,
    }
    job.payload.parse::<Named>().ok().map(|named| named.domain)
}
