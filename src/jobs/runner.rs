//! The runner: claims jobs and works on them until it is asked to end.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::hold::{Hold, Stop};
use super::outage::{Outage, Pauses, spread};
use super::{Registry, RunnerStats, Waker, attempt, notify, upkeep};
use crate::config::{ConfigError, DatabaseUrl, JobsConfig};
use crate::db::pool::Pool;
use crate::models::job::Job;
use crate::repo::jobs::queue::{self, Lease};

/// How long the end of a process waits for the database: a claim on its way, leases to hand back.
/// What does not come through is found by the sweep.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A worker: so many jobs at a time, of the kinds it knows, of every tenant.
///
/// Any number of them, in any number of processes, work on one database. Claims take turns between
/// tenants.
#[derive(Debug)]
pub struct Runner<S> {
    shared: Arc<Shared<S>>,
    listen: Option<DatabaseUrl>,
}

/// What the runner's tasks share.
pub(super) struct Shared<S> {
    pub(super) pool: Pool,
    pub(super) registry: Registry<S>,
    pub(super) services: Arc<S>,
    pub(super) config: JobsConfig,
    pub(super) stats: RunnerStats,
    pub(super) outage: Outage,
    pub(super) wake: Arc<Notify>,
    /// One permit a core, for work that does not await.
    pub(super) cores: Arc<Semaphore>,
    name: String,
    running: Mutex<HashMap<Lease, Arc<Hold>>>,
}

/// Jobs just claimed, and when the database was asked for them.
struct Claimed {
    jobs: Vec<Job>,
    asked: Instant,
}

impl<S: Send + Sync + 'static> Runner<S> {
    /// Makes a runner. It does nothing until it is [run](Self::run).
    ///
    /// `pool` is better not a server's: a heartbeat that waits behind requests for longer than a lease
    /// loses jobs.
    ///
    /// # Errors
    ///
    /// When the numbers in `config` do not fit together.
    pub fn new(pool: Pool, registry: Registry<S>, services: Arc<S>, config: JobsConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shared = Arc::new(Shared {
            pool,
            registry,
            services,
            config,
            stats: RunnerStats::default(),
            outage: Outage::default(),
            wake: Arc::default(),
            cores: Arc::new(Semaphore::new(cores)),
            name: worker_name(),
            running: Mutex::default(),
        });
        Ok(Self { shared, listen: None })
    }

    /// Also listens for notifications on a session of its own at `direct`, which may be no pooler.
    #[must_use]
    pub fn listening_at(mut self, direct: DatabaseUrl) -> Self {
        self.listen = Some(direct);
        self
    }

    /// Returns the counts of this runner.
    #[must_use]
    pub fn stats(&self) -> RunnerStats {
        self.shared.stats.clone()
    }

    /// Returns what wakes this runner, and by notifications all others.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker::with_local(self.shared.pool.clone(), Arc::clone(&self.shared.wake))
    }

    /// Returns the name that the jobs' rows know this worker by: host, process, and a random part.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Works until `shutdown` ends. Then nothing more is claimed, running jobs get their grace, and
    /// what is left is handed back, to be claimed elsewhere at once.
    ///
    /// A database that is away is waited for. Dropped instead, all work ends at once and the jobs
    /// wait for the sweep, as if the process had been killed.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let shared = &self.shared;
        log::info!(
            "worker {} begins: {} jobs at a time of the kinds {}",
            shared.name,
            shared.config.workers,
            shared.registry.kinds().join(", ")
        );
        let mut upkeep = JoinSet::new();
        upkeep.spawn(upkeep::heartbeat(Arc::clone(shared)));
        upkeep.spawn(upkeep::sweep(Arc::clone(shared)));
        if let Some(kept) = shared.config.retention {
            upkeep.spawn(upkeep::retention(Arc::clone(shared), kept));
        }
        if let Some(url) = self.listen {
            let wake = Arc::clone(&shared.wake);
            upkeep.spawn(async move { notify::listen(&url, &wake).await });
        }
        let mut jobs = JoinSet::new();
        let unbegun = work_until(shared, &mut jobs, shutdown).await;
        log::info!("worker {} ends: {} jobs run", shared.name, jobs.len());
        // The heartbeat goes on meanwhile.
        let handed_back = wind_down(shared, &mut jobs, unbegun).await;
        log::info!("worker {} has ended; {handed_back} jobs were handed back", shared.name);
    }
}

/// Claims jobs and begins them, until `shutdown` ends. Returns what was claimed and not begun.
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
        let mut claim = pin!(shared.claim(free));
        let claimed = tokio::select! {
            biased;
            () = &mut shutdown => {
                // It may be committed already; its jobs are handed back.
                let claimed = tokio::time::timeout(LAST_WORDS, claim).await;
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
                    // There may be more: a claim offers each tenant its share only.
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

/// Lets running jobs end for the length of the grace, then stops them and hands them back together
/// with what was never begun. Returns how many were.
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
    // One that never awaits cannot be stopped; its lease runs out.
    let _ = tokio::time::timeout(LAST_WORDS, stopped).await;
    handed_back + shared.release(&leases).await
}

impl<S> Shared<S> {
    /// Returns the jobs at work, whose leases the heartbeat extends.
    pub(super) fn running(&self) -> MutexGuard<'_, HashMap<Lease, Arc<Hold>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn release(&self, leases: &[Lease]) -> usize {
        if leases.is_empty() {
            return 0;
        }
        let mut pauses = Pauses::new();
        let until_it_works = async {
            loop {
                match self.release_once(leases).await {
                    Ok(released) => return released,
                    Err(error) => self.outage.failed("handing jobs back", &format_args!("{error:#}")),
                }
                pauses.pause().await;
            }
        };
        let released = tokio::time::timeout(LAST_WORDS, until_it_works).await.unwrap_or(0);
        let count = u64::try_from(released).unwrap_or(u64::MAX);
        self.stats.counts().released.fetch_add(count, Ordering::Relaxed);
        released
    }

    async fn release_once(&self, leases: &[Lease]) -> anyhow::Result<usize> {
        let mut conn = self.pool.system().await?;
        let released = queue::release(&mut conn, leases).await?;
        // In the same transaction: who is told finds them.
        queue::notify(&mut conn).await?;
        conn.commit().await?;
        Ok(released)
    }
}

impl<S: Send + Sync + 'static> Shared<S> {
    async fn claim(&self, free: usize) -> anyhow::Result<Claimed> {
        // What takes longer than a lease claims nothing that could still be worked on.
        tokio::time::timeout(self.config.lease, self.claim_once(free)).await?
    }

    async fn claim_once(&self, free: usize) -> anyhow::Result<Claimed> {
        let mut conn = self.pool.system().await?;
        let asked = Instant::now();
        let limit = i64::try_from(free)?;
        let kinds = self.registry.kinds();
        let jobs = queue::claim(&mut conn, &self.name, &kinds, limit, self.config.lease).await?;
        if !jobs.is_empty() {
            conn.commit().await?;
        }
        Ok(Claimed { jobs, asked })
    }
}

impl<S> fmt::Debug for Shared<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("name", &self.name)
            .field("registry", &self.registry)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn lease_of(job: &Job) -> Option<Lease> {
    let token = job.lease_token?;
    Some(Lease {
        job_id: job.job_id,
        token,
    })
}

fn worker_name() -> String {
    let host = nix::unistd::gethostname()
        .ok()
        .and_then(|host| host.into_string().ok())
        .unwrap_or_else(|| "unknown".to_owned());
    format!("{host}:{}:{:08x}", std::process::id(), rand::random::<u32>())
}
