//! A job of any kind.

use chrono::{DateTime, Utc};
use database::models::job::Job;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::scan::{next_attempt_at, v1_message};

/// A job as its tenant sees it.
#[derive(Debug, Serialize)]
pub struct JobView {
    /// Identifies the job.
    pub id: Uuid,
    /// What it does.
    pub kind: String,
    /// `pending`, `running`, `completed`, `failed` or `cancelled`.
    pub status: &'static str,
    /// The outcome, in one word.
    pub outcome: Option<&'static str>,
    /// Why it failed, or why its last attempt did.
    pub error: Option<String>,
    /// How much is done, 0 to 1.
    pub progress: f64,
    /// The step it is at.
    pub step: Option<String>,
    /// That step in words.
    pub message: Option<String>,
    /// The number of attempts so far.
    pub attempts: i32,
    /// The maximum number of attempts.
    pub max_attempts: i32,
    /// The domain it works on.
    pub domain_id: Option<Uuid>,
    /// The batch it is part of.
    pub batch_id: Option<Uuid>,
    /// What it produced.
    pub result: Option<Box<RawValue>>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it may run, while it waits.
    pub run_at: DateTime<Utc>,
    /// When its last attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// When its cancellation was requested.
    pub cancel_requested_at: Option<DateTime<Utc>>,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        // The last report of an attempt that failed does not say how far the job is.
        let failed = next_attempt_at(&job).map(|_| v1_message(&job));
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
            result: result.map(database::models::values::RawJson::into_raw),
            created_at,
            run_at,
            started_at,
            completed_at,
            cancel_requested_at,
        }
    }
}
