//! One attempt at one job, from its claim to the record of its end.

use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use database::models::job::Job;
use database::repo::jobs::Failure;
use database::repo::jobs::queue::{self, Lease};
use database::repo::{QueryError, QueryResult};
use futures_util::FutureExt;
use tokio::time::Instant;

use super::context::trace_of;
use super::error::{JobError, Retry};
use super::hold::{Hold, Stop};
use super::outage::{Pauses, spread};
use super::shared::Shared;
use super::trace::Trace;
use super::{Finished, JobContext};

/// How an attempt ended.
enum Ended {
    Returned(Result<Finished, JobError>),
    Stopped(Stop),
}

/// The record of an attempt that did not complete its job.
enum Note<'a> {
    Failed(Failure<'a>),
    Cancelled,
}

/// Runs a claimed job as part of the trace of its request. Returns its lease if the job must be handed back.
pub(super) async fn work<S: Send + Sync + 'static>(
    shared: Arc<Shared<S>>,
    job: Job,
    hold: Arc<Hold>,
    claimed: Instant,
) -> Option<Lease> {
    Trace::scope(trace_of(&job), attempt(shared, job, hold, claimed)).await
}

async fn attempt<S: Send + Sync + 'static>(
    shared: Arc<Shared<S>>,
    job: Job,
    hold: Arc<Hold>,
    claimed: Instant,
) -> Option<Lease> {
    let _running = Running::begin(&shared, &hold);
    let ctx = JobContext::new(
        &job,
        Arc::clone(&hold),
        shared.pool.clone(),
        Arc::clone(&shared.services),
        Arc::clone(&shared.cores),
        shared.room().clone(),
    );
    let id = job.job_id;
    log::debug!(
        "job {id}: attempt {} of {} started ({})",
        job.attempts,
        job.max_attempts,
        job.kind
    );
    let ended = {
        let work = async {
            // Inside the future that catches panics, since parsing a payload runs the job's code as well.
            shared.registry.start(&job.kind, &job.payload, ctx)?.await
        };
        let work = AssertUnwindSafe(work).catch_unwind();
        // The work is polled first: once it has ended, a request to stop no longer matters.
        tokio::select! {
            biased;
            result = work => Ended::Returned(result.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))),
            stop = hold.stopped() => Ended::Stopped(stop),
        }
        // At this point the work is dropped, which rolls back an open transaction.
    };
    if matches!(ended, Ended::Returned(_)) {
        shared.stats.note_duration(&job.kind, claimed.elapsed());
    }
    match ended {
        Ended::Returned(Ok(Finished { outcome })) => {
            shared.outage.succeeded();
            shared.stats.count(|counts| &counts.completed);
            log_end(&job, claimed, format_args!("completed, {outcome}"));
        }
        Ended::Returned(Err(error)) if error.is_lease_lost() => lost(&shared, &hold),
        Ended::Returned(Err(error)) if !error.is_cancelled() => fail(&shared, &job, &hold, claimed, &error).await,
        Ended::Returned(Err(_)) | Ended::Stopped(Stop::Cancelled) => {
            if write(&shared, &hold, &Note::Cancelled).await {
                shared.stats.count(|counts| &counts.cancelled);
                log_end(&job, claimed, format_args!("cancelled"));
            }
        }
        Ended::Stopped(Stop::Lost) => lost(&shared, &hold),
        Ended::Stopped(Stop::Shutdown) => return Some(hold.lease),
    }
    None
}

/// Records that an attempt failed, and when the next one is due.
async fn fail<S>(shared: &Shared<S>, job: &Job, hold: &Hold, claimed: Instant, error: &JobError) {
    let (attempt, most) = (job.attempts, job.max_attempts);
    let delay = if attempt >= most && error.is_counted() {
        None
    } else {
        match error.when_retried() {
            Retry::Never => None,
            Retry::Later => Some(backoff(shared.config.retry_base, shared.config.retry_cap, attempt)),
            Retry::After(delay) => Some(delay),
        }
    };
    let failure = Failure {
        error: error.message(),
        outcome: error.outcome(),
        retry_at: delay.map(|delay| due(job, claimed, delay)),
        is_counted: error.is_counted(),
    };
    if !write(shared, hold, &Note::Failed(failure)).await {
        return;
    }
    match delay {
        Some(delay) => {
            shared.stats.count(|counts| &counts.retried);
            log::info!(
                "job {}: attempt {attempt} of {most} failed, next in {:.1} s: {error}",
                job.job_id,
                delay.as_secs_f64()
            );
        }
        None => {
            shared.stats.count(|counts| &counts.failed);
            log_end(job, claimed, format_args!("failed, {}: {error}", error.outcome()));
        }
    }
}

/// Writes the one line about a job that has ended.
fn log_end(job: &Job, claimed: Instant, how: fmt::Arguments<'_>) {
    let domain = job.domain_id.map(|id| format!(" of domain {id}")).unwrap_or_default();
    log::info!(
        "job {} ({}{domain}), attempt {} of {}, {:.2} s: {how}",
        job.job_id,
        job.kind,
        job.attempts,
        job.max_attempts,
        claimed.elapsed().as_secs_f64()
    );
}

/// Records how an attempt ended, retrying until the lease is lost. Returns whether it was recorded.
async fn write<S>(shared: &Shared<S>, hold: &Hold, note: &Note<'_>) -> bool {
    let mut pauses = Pauses::new();
    while hold.is_valid() {
        let once = async {
            let mut conn = shared.pool.tenant(hold.tenant).await?;
            let written: QueryResult<()> = match note {
                Note::Failed(failure) => queue::fail(&mut conn, hold.lease, failure).await,
                Note::Cancelled => queue::end_cancelled(&mut conn, hold.lease).await,
            };
            match written {
                Err(QueryError::NotFound) => return Err(JobError::lease_lost()),
                written => written?,
            }
            conn.commit().await?;
            Ok::<_, JobError>(())
        };
        match tokio::time::timeout(shared.config.lease, once).await {
            Ok(Ok(())) => {
                shared.outage.succeeded();
                return true;
            }
            Ok(Err(error)) if error.is_lease_lost() => break,
            Ok(Err(error)) => shared.outage.failed("recording the end of a job", &error),
            Err(late) => shared.outage.failed("recording the end of a job", &late),
        }
        pauses.pause().await;
    }
    lost(shared, hold);
    false
}

fn lost<S>(shared: &Shared<S>, hold: &Hold) {
    shared.stats.count(|counts| &counts.lost);
    log::warn!("job {}: lease lost, this attempt is not recorded", hold.lease.job_id);
}

fn panicked(panic: &(dyn Any + Send)) -> JobError {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    JobError::internal(anyhow::anyhow!("the job panicked: {message}"))
}

/// Returns the time after `delay` by the database's clock, which dated the claim.
fn due(job: &Job, claimed: Instant, delay: Duration) -> DateTime<Utc> {
    let begun = job.started_at.unwrap_or_else(Utc::now);
    // A time beyond the calendar's range becomes its end.
    chrono::Duration::from_std(claimed.elapsed() + delay)
        .ok()
        .and_then(|after| begun.checked_add_signed(after))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Returns a random wait of up to `base * 2^(attempt - 1)`, and never more than `cap`: exponential
/// backoff with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
fn backoff(base: Duration, cap: Duration, attempt: i32) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(31);
    let most = base.saturating_mul(1 << doublings).min(cap);
    spread(most, 0.0, 1.0)
}

/// Keeps a job in the list of running jobs, whose leases are extended, until it is dropped.
struct Running<'a, S> {
    shared: &'a Shared<S>,
    lease: Lease,
}

impl<'a, S> Running<'a, S> {
    fn begin(shared: &'a Shared<S>, hold: &Arc<Hold>) -> Self {
        shared.running().insert(hold.lease, Arc::clone(hold));
        shared.stats.counts().running.fetch_add(1, Ordering::Relaxed);
        Self {
            shared,
            lease: hold.lease,
        }
    }
}

impl<S> Drop for Running<'_, S> {
    fn drop(&mut self) {
        self.shared.running().remove(&self.lease);
        self.shared.stats.counts().running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_the_cap() {
        let (base, cap) = (Duration::from_secs(2), Duration::from_secs(10));
        let longest = |attempt| (0..1000).map(|_| backoff(base, cap, attempt)).max().unwrap_or_default();
        for (attempt, most) in [(1, 2), (2, 4), (3, 8), (4, 10), (40, 10), (i32::MAX, 10)] {
            let (most, longest) = (Duration::from_secs(most), longest(attempt));
            assert!(longest <= most && longest > most.mul_f64(0.9), "{attempt}: {longest:?}");
        }
    }
}
