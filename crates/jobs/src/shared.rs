//! State shared by the runner's tasks.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use database::models::job::Job;
use database::pool::Pool;
use database::repo::jobs::queue::{self, Lease};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;

use super::hold::Hold;
use super::outage::{Outage, Pauses};
use super::registry::Registry;
use super::room::Room;
use super::stats::RunnerStats;
use crate::settings::JobsConfig;

/// How long a shutdown waits for the database: for a claim in progress and for leases to hand back. The sweep finds
/// jobs that were not handed back in time.
pub(super) const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// State shared by the runner's tasks.
pub(super) struct Shared<S> {
    pub(super) pool: Pool,
    pub(super) registry: Registry<S>,
    pub(super) services: Arc<S>,
    pub(super) config: JobsConfig,
    pub(super) stats: RunnerStats,
    pub(super) outage: Outage,
    pub(super) wake: Arc<Notify>,
    /// One permit per core, for work that does not await.
    pub(super) cores: Arc<Semaphore>,
    pub(super) name: String,
    running: Mutex<HashMap<Lease, Arc<Hold>>>,
    room: OnceLock<Room>,
    /// Whether claims wait for room: logged once, not at every look.
    waits: AtomicBool,
}

/// Jobs just claimed, and the time of the query that claimed them.
pub(super) struct Claimed {
    pub(super) jobs: Vec<Job>,
    pub(super) asked: Instant,
}

impl<S> Shared<S> {
    pub(super) fn new(pool: Pool, registry: Registry<S>, services: Arc<S>, config: JobsConfig) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
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
            room: OnceLock::new(),
            waits: AtomicBool::new(false),
        }
    }

    /// Sets who tells whether there is room, before the runner runs.
    pub(super) fn watch(&self, room: Room) {
        let _ = self.room.set(room);
    }

    /// Returns who tells whether there is room.
    pub(super) fn room(&self) -> &Room {
        self.room.get_or_init(Room::default)
    }

    /// Notes whether claims wait for room.
    pub(super) fn waits_for_room(&self, shortage: Option<&str>) {
        if self.waits.swap(shortage.is_some(), Ordering::Relaxed) == shortage.is_some() {
            return;
        }
        match shortage {
            Some(shortage) => log::error!("no jobs are claimed: {shortage}"),
            None => log::info!("jobs are claimed again: the database has room"),
        }
    }

    /// Returns the running jobs, whose leases the heartbeat extends.
    pub(super) fn running(&self) -> MutexGuard<'_, HashMap<Lease, Arc<Hold>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn release(&self, leases: &[Lease]) -> usize {
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
        let released = tokio::time::timeout(STOP_TIMEOUT, until_it_works).await.unwrap_or(0);
        let count = u64::try_from(released).unwrap_or(u64::MAX);
        self.stats.counts().released.fetch_add(count, Ordering::Relaxed);
        released
    }

    async fn release_once(&self, leases: &[Lease]) -> anyhow::Result<usize> {
        let mut conn = self.pool.system().await?;
        let released = queue::release(&mut conn, leases).await?;
        // In the same transaction, so that notified workers find the jobs.
        queue::notify(&mut conn).await?;
        conn.commit().await?;
        Ok(released)
    }
}

impl<S: Send + Sync + 'static> Shared<S> {
    pub(super) async fn claim(&self, free: usize) -> anyhow::Result<Claimed> {
        // A claim that takes longer than a lease would return jobs whose lease has ended.
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

fn worker_name() -> String {
    let host = nix::unistd::gethostname()
        .ok()
        .and_then(|host| host.into_string().ok())
        .unwrap_or_else(|| "unknown".to_owned());
    format!("{host}:{}:{:08x}", std::process::id(), rand::random::<u32>())
}
