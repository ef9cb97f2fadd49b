//! Starts the runs of schedules that are due.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use database::ids::{ApiKeyId, ScheduleId, TenantId};
use database::models::enums::{MissedRuns, PausedBecause, RunOutcome};
use database::models::schedule::Schedule;
use database::models::schedule_run::{NewScheduleRun, ScheduleRun};
use database::models::values::RawJson;
use database::pool::Pool;
use database::repo::{self, QueryError};
use database::tenant::TenantConnection;
use futures_core::future::BoxFuture;
use jobs::{Quotas, Room, StoredRowCounts, Submission, SubmitError, Waker};
use rand::RngExt;

use super::when::When;
use super::work::{Started, note};
use crate::settings::{PlacesConfig, SitemapConfig};

/// The time between two looks for schedules that are due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(15);
/// How many schedules a look starts.
const AT_ONCE: usize = 100;
/// How late a run may start without having been missed.
const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Reads stored work and submits it.
pub type Start =
    for<'s, 'c> fn(&'s RawJson, &'s Bounds, &'s mut Submission<'c>) -> BoxFuture<'s, Result<Started, SubmitError>>;

/// What bounds the work that is started.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The settings of place searches.
    pub places: PlacesConfig,
    /// The settings of sitemap analyses.
    pub sitemaps: SitemapConfig,
    /// The quotas of tenants that have none of their own.
    pub quotas: Quotas,
}

/// Starts runs that are due. Any number of schedulers, in any number of processes, share one database.
pub struct Scheduler {
    pool: Pool,
    bounds: Bounds,
    start: Start,
    room: Room,
    stored: StoredRowCounts,
    waker: Waker,
}

/// What becomes of a run.
enum Verdict {
    Started(Started),
    Nothing,
    Refused(String),
    Missed,
    /// It was started before: the clock went back.
    Repeated,
    /// The key in whose name it runs is not valid any more.
    KeyInvalid,
}

impl Scheduler {
    /// Creates a scheduler, which is idle until [`run`](Self::run) and starts nothing while there is no room for more.
    #[must_use]
    pub fn new(pool: Pool, bounds: Bounds, start: Start, room: Room) -> Self {
        Self {
            waker: Waker::new(pool.clone()),
            pool,
            bounds,
            start,
            room,
            stored: StoredRowCounts::default(),
        }
    }

    /// Starts runs when they are due, until it is dropped.
    pub async fn run(self) {
        let mut is_down = false;
        loop {
            let pause = match self.look().await {
                Ok(()) => {
                    is_down = false;
                    LOOK_EVERY
                }
                // An outage is logged once.
                Err(error) if is_down => {
                    log::debug!("starting schedules failed again: {error:#}");
                    AFTER_FAILURE
                }
                Err(error) => {
                    log::warn!("starting schedules failed, retrying until it succeeds: {error:#}");
                    is_down = true;
                    AFTER_FAILURE
                }
            };
            let pause = pause.mul_f64(rand::rng().random_range(0.8..=1.2));
            tokio::time::sleep(pause).await;
        }
    }

    /// Starts what is due by the clock of the database.
    async fn look(&self) -> anyhow::Result<()> {
        if self.room.shortage().is_some() {
            return Ok(());
        }
        let mut conn = self.pool.system().await?;
        let now = repo::schedules::due::clock(&mut conn).await?;
        drop(conn);
        // Many schedules are due on the hour.
        while self.start_due(now).await? == AT_ONCE {}
        Ok(())
    }

    /// Starts what is due at `now`, and returns the number of runs that ended in any way. One that fails keeps no other from its start.
    ///
    /// # Errors
    ///
    /// The first error of the database; such a run stays due.
    pub async fn start_due(&self, now: DateTime<Utc>) -> anyhow::Result<usize> {
        let mut conn = self.pool.system().await?;
        let due = repo::schedules::due::list(&mut conn, now, i64::try_from(AT_ONCE)?).await?;
        drop(conn);
        let (mut ended, mut failed) = (0, None);
        for (tenant, schedule) in due {
            match self.start_one(tenant, schedule, now).await {
                Ok(is_ended) => ended += usize::from(is_ended),
                Err(error) => {
                    failed.get_or_insert(error.context(format!("schedule {schedule} of tenant {tenant}")));
                }
            }
        }
        if ended > 0 {
            self.waker.wake();
        }
        failed.map_or(Ok(ended), Err)
    }

    /// Starts the run of a schedule that is due, and moves its next one, in one transaction. Returns whether it did: another process
    /// may have been first.
    async fn start_one(&self, tenant: TenantId, id: ScheduleId, now: DateTime<Utc>) -> anyhow::Result<bool> {
        let mut conn = self.pool.tenant(tenant).await?;
        let Some(schedule) = repo::schedules::due::lock(&mut conn, id, now).await? else {
            return Ok(false);
        };
        match self.judge(&mut conn, &schedule, now).await {
            Ok(verdict) => self.end(conn, &schedule, &verdict, now).await,
            Err(error) if error.is_not_found() => self.end_anew(conn, &schedule, Verdict::Nothing, now).await,
            Err(SubmitError::Query(error)) => Err(error.into()),
            Err(refusal) => {
                self.end_anew(conn, &schedule, Verdict::Refused(refusal.to_string()), now)
                    .await
            }
        }
    }

    /// Decides about a due run, and submits its work.
    async fn judge(
        &self,
        conn: &mut TenantConnection,
        schedule: &Schedule,
        now: DateTime<Utc>,
    ) -> Result<Verdict, SubmitError> {
        if repo::schedule_runs::has_run(conn, schedule.id, schedule.next_run_at).await? {
            return Ok(Verdict::Repeated);
        }
        if let Some(actor) = schedule.run_by
            && repo::api_keys::has_ended(conn, ApiKeyId::from(actor.get())).await?
        {
            return Ok(Verdict::KeyInvalid);
        }
        if schedule.missed == MissedRuns::Skip && now - schedule.next_run_at > TOLERANCE {
            return Ok(Verdict::Missed);
        }
        let own = repo::tenant_limits::find(conn).await?;
        let quotas = self.bounds.quotas.of_tenant(own.as_ref());
        let started = Submission::of_caller(conn, schedule.run_by, quotas, &self.stored, async |submission| {
            (self.start)(&schedule.work, &self.bounds, submission).await
        });
        started.await.map(Verdict::Started)
    }

    /// Notes in another transaction what became of a run whose work was refused: what was written of the work is rolled back.
    async fn end_anew(
        &self,
        conn: TenantConnection,
        schedule: &Schedule,
        verdict: Verdict,
        now: DateTime<Utc>,
    ) -> anyhow::Result<bool> {
        drop(conn);
        let mut conn = self.pool.tenant(schedule.tenant_id).await?;
        // Waits until the rollback has ended.
        match repo::schedules::lock(&mut conn, schedule.id).await {
            Ok(same) if same.next_run_at == schedule.next_run_at && same.paused_at.is_none() => {
                self.end(conn, &same, &verdict, now).await
            }
            // Another process was faster, or a client changed or deleted it.
            Ok(_) | Err(QueryError::NotFound) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Notes what became of a run, moves the next one, and commits.
    async fn end(
        &self,
        mut conn: TenantConnection,
        schedule: &Schedule,
        verdict: &Verdict,
        now: DateTime<Utc>,
    ) -> anyhow::Result<bool> {
        if let Some(run) = run_of(schedule, verdict) {
            note(&mut conn, schedule, &run).await?;
        }
        let next = When::of(schedule).ok();
        let next = next.and_then(|when| when.next(schedule.next_run_at, now));
        match next {
            Some(next) => repo::schedules::due::advance(&mut conn, schedule.id, next).await?,
            None => repo::schedules::pause(&mut conn, schedule.id, PausedBecause::NoNextRun).await?,
        };
        if matches!(verdict, Verdict::KeyInvalid) {
            repo::schedules::pause(&mut conn, schedule.id, PausedBecause::KeyInvalid).await?;
        }
        conn.commit().await?;
        if let Verdict::Refused(why) = verdict {
            log::info!(
                "schedule {} of tenant {} was refused: {why}",
                schedule.id,
                schedule.tenant_id
            );
        }
        Ok(true)
    }
}

/// Starts a run that a client requests, next to those that are due, and returns its record.
///
/// # Errors
///
/// Those of the work; the transaction must be rolled back.
pub async fn run_now(
    submission: &mut Submission<'_>,
    schedule: &Schedule,
    bounds: &Bounds,
    start: Start,
) -> Result<ScheduleRun, SubmitError> {
    let started = start(&schedule.work, bounds, submission).await?;
    let run = NewScheduleRun {
        schedule_id: schedule.id,
        due_at: None,
        outcome: RunOutcome::Started,
        error: None,
        job_id: started.job,
        batch_id: started.batch,
        jobs: started.jobs,
    };
    Ok(note(submission.conn(), schedule, &run).await?)
}

/// Returns the record of a run; `None` for one that has a record.
fn run_of<'v>(schedule: &Schedule, verdict: &'v Verdict) -> Option<NewScheduleRun<'v>> {
    let Started { job, batch, jobs } = match verdict {
        Verdict::Started(started) => *started,
        _ => Started::default(),
    };
    let (outcome, error) = match verdict {
        Verdict::Started(_) => (RunOutcome::Started, None),
        Verdict::Nothing => (RunOutcome::Nothing, None),
        Verdict::Refused(why) => (RunOutcome::Refused, Some(why.as_str())),
        Verdict::Missed => (RunOutcome::Missed, Some("no worker was there to start it in time")),
        Verdict::KeyInvalid => (
            RunOutcome::Refused,
            Some("the API key in whose name it runs was revoked or has expired: the schedule is paused"),
        ),
        Verdict::Repeated => return None,
    };
    Some(NewScheduleRun {
        schedule_id: schedule.id,
        due_at: Some(schedule.next_run_at),
        outcome,
        error,
        job_id: job,
        batch_id: batch,
        jobs,
    })
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scheduler").field(&self.bounds).finish()
    }
}
