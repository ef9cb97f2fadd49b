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
    /// When the row was created.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The kind of the batch: that of its jobs, or of the work that queued them.
    pub processor_type: String,
    /// Its status.
    pub status: BatchStatus,
    /// Who created the row.
    pub created_by: Option<UserId>,
    /// The number of entries requested.
    pub total_domains: Option<i32>,
    /// How many completed, in a batch of the old system.
    pub completed_domains: Option<i32>,
    /// How many failed, in a batch of the old system or because no job could be queued.
    pub failed_domains: Option<i32>,
    /// The progress of a batch of the old system, 0 to 1.
    pub progress: Option<f64>,
    /// Further metadata.
    pub metadata: Option<RawJson>,
    /// The options of the request.
    pub options: Option<RawJson>,
    /// When its first job started.
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

/// A batch of jobs, without its metadata.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = batch_jobs)]
pub struct BatchSummary {
    /// Identifies the batch.
    pub batch_id: BatchId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// When the row was created.
    pub created_at: DateTime<Utc>,
    /// Who created the row.
    pub created_by: Option<UserId>,
    /// The kind of the batch.
    pub processor_type: String,
    /// Its status, in a batch of the old system.
    pub status: BatchStatus,
    /// The number of entries requested.
    pub total_domains: Option<i32>,
    /// How many completed, in a batch of the old system.
    pub completed_domains: Option<i32>,
    /// How many failed, in a batch of the old system or because no job could be queued.
    pub failed_domains: Option<i32>,
}

/// A new [`BatchJob`].
///
/// `None` leaves a column at its default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = batch_jobs)]
pub struct NewBatchJob<'a> {
    /// The kind of the batch: that of its jobs, or of the work that queued them.
    pub processor_type: &'a str,
    /// Who created the row.
    pub created_by: Option<UserId>,
    /// The number of entries requested.
    pub total_domains: Option<i32>,
    /// How many failed, in a batch of the old system or because no job could be queued.
    pub failed_domains: Option<i32>,
    /// Further metadata.
    pub metadata: Option<&'a RawJson>,
    /// The options of the request.
    pub options: Option<&'a RawJson>,
}

/// Changes of a [`BatchJob`].
///
/// `None` leaves a column unchanged; `Some(None)` sets a nullable column to NULL.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = batch_jobs)]
pub struct BatchJobChanges<'a> {
    /// The number of entries requested.
    pub total_domains: Option<Option<i32>>,
    /// How many failed, because no job could be queued.
    pub failed_domains: Option<Option<i32>>,
    /// Its status.
    pub status: Option<BatchStatus>,
    /// When its first job started.
    pub started_at: Option<Option<DateTime<Utc>>>,
    /// When its last job ended.
    pub completed_at: Option<Option<DateTime<Utc>>>,
    /// How long it took, in seconds.
    pub processing_time: Option<Option<f64>>,
    /// Why it failed, for people.
    pub error: Option<Option<&'a str>>,
    /// Further metadata.
    pub metadata: Option<Option<&'a RawJson>>,
}
