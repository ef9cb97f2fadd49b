//! Schedules and their runs.

use chrono::{DateTime, Utc};
use database::models::enums::{PausedBecause, RunOutcome};
use database::models::schedule::Schedule;
use database::models::schedule_run::ScheduleRun;
use scans::schedules::When;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::batch::status_url;
use super::who::{Names, WhoView};
use super::words::{MissedRunsWord, PausedBecauseWord, RunOutcomeWord};

/// Work that starts by itself, again and again.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScheduleView {
    /// Id of the schedule.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// When it runs, in words, such as "every Monday at 06:00, Europe/Berlin"; null if it cannot be told any more.
    pub in_words: Option<String>,
    /// Cron text of five fields by which it runs; null if it runs by `every`.
    pub cron: Option<String>,
    /// Time zone of the cron text; null if it runs by `every`.
    pub time_zone: Option<String>,
    /// ISO 8601 duration after which it runs again; null if it runs by `cron`.
    pub every: Option<String>,
    /// What becomes of runs that no worker started in time.
    #[schema(value_type = MissedRunsWord)]
    pub missed: &'static str,
    /// What it starts, by the kind of jobs.
    #[schema(value_type = serde_json::Value)]
    pub work: Box<RawValue>,
    /// Whether it is paused.
    pub is_paused: bool,
    /// When it was paused; null if it is not.
    pub paused_at: Option<DateTime<Utc>>,
    /// Why it was paused: on request, because the key in whose name it runs was revoked or has expired, or because no further run can
    /// be told.
    #[schema(value_type = Option<PausedBecauseWord>)]
    pub paused_because: Option<&'static str>,
    /// When it runs next; null if it is paused.
    pub next_run_at: Option<DateTime<Utc>>,
    /// Its last run; null before the first one.
    pub last_run: Option<ScheduleRunView>,
    /// In whose name it runs: who made it, or changed it last.
    pub run_by: WhoView,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

impl ScheduleView {
    /// Creates the view of a schedule with its last run.
    #[must_use]
    pub fn new(schedule: Schedule, last_run: Option<ScheduleRun>, names: &Names) -> Self {
        let in_words = When::of(&schedule).ok().map(|when| when.in_words());
        let Schedule {
            tenant_id: _,
            id,
            name,
            work,
            cron,
            time_zone,
            every,
            missed,
            run_by,
            next_run_at,
            paused_at,
            paused_because,
            created_at,
            updated_at,
        } = schedule;
        Self {
            id: id.get(),
            name,
            in_words,
            cron,
            time_zone,
            every,
            missed: missed.label(),
            work: work.into_raw(),
            is_paused: paused_at.is_some(),
            paused_at,
            paused_because: paused_because.map(PausedBecause::label),
            next_run_at: paused_at.is_none().then_some(next_run_at),
            last_run: last_run.map(ScheduleRunView::from),
            run_by: names.by_id(run_by.map(|id| id.get())),
            created_at,
            updated_at,
        }
    }
}

/// A run of a schedule.
#[derive(Debug, Serialize, ToSchema)]
pub struct ScheduleRunView {
    /// Id of the run.
    pub id: Uuid,
    /// When it was to start; null for one that was requested.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was started, or not.
    pub started_at: DateTime<Utc>,
    /// What became of it: its work was queued, there was nothing to do, it was refused, or no worker was there in time.
    #[schema(value_type = RunOutcomeWord)]
    pub outcome: &'static str,
    /// Why it was not started; null if it was.
    pub error: Option<String>,
    /// Id of the job that does its work; null if there is none, or a batch.
    pub job_id: Option<Uuid>,
    /// Id of the batch of its jobs; null if there is none.
    pub batch_id: Option<Uuid>,
    /// The number of jobs, with those that were open already.
    pub jobs: i64,
    /// Path of the status of the job or the batch; null if nothing was started.
    pub status_url: Option<String>,
}

impl From<ScheduleRun> for ScheduleRunView {
    fn from(run: ScheduleRun) -> Self {
        let status_url = followed_at(&run);
        let ScheduleRun {
            tenant_id: _,
            id,
            schedule_id: _,
            due_at,
            started_at,
            outcome,
            error,
            job_id,
            batch_id,
            jobs,
        } = run;
        Self {
            id: id.get(),
            due_at,
            started_at,
            outcome: RunOutcome::label(outcome),
            error,
            job_id: job_id.map(|id| id.get()),
            batch_id: batch_id.map(|id| id.get()),
            jobs,
            status_url,
        }
    }
}

/// Returns the path of the status of what a run started.
fn followed_at(run: &ScheduleRun) -> Option<String> {
    match (run.job_id, run.batch_id) {
        (Some(job), _) => Some(format!("/api/v1/jobs/{job}")),
        (None, Some(batch)) => Some(status_url(batch.get())),
        (None, None) => None,
    }
}

/// A run that was requested.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunAccepted {
    /// Id of the run.
    pub run_id: Uuid,
    /// Id of the job that does its work, where it is a single one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<Uuid>,
    /// Id of the batch of its jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<Uuid>,
    /// The number of jobs, with those that were open already.
    pub job_count: i64,
    /// Path of the status of the job or the batch.
    pub status_url: Option<String>,
}

impl From<ScheduleRun> for RunAccepted {
    fn from(run: ScheduleRun) -> Self {
        Self {
            run_id: run.id.get(),
            job_id: run.job_id.map(|id| id.get()),
            batch_id: run.batch_id.map(|id| id.get()),
            job_count: run.jobs,
            status_url: followed_at(&run),
        }
    }
}
