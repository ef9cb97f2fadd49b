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
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// How far it is.
    pub status: JobStatus,
    /// What it does: the name its worker knows it by.
    pub kind: String,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When its last attempt began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// How much is done, 0 to 1.
    pub progress: Option<f64>,
    /// Why it failed, for people.
    pub error: Option<String>,
    /// What it produced.
    pub result: Option<RawJson>,
    /// What else is known about it.
    pub metadata: Option<RawJson>,
    /// Who made the row.
    pub created_by: Option<UserId>,
    /// The domain it works on.
    pub domain_id: Option<DomainId>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// The batch it is part of.
    pub batch_id: Option<BatchId>,
    /// What its worker needs to know.
    pub payload: RawJson,
    /// How important it is: higher comes first.
    pub priority: i16,
    /// Not to be claimed before.
    pub run_at: DateTime<Utc>,
    /// How often it was claimed.
    pub attempts: i32,
    /// How often it may be.
    pub max_attempts: i32,
    /// The claim that holds it.
    pub lease_token: Option<LeaseToken>,
    /// Until when that claim holds.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// Who holds it.
    pub worker: Option<String>,
    /// When somebody asked for its end.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Why it ended the way it did.
    pub outcome: Option<Outcome>,
    /// Names the work: one unfinished job of a kind has it.
    pub dedup_key: Option<String>,
    /// The step it is at.
    pub progress_step: Option<String>,
    /// That step in words.
    pub progress_message: Option<String>,
}

/// A new [`Job`].
///
/// What is `None` is left to the column's default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = jobs)]
pub struct NewJob<'a> {
    /// What it does: the name its worker knows it by.
    pub kind: &'a str,
    /// What its worker needs to know.
    pub payload: Option<&'a RawJson>,
    /// Who made the row.
    pub created_by: Option<UserId>,
    /// The domain it works on.
    pub domain_id: Option<DomainId>,
    /// The batch it is part of.
    pub batch_id: Option<BatchId>,
    /// How important it is: higher comes first.
    pub priority: Option<i16>,
    /// Not to be claimed before.
    pub run_at: Option<DateTime<Utc>>,
    /// How often it may be.
    pub max_attempts: Option<i32>,
    /// Names the work: one unfinished job of a kind has it.
    pub dedup_key: Option<&'a str>,
    /// What else is known about it.
    pub metadata: Option<&'a RawJson>,
}
