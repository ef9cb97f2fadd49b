//! Following the events of tenants as they happen.
//!
//! One task per process reads the events of all tenants that are followed, in one statement, and only while somebody follows.
//! A follower holds no connection.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use database::ids::TenantId;
use database::models::event::{Event, EventPosition};
use database::pool::Pool;
use database::repo::events;
use tokio::sync::{Notify, broadcast, watch};

/// The time between two looks for events.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Maximum number of events that are read at a time.
const MAX_READ: i64 = 1000;
/// How many looks with events a follower may be behind.
const MAX_BEHIND: usize = 64;
/// Maximum number of followers of a process.
const MAX_FOLLOWERS: usize = 1000;
/// Maximum number of followers of one tenant.
const MAX_FOLLOWERS_OF_TENANT: usize = 250;

/// No more followers are admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many streams of events are open: close one, or read the events as JSON")]
pub struct TooManyFollowers;

/// Those who follow events; clones share them.
#[derive(Clone)]
pub struct Followers(Arc<Inner>);

struct Inner {
    pool: Pool,
    state: Mutex<State>,
    /// Wakes the reader for a tenant that was not followed before.
    wake: Notify,
}

#[derive(Default)]
struct State {
    tenants: HashMap<TenantId, Followed>,
    is_reading: bool,
}

impl State {
    fn count(&self) -> usize {
        self.tenants.values().map(|followed| followed.followers).sum()
    }
}

/// A tenant that is followed.
struct Followed {
    followers: usize,
    events: broadcast::Sender<Arc<[Event]>>,
    /// The position from which on all events are sent, once the reader reads the tenant's.
    begun: watch::Sender<Option<EventPosition>>,
}

/// Somebody who follows the events of a tenant, until it is dropped.
pub struct Follower {
    inner: Arc<Inner>,
    tenant: TenantId,
    events: broadcast::Receiver<Arc<[Event]>>,
    begun: watch::Receiver<Option<EventPosition>>,
}

impl Followers {
    /// Creates followers that ask through `pool`.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self(Arc::new(Inner {
            pool,
            state: Mutex::default(),
            wake: Notify::new(),
        }))
    }

    /// Follows the events of a tenant.
    ///
    /// # Errors
    ///
    /// [`TooManyFollowers`] if the process, or the tenant, has as many as are admitted.
    pub fn follow(&self, tenant: TenantId) -> Result<Follower, TooManyFollowers> {
        let mut state = self.0.state();
        let of_tenant = state.tenants.get(&tenant).map_or(0, |followed| followed.followers);
        if state.count() >= MAX_FOLLOWERS || of_tenant >= MAX_FOLLOWERS_OF_TENANT {
            return Err(TooManyFollowers);
        }
        let followed = state.tenants.entry(tenant).or_insert_with(|| Followed {
            followers: 0,
            events: broadcast::Sender::new(MAX_BEHIND),
            begun: watch::Sender::new(None),
        });
        followed.followers += 1;
        let follower = Follower {
            inner: Arc::clone(&self.0),
            tenant,
            events: followed.events.subscribe(),
            begun: followed.begun.subscribe(),
        };
        if !std::mem::replace(&mut state.is_reading, true) {
            let inner = Arc::clone(&self.0);
            tokio::spawn(async move { inner.read().await });
        }
        drop(state);
        self.0.wake.notify_one();
        Ok(follower)
    }

    /// Returns how many follow.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.state().count()
    }
}

impl Follower {
    /// Waits until the reader reads the tenant's events, and returns the position from which on [`next`](Self::next) returns
    /// all of them. Whoever reads the events up to there from the database afterwards misses none.
    pub async fn begun(&mut self) -> Option<EventPosition> {
        let begun = self.begun.wait_for(Option::is_some).await.ok()?;
        *begun
    }

    /// Waits for further events, and returns them in order. `None` if the follower was too slow: some were dropped.
    pub async fn next(&mut self) -> Option<Arc<[Event]>> {
        self.events.recv().await.ok()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut state = self.inner.state();
        if let Some(followed) = state.tenants.get_mut(&self.tenant) {
            followed.followers -= 1;
            if followed.followers == 0 {
                state.tenants.remove(&self.tenant);
            }
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads and sends events until nobody follows.
    async fn read(&self) {
        let mut position = None;
        loop {
            let tenants: Vec<TenantId> = {
                let mut state = self.state();
                if state.tenants.is_empty() {
                    state.is_reading = false;
                    return;
                }
                state.tenants.keys().copied().collect()
            };
            match self.follow(&tenants, position).await {
                Ok((found, end)) => {
                    let is_full = i64::try_from(found.len()).is_ok_and(|count| count == MAX_READ);
                    position = Some(end);
                    self.send(&tenants, found, end);
                    if is_full {
                        continue;
                    }
                }
                // The next look begins at the same position.
                Err(error) => log::debug!("looking for events failed: {error:#}"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    async fn follow(
        &self,
        tenants: &[TenantId],
        position: Option<EventPosition>,
    ) -> anyhow::Result<(Vec<Event>, EventPosition)> {
        let mut conn = self.pool.system().await?;
        Ok(events::follow(&mut conn, tenants, position, MAX_READ).await?)
    }

    /// Sends the events of these tenants, which were read up to `end`.
    fn send(&self, tenants: &[TenantId], found: Vec<Event>, end: EventPosition) {
        let mut of_tenant: HashMap<TenantId, Vec<Event>> = HashMap::new();
        for event in found {
            of_tenant.entry(event.tenant_id).or_default().push(event);
        }
        let state = self.state();
        for tenant in tenants {
            let Some(followed) = state.tenants.get(tenant) else {
                continue;
            };
            if let Some(events) = of_tenant.remove(tenant) {
                // All may have left meanwhile.
                let _ = followed.events.send(events.into());
            }
            followed.begun.send_if_modified(|begun| begun.replace(end).is_none());
        }
    }
}

impl fmt::Debug for Followers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Followers").field(&self.count()).finish()
    }
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}
