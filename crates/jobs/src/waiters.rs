//! Waiting for the end of jobs and batches.
//!
//! One task per process asks the database about everything that is waited for, in one statement, and only while somebody
//! waits. A waiter holds no connection.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use database::ids::{BatchId, JobId, TenantId};
use database::pool::Pool;
use database::repo::jobs::waiting;
use tokio::sync::oneshot;
use uuid::Uuid;

/// The time between two looks at what is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Maximum number of waiters of a process.
const MAX_WAITERS: usize = 1000;
/// Maximum number of waiters of one tenant.
const MAX_WAITERS_OF_TENANT: usize = 250;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// The end of a job.
    Job(JobId),
    /// The end of all jobs of a batch.
    Batch(BatchId),
}

impl Awaited {
    fn id(self) -> Uuid {
        match self {
            Self::Job(id) => id.get(),
            Self::Batch(id) => id.get(),
        }
    }
}

/// No more waiters are admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests wait already: send it without `wait`, or try again later")]
pub struct TooManyWaiters;

/// Those who wait for jobs and batches; clones share them.
#[derive(Clone)]
pub struct Waiters(Arc<Inner>);

struct Inner {
    pool: Pool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiters: HashMap<u64, Waiter>,
    next: u64,
    is_looking: bool,
}

struct Waiter {
    tenant: TenantId,
    awaited: Awaited,
    ended: oneshot::Sender<()>,
}

/// A place among the waiters, which is given back when it is dropped.
struct Place<'a> {
    inner: &'a Inner,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.inner.state().waiters.remove(&self.number);
    }
}

impl Waiters {
    /// Creates waiters that ask through `pool`.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self(Arc::new(Inner {
            pool,
            state: Mutex::default(),
        }))
    }

    /// Waits for the end of a job or batch of `tenant`, at most for `time`; returns whether it ended.
    ///
    /// The end is noticed within a quarter of a second. What does not exist has ended.
    ///
    /// # Errors
    ///
    /// [`TooManyWaiters`] if the process, or the tenant, has as many as are admitted.
    pub async fn wait(&self, tenant: TenantId, awaited: Awaited, time: Duration) -> Result<bool, TooManyWaiters> {
        let (ended, end) = oneshot::channel();
        let waiter = Waiter { tenant, awaited, ended };
        let (number, begins) = self.0.admit(waiter).ok_or(TooManyWaiters)?;
        let _place = Place { inner: &self.0, number };
        if begins {
            let inner = Arc::clone(&self.0);
            tokio::spawn(async move { inner.look().await });
        }
        Ok(tokio::time::timeout(time, end).await.is_ok_and(|end| end.is_ok()))
    }

    /// Returns how many wait.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.state().waiters.len()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a waiter, and returns its number and whether nobody looks yet; `None` if there are too many.
    fn admit(&self, waiter: Waiter) -> Option<(u64, bool)> {
        let mut state = self.state();
        let of_tenant = state.waiters.values().filter(|other| other.tenant == waiter.tenant);
        if state.waiters.len() >= MAX_WAITERS || of_tenant.count() >= MAX_WAITERS_OF_TENANT {
            return None;
        }
        let number = state.next;
        state.next += 1;
        state.waiters.insert(number, waiter);
        let begins = !std::mem::replace(&mut state.is_looking, true);
        Some((number, begins))
    }

    /// Looks at what is waited for until nobody waits.
    async fn look(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let (jobs, batches) = {
                let mut state = self.state();
                if state.waiters.is_empty() {
                    state.is_looking = false;
                    return;
                }
                awaited_by(&state)
            };
            match self.list_ended(&jobs, &batches).await {
                Ok(ended) => self.tell(&ended),
                // Waiters get what they read themselves when their time is over.
                Err(error) => log::debug!("looking for ended jobs failed: {error:#}"),
            }
        }
    }

    async fn list_ended(
        &self,
        jobs: &[(TenantId, JobId)],
        batches: &[(TenantId, BatchId)],
    ) -> anyhow::Result<HashSet<Uuid>> {
        let mut conn = self.pool.system().await?;
        Ok(waiting::list_ended(&mut conn, jobs, batches)
            .await?
            .into_iter()
            .collect())
    }

    fn tell(&self, ended: &HashSet<Uuid>) {
        let mut state = self.state();
        let numbers: Vec<u64> = state
            .waiters
            .iter()
            .filter(|(_, waiter)| ended.contains(&waiter.awaited.id()))
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            if let Some(waiter) = state.waiters.remove(&number) {
                // Whoever left has heard enough.
                let _ = waiter.ended.send(());
            }
        }
    }
}

/// Ids with their tenants.
type Owned<T> = Vec<(TenantId, T)>;

/// Returns the jobs and batches that are waited for, each once.
fn awaited_by(state: &State) -> (Owned<JobId>, Owned<BatchId>) {
    let all: HashSet<(TenantId, Awaited)> = state
        .waiters
        .values()
        .map(|waiter| (waiter.tenant, waiter.awaited))
        .collect();
    let (mut jobs, mut batches) = (Vec::new(), Vec::new());
    for (tenant, awaited) in all {
        match awaited {
            Awaited::Job(id) => jobs.push((tenant, id)),
            Awaited::Batch(id) => batches.push((tenant, id)),
        }
    }
    (jobs, batches)
}

impl fmt::Debug for Waiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waiters").field(&self.count()).finish()
    }
}
