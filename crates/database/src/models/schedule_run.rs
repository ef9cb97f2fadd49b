//! Table `schedule_runs`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::schedule_runs;

use super::enums::RunOutcome;
use crate::ids::{BatchId, JobId, ScheduleId, ScheduleRunId, TenantId};

/// A run of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, HasQuery)]
#[diesel(table_name = schedule_runs)]
pub struct ScheduleRun {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Identifies the run.
    pub id: ScheduleRunId,
    /// The schedule.
    pub schedule_id: ScheduleId,
    /// When it was to start; `None` for one that a client requested.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was started, or not.
    pub started_at: DateTime<Utc>,
    /// What became of it.
    pub outcome: RunOutcome,
    /// Why it was not started.
    pub error: Option<String>,
    /// The job that does its work, where it is a single one.
    pub job_id: Option<JobId>,
    /// The batch of the jobs that do its work.
    pub batch_id: Option<BatchId>,
    /// How many jobs do its work, with those that were open already.
    pub jobs: i64,
}

/// A new [`ScheduleRun`].
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = schedule_runs)]
pub struct NewScheduleRun<'a> {
    /// The schedule.
    pub schedule_id: ScheduleId,
    /// When it was to start; `None` for one that a client requested.
    pub due_at: Option<DateTime<Utc>>,
    /// What became of it.
    pub outcome: RunOutcome,
    /// Why it was not started.
    pub error: Option<&'a str>,
    /// The job that does its work, where it is a single one.
    pub job_id: Option<JobId>,
    /// The batch of the jobs that do its work.
    pub batch_id: Option<BatchId>,
    /// How many jobs do its work, with those that were open already.
    pub jobs: i64,
}
