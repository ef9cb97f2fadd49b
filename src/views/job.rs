//! Jobs of any kind.

use chrono::{DateTime, Utc};
use database::models::job::Job;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::scan::{next_attempt_at, v1_message};
use super::waiting::Waiting;

/// A job of the tenant.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    /// Id of the job.
    pub id: Uuid,
    /// The kind of work.
    pub kind: String,
    /// `pending`, `running`, `completed`, `failed` or `cancelled`.
    pub status: &'static str,
    /// Why the job ended the way it did, in one word; null until it has ended.
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
    /// The job's result; null until it has one.
    #[schema(value_type = Option<serde_json::Value>)]
    pub result: Option<Box<RawValue>>,
    /// When the job was requested.
    pub created_at: DateTime<Utc>,
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

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        // The last progress report of a failed attempt no longer describes the job.
        let failed = next_attempt_at(&job).map(|_| v1_message(&job));
        let waiting = Waiting::of(&job, Utc::now());
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
            created_by: _,
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
            outcome,
            dedup_key: _,
            progress_step,
            progress_message,
            parent_id,
        } = job;
        Self {
            id: job_id.get(),
            kind,
            status: status.label(),
            outcome: outcome
                .filter(|_| status.is_final())
                .map(database::models::enums::Outcome::label),
            error,
            progress: progress.unwrap_or_default(),
            step: progress_step,
            message: failed.or(progress_message),
            attempts,
            max_attempts,
            domain_id: domain_id.map(|id| id.get()),
            batch_id: batch_id.map(|id| id.get()),
            parent_id: parent_id.map(|id| id.get()),
            result: result.map(database::models::values::RawJson::into_raw),
            created_at,
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
