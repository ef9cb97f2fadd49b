//! The runner: claims jobs and runs them until shutdown.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use database::models::job::Job;
use database::pool::Pool;
use database::repo::jobs::queue::Lease;
use database::url::DatabaseUrl;
use tokio::task::JoinSet;

use super::hold::{Hold, Stop};
use super::outage::{Pauses, spread};
use super::shared::{Claimed, STOP_TIMEOUT, Shared};
use super::{Registry, Room, RunnerStats, StatsSnapshot, Waker, attempt, notify, upkeep};
use crate::settings::{InvalidSettings, JobsConfig};

/// A worker that runs jobs of its registered kinds, of every tenant, several at a time.
///
/// Any number of runners, in any number of processes, share one database. Claims alternate between
/// tenants.
#[derive(Debug)]
pub struct Runner<S> {
    shared: Arc<Shared<S>>,
    listen: Option<DatabaseUrl>,
}

impl<S: Send + Sync + 'static> Runner<S> {
    /// Creates a runner, which is idle until [`run`](Self::run).
    ///
    /// `pool` should not be shared with a server: a heartbeat that waits behind requests for longer than a lease loses
    /// its jobs.
    ///
    /// # Errors
    ///
    /// Returns an error if the values of `config` contradict each other.
    pub fn new(
        pool: Pool,
        registry: Registry<S>,
        services: Arc<S>,
        config: JobsConfig,
    ) -> Result<Self, InvalidSettings> {
        config.validate()?;
        let shared = Arc::new(Shared::new(pool, registry, services, config));
        Ok(Self { shared, listen: None })
    }

    /// Also listens for notifications, in a separate session at `direct`, which must not be a pooler.
    #[must_use]
    pub fn listening_at(mut self, direct: DatabaseUrl) -> Self {
        self.listen = Some(direct);
        self
    }

    /// Claims no jobs while the database has no room for more, and lets jobs ask for it. Without this call there always
    /// is room.
    #[must_use]
    pub fn watching(self, room: Room) -> Self {
        self.shared.watch(room);
        self
    }

    /// Returns the counts of this runner.
    #[must_use]
    pub fn stats(&self) -> RunnerStats {
        self.shared.stats.clone()
    }

    /// Returns the services that its jobs share.
    #[must_use]
    pub fn services(&self) -> &S {
        &self.shared.services
    }

    /// Returns a waker for this runner and, by notifications, all others.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker::with_local(self.shared.pool.clone(), Arc::clone(&self.shared.wake))
    }

    /// Returns the worker's name in the jobs' rows: host, process id and a random part.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Runs jobs until `shutdown` completes. Then it claims no more jobs, lets running ones end during the grace
    /// period, and hands the rest back, so that other workers can claim them at once.
    ///
    /// It waits while the database is unavailable. If the future is dropped, all work ends at once and the jobs wait
    /// for the sweep, as if the process had been killed.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let shared = &self.shared;
        log::info!(
            "worker {} started: {} jobs at a time, kinds {}",
            shared.name,
            shared.config.workers,
            shared.registry.kinds().join(", ")
        );
        let mut upkeep = JoinSet::new();
        upkeep.spawn(upkeep::heartbeat(Arc::clone(shared)));
        upkeep.spawn(upkeep::sweep(Arc::clone(shared)));
        upkeep.spawn(upkeep::note_batches(Arc::clone(shared)));
        upkeep.spawn(upkeep::retention(Arc::clone(shared)));
        if let Some(url) = self.listen {
            let wake = Arc::clone(&shared.wake);
            upkeep.spawn(async move { notify::listen(&url, &wake).await });
        }
        let mut jobs = JoinSet::new();
        let unbegun = work_until(shared, &mut jobs, shutdown).await;
        log::info!("worker {} stopping: {} jobs running", shared.name, jobs.len());
        // The heartbeat continues meanwhile.
        let handed_back = wind_down(shared, &mut jobs, unbegun).await;
        let StatsSnapshot {
            completed,
            failed,
            cancelled,
            ..
        } = shared.stats.snapshot();
        log::info!(
            "worker {} stopped: {completed} jobs completed, {failed} failed, {cancelled} cancelled, {handed_back} handed back",
            shared.name
        );
    }
}

/// Claims and starts jobs until `shutdown` completes. Returns the leases of jobs claimed but not started.
async fn work_until<S: Send + Sync + 'static>(
    shared: &Arc<Shared<S>>,
    jobs: &mut JoinSet<Option<Lease>>,
    shutdown: impl Future<Output = ()>,
) -> Vec<Lease> {
    let mut shutdown = pin!(shutdown);
    let mut pauses = Pauses::new();
    loop {
        while jobs.try_join_next().is_some() {}
        let free = shared.config.workers.saturating_sub(jobs.len());
        if free == 0 || shared.registry.kinds().is_empty() {
            tokio::select! {
                biased;
                () = &mut shutdown => return Vec::new(),
                Some(_) = jobs.join_next() => {}
            }
            continue;
        }
        if let Some(shortage) = shared.room().shortage() {
            shared.waits_for_room(Some(shortage.as_str()));
            tokio::select! {
                biased;
                () = &mut shutdown => return Vec::new(),
                () = tokio::time::sleep(spread(shared.config.poll, 0.75, 1.25)) => {}
            }
            continue;
        }
        shared.waits_for_room(None);
        let mut claim = pin!(shared.claim(free));
        let claimed = tokio::select! {
            biased;
            () = &mut shutdown => {
                // The claim may already be committed: its jobs are handed back.
                let claimed = tokio::time::timeout(STOP_TIMEOUT, claim).await;
                let jobs = claimed.ok().and_then(Result::ok).map(|claimed| claimed.jobs).unwrap_or_default();
                return jobs.iter().filter_map(lease_of).collect();
            }
            claimed = &mut claim => claimed,
        };
        match claimed {
            Ok(claimed) => {
                shared.outage.succeeded();
                pauses = Pauses::new();
                if !claimed.jobs.is_empty() {
                    // More jobs may be pending, since a claim takes only each tenant's share.
                    begin(shared, jobs, claimed);
                    continue;
                }
                tokio::select! {
                    biased;
                    () = &mut shutdown => return Vec::new(),
                    () = shared.wake.notified() => {}
                    () = tokio::time::sleep(spread(shared.config.poll, 0.75, 1.25)) => {}
                }
            }
            Err(error) => {
                shared.outage.failed("claiming jobs", &format_args!("{error:#}"));
                tokio::select! {
                    biased;
                    () = &mut shutdown => return Vec::new(),
                    () = pauses.pause() => {}
                }
            }
        }
    }
}

fn begin<S: Send + Sync + 'static>(shared: &Arc<Shared<S>>, jobs: &mut JoinSet<Option<Lease>>, claimed: Claimed) {
    let Claimed { jobs: rows, asked } = claimed;
    for job in rows {
        // A running job always has a token.
        let Some(lease) = lease_of(&job) else { continue };
        let hold = Arc::new(Hold::new(lease, job.tenant_id, asked + shared.config.lease));
        shared.stats.count(|counts| &counts.claimed);
        jobs.spawn(attempt::work(Arc::clone(shared), job, hold, asked));
    }
}

/// Lets running jobs end during the grace period, then stops them and hands them back together with
/// those never started. Returns how many were handed back.
async fn wind_down<S: Send + Sync + 'static>(
    shared: &Shared<S>,
    jobs: &mut JoinSet<Option<Lease>>,
    unbegun: Vec<Lease>,
) -> usize {
    let handed_back = shared.release(&unbegun).await;
    let ended = async { while jobs.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(shared.config.grace, ended).await;
    for hold in shared.running().values() {
        hold.stop(Stop::Shutdown);
    }
    let mut leases = Vec::new();
    let stopped = async {
        while let Some(ended) = jobs.join_next().await {
            leases.extend(ended.ok().flatten());
        }
    };
    // A job that never awaits cannot be stopped; its lease will end.
    let _ = tokio::time::timeout(STOP_TIMEOUT, stopped).await;
    handed_back + shared.release(&leases).await
}

fn lease_of(job: &Job) -> Option<Lease> {
    let token = job.lease_token?;
    Some(Lease {
        job_id: job.job_id,
        token,
    })
}
