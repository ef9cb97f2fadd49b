//! A runner's background tasks: heartbeats, the sweep, batches that are done, retention.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use database::repo::jobs::queue::{self, Lease, Swept};
use database::repo::webhooks::requests;
use database::repo::{batches, domain_changes, events, schedule_runs, webhook_deliveries};
use tokio::time::Instant;

use super::hold::{Hold, Stop};
use super::outage::{Pauses, spread};
use super::shared::Shared;

/// How many jobs the sweep takes back per statement.
const SWEEP_BATCH: usize = 1000;
/// How many old rows are deleted per statement, so that none holds locks for long.
const DELETE_BATCH: i64 = 500;
/// The pause between two such statements.
const BETWEEN_DELETIONS: Duration = Duration::from_millis(50);
/// How often batches are looked at, at most.
const NOTE_INTERVAL: Duration = Duration::from_secs(1);
/// How often old rows are deleted.
const RETENTION_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Extends the leases of all running jobs, forever.
pub(super) async fn heartbeat<S>(shared: Arc<Shared<S>>) {
    let mut pauses = Pauses::new();
    let mut due = Instant::now() + shared.config.heartbeat;
    // A lease holds from its claim.
    shared.stats.note_beat();
    loop {
        tokio::time::sleep_until(due).await;
        let begun = Instant::now();
        // A hanging heartbeat must leave time for another one before the leases end; dropping it closes its connection.
        let beat = tokio::time::timeout(shared.config.heartbeat, beat(&shared));
        match beat.await.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer in time"))) {
            Ok(()) => {
                shared.stats.note_beat();
                pauses = Pauses::new();
                due = begun + shared.config.heartbeat;
            }
            Err(error) => {
                shared
                    .outage
                    .failed("extending the leases of running jobs", &format_args!("{error:#}"));
                pauses.pause().await;
                due = Instant::now();
            }
        }
    }
}

async fn beat<S>(shared: &Shared<S>) -> anyhow::Result<()> {
    let holds: Vec<Arc<Hold>> = shared.running().values().cloned().collect();
    if holds.is_empty() {
        return Ok(());
    }
    let leases: Vec<Lease> = holds.iter().map(|hold| hold.lease).collect();
    let mut conn = shared.pool.system().await?;
    // Taken before the query, so that the lease never ends later by this clock than by the database's.
    let asked = Instant::now();
    let held = queue::heartbeat(&mut conn, &leases, shared.config.lease).await?;
    conn.commit().await?;
    shared.outage.succeeded();
    for hold in holds {
        match held.iter().find(|(lease, _)| *lease == hold.lease) {
            Some((_, cancel)) => {
                hold.extend(asked + shared.config.lease);
                if cancel.is_some() {
                    hold.stop(Stop::Cancelled);
                }
            }
            // Or the job ended meanwhile, and the signal has no effect.
            None => hold.stop(Stop::Lost),
        }
    }
    Ok(())
}

/// Takes back jobs whose lease has ended, forever.
pub(super) async fn sweep<S>(shared: Arc<Shared<S>>) {
    loop {
        // Workers started together should not sweep at once.
        tokio::time::sleep(spread(shared.config.sweep, 0.8, 1.0)).await;
        match sweep_once(&shared).await {
            Ok(swept) => {
                shared.outage.succeeded();
                if swept != Swept::default() {
                    log::warn!(
                        "jobs of silent workers: {} requeued, {} failed, {} cancelled",
                        swept.requeued,
                        swept.failed,
                        swept.cancelled
                    );
                }
                if swept.requeued > 0 {
                    shared.wake.notify_one();
                }
            }
            Err(error) => shared
                .outage
                .failed("sweeping the jobs of silent workers", &format_args!("{error:#}")),
        }
    }
}

async fn sweep_once<S>(shared: &Shared<S>) -> anyhow::Result<Swept> {
    let mut all = Swept::default();
    loop {
        let mut conn = shared.pool.system().await?;
        let swept = queue::sweep(&mut conn).await?;
        conn.commit().await?;
        all.requeued += swept.requeued;
        all.failed += swept.failed;
        all.cancelled += swept.cancelled;
        if swept.requeued + swept.failed + swept.cancelled < SWEEP_BATCH {
            return Ok(all);
        }
    }
}

/// Notes batches whose jobs have all ended, forever.
pub(super) async fn note_batches<S>(shared: Arc<Shared<S>>) {
    let mut pause = NOTE_INTERVAL;
    loop {
        tokio::time::sleep(spread(pause, 0.8, 1.2)).await;
        let begun = Instant::now();
        if let Err(error) = note_batches_once(&shared).await {
            shared
                .outage
                .failed("looking for batches that are done", &format_args!("{error:#}"));
        }
        // Where many large batches are open, looking at them takes time: it may take a twentieth of a connection.
        pause = NOTE_INTERVAL.max(begun.elapsed() * 20);
    }
}

async fn note_batches_once<S>(shared: &Shared<S>) -> anyhow::Result<()> {
    loop {
        let mut conn = shared.pool.system().await?;
        let noted = batches::note_done(&mut conn, DELETE_BATCH).await?;
        if noted == 0 {
            return Ok(());
        }
        conn.commit().await?;
    }
}

/// Deletes what is older than it is kept, forever: jobs that ended, batches without jobs, runs of schedules, events and their
/// deliveries, differences between scans.
pub(super) async fn retention<S>(shared: Arc<Shared<S>>) {
    // Not at startup, and not at the same time in every process.
    let mut pause = spread(RETENTION_INTERVAL, 0.0, 0.1);
    loop {
        tokio::time::sleep(pause).await;
        pause = spread(RETENTION_INTERVAL, 0.9, 1.1);
        if let Some(cutoff) = shared.config.retention.and_then(cutoff) {
            match delete_ended(&shared, cutoff).await {
                Ok((0, 0)) => {}
                Ok((jobs, batches)) => {
                    log::info!("retention deleted {jobs} ended jobs, and {batches} batches without jobs")
                }
                Err(error) => log::warn!("retention failed to delete ended jobs, next try in an hour: {error:#}"),
            }
        }
        for (what, kept) in [
            (Old::Events, shared.config.events_kept),
            (Old::Deliveries, shared.config.events_kept),
            (Old::Requests, shared.config.events_kept),
            (Old::Changes, shared.config.changes_kept),
            (Old::Runs, shared.config.retention),
        ] {
            let Some(cutoff) = kept.and_then(cutoff) else { continue };
            let name = what.name();
            match delete_old(&shared, what, cutoff).await {
                Ok(0) => {}
                Ok(rows) => log::info!("retention deleted {rows} {name}"),
                Err(error) => log::warn!("retention failed to delete {name}, next try in an hour: {error:#}"),
            }
        }
    }
}

/// Returns the time before which everything is older than `kept`; `None` beyond the calendar.
fn cutoff(kept: Duration) -> Option<DateTime<Utc>> {
    Utc::now().checked_sub_signed(chrono::Duration::from_std(kept).ok()?)
}

/// Returns the number of jobs deleted, and of batches that had none.
async fn delete_ended<S>(shared: &Shared<S>, cutoff: DateTime<Utc>) -> anyhow::Result<(usize, usize)> {
    let (mut jobs, mut batches) = (0, 0);
    loop {
        let mut conn = shared.pool.system().await?;
        let ended = queue::delete_ended(&mut conn, cutoff, DELETE_BATCH).await?;
        let bare = batches::delete_ended(&mut conn, cutoff, DELETE_BATCH).await?;
        conn.commit().await?;
        jobs += ended;
        batches += bare;
        if ended + bare == 0 {
            return Ok((jobs, batches));
        }
        tokio::time::sleep(BETWEEN_DELETIONS).await;
    }
}

/// Rows that are kept for a time.
#[derive(Clone, Copy)]
enum Old {
    Events,
    Deliveries,
    Requests,
    Changes,
    Runs,
}

impl Old {
    const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Deliveries => "deliveries of events",
            Self::Requests => "entries of what is posted for requests",
            Self::Changes => "differences between scans",
            Self::Runs => "runs of schedules",
        }
    }
}

/// Returns the number of rows deleted.
async fn delete_old<S>(shared: &Shared<S>, what: Old, cutoff: DateTime<Utc>) -> anyhow::Result<usize> {
    let mut deleted = 0;
    loop {
        let mut conn = shared.pool.system().await?;
        let old = match what {
            Old::Events => events::delete_old(&mut conn, cutoff, DELETE_BATCH).await?,
            Old::Deliveries => webhook_deliveries::delete_old(&mut conn, cutoff, DELETE_BATCH).await?,
            Old::Requests => requests::delete_old(&mut conn, cutoff, DELETE_BATCH).await?,
            Old::Changes => domain_changes::delete_old(&mut conn, cutoff, DELETE_BATCH).await?,
            Old::Runs => schedule_runs::delete_old(&mut conn, cutoff, DELETE_BATCH).await?,
        };
        conn.commit().await?;
        deleted += old;
        if old == 0 {
            return Ok(deleted);
        }
        tokio::time::sleep(BETWEEN_DELETIONS).await;
    }
}
