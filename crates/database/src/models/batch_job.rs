//! Table `batch_jobs`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::batch_jobs;

use super::enums::BatchStatus;
use super::values::RawJson;
use crate::ids::{BatchId, TenantId, UserId};

/// A batch of jobs.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = batch_jobs)]
pub struct BatchJob {
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// What its jobs do.
    pub processor_type: String,
    /// How far it is.
    pub status: BatchStatus,
    /// Who made the row.
    pub created_by: Option<UserId>,
    /// How many entries were asked for.
    pub total_domains: Option<i32>,
    /// How many completed, of a batch of the old system.
    pub completed_domains: Option<i32>,
    /// How many failed, of a batch of the old system or for want of a job.
    pub failed_domains: Option<i32>,
    /// How much is done, 0 to 1, of a batch of the old system.
    pub progress: Option<f64>,
    /// What else is known about the batch.
    pub metadata: Option<RawJson>,
    /// What was asked for beside the entries.
    pub options: Option<RawJson>,
    /// When its first job began.
    pub started_at: Option<DateTime<Utc>>,
    /// When its last job ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// How long it took, in seconds.
    pub processing_time: Option<f64>,
    /// Why it failed, for people.
    pub error: Option<String>,
    /// Identifies the batch.
    pub batch_id: BatchId,
}

/// A new [`BatchJob`].
///
/// What is `None` is left to the column's default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = batch_jobs)]
pub struct NewBatchJob<'a> {
    /// What its jobs do.
    pub processor_type: &'a str,
    /// Who made the row.
    pub created_by: Option<UserId>,
    /// How many entries were asked for.
    pub total_domains: Option<i32>,
    /// How many failed, of a batch of the old system or for want of a job.
    pub failed_domains: Option<i32>,
    /// What else is known about the batch.
    pub metadata: Option<&'a RawJson>,
    /// What was asked for beside the entries.
    pub options: Option<&'a RawJson>,
}

/// What to change about a [`BatchJob`].
///
/// `None` leaves a column as it is; where a column may be NULL, `Some(None)` makes it so.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = batch_jobs)]
pub struct BatchJobChanges<'a> {
    /// How far it is.
    pub status: Option<BatchStatus>,
    /// When its first job began.
    pub started_at: Option<Option<DateTime<Utc>>>,
    /// When its last job ended.
    pub completed_at: Option<Option<DateTime<Utc>>>,
    /// How long it took, in seconds.
    pub processing_time: Option<Option<f64>>,
    /// Why it failed, for people.
    pub error: Option<Option<&'a str>>,
    /// What else is known about the batch.
    pub metadata: Option<Option<&'a RawJson>>,
}
