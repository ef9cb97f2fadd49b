//! Table `jobs`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable, QueryableByName};
use schema::jobs;

use super::enums::{JobStatus, Outcome};
use super::values::RawJson;
use crate::ids::{BatchId, DomainId, JobId, LeaseToken, TenantId, UserId};

/// A unit of background work.
#[derive(Clone, Debug, PartialEq, HasQuery, QueryableByName)]
#[diesel(table_name = jobs)]
pub struct Job {
    /// Identifies the job.
    pub job_id: JobId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Its status.
    pub status: JobStatus,
    /// Its kind, by which its worker is found.
    pub kind: String,
    /// When the row was created.
    pub created_at: DateTime<Utc>,
    /// When its last attempt started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// How much is done, 0 to 1.
    pub progress: Option<f64>,
    /// Why it failed, for people.
    pub error: Option<String>,
    /// Its result.
    pub result: Option<RawJson>,
    /// Further metadata.
    pub metadata: Option<RawJson>,
    /// Who created the row.
    pub created_by: Option<UserId>,
    /// The domain it works on.
    pub domain_id: Option<DomainId>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// The batch it is part of.
    pub batch_id: Option<BatchId>,
    /// The input of its worker.
    pub payload: RawJson,
    /// Its priority: higher comes first.
    pub priority: i16,
    /// The earliest time of its next claim.
    pub run_at: DateTime<Utc>,
    /// How many attempts were made.
    pub attempts: i32,
    /// The maximum number of attempts.
    pub max_attempts: i32,
    /// The token of the current claim.
    pub lease_token: Option<LeaseToken>,
    /// When that claim expires.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// The worker that holds the claim.
    pub worker: Option<String>,
    /// When its cancellation was requested.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Why it ended the way it did.
    pub outcome: Option<Outcome>,
    /// Identifies the work: at most one unfinished job of a kind has it.
    pub dedup_key: Option<String>,
    /// Its current step.
    pub progress_step: Option<String>,
    /// The current step, for people.
    pub progress_message: Option<String>,
    /// The job that queued it, which may have been deleted since.
    pub parent_id: Option<JobId>,
    /// The trace of the request that queued it, as W3C Trace Context has it.
    pub traceparent: Option<String>,
}

/// A new [`Job`].
///
/// `None` leaves a column at its default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = jobs)]
pub struct NewJob<'a> {
    /// Its kind, by which its worker is found.
    pub kind: &'a str,
    /// The input of its worker.
    pub payload: Option<&'a RawJson>,
    /// Who created the row.
    pub created_by: Option<UserId>,
    /// The domain it works on.
    pub domain_id: Option<DomainId>,
    /// The batch it is part of.
    pub batch_id: Option<BatchId>,
    /// The job that queues it.
    pub parent_id: Option<JobId>,
    /// Its priority: higher comes first.
    pub priority: Option<i16>,
    /// The earliest time of its next claim.
    pub run_at: Option<DateTime<Utc>>,
    /// The maximum number of attempts.
    pub max_attempts: Option<i32>,
    /// Identifies the work: at most one unfinished job of a kind has it.
    pub dedup_key: Option<&'a str>,
    /// Further metadata.
    pub metadata: Option<&'a RawJson>,
    /// The trace of the request that queues it, as W3C Trace Context has it.
    pub traceparent: Option<&'a str>,
}
