//! How many callers may wait for a connection, and how many connections one tenant may hold.
//!
//! Without it, requests of one tenant that hang (behind a lock, say) take every connection, and every other caller waits
//! behind them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::pool::PoolError;
use crate::ids::TenantId;

/// The number of tenants above which those that hold and want nothing are forgotten.
const MAX_IDLE: usize = 1024;

/// The queue for a pool's connections.
pub(crate) struct Admission {
    waiting: Arc<AtomicUsize>,
    max_waiting: usize,
    /// The most connections of one tenant: half of the pool.
    share: usize,
    gates: Mutex<HashMap<TenantId, Arc<Gate>>>,
}

/// A tenant's share of a pool.
struct Gate {
    waiting: Arc<AtomicUsize>,
    slots: Arc<Semaphore>,
}

/// A place in a queue, given up on drop.
pub(crate) struct Place {
    queue: Arc<AtomicUsize>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Admission {
    /// Lets at most `max_waiting` callers wait, half of them of one tenant, for a pool of `max` connections.
    pub(crate) fn new(max: usize, max_waiting: usize) -> Self {
        Self {
            waiting: Arc::default(),
            max_waiting,
            share: max.div_ceil(2),
            gates: Mutex::default(),
        }
    }

    /// Takes a place in the queue.
    ///
    /// # Errors
    ///
    /// [`PoolError::Busy`] if the queue is full.
    pub(crate) fn enter(&self) -> Result<Place, PoolError> {
        place(&self.waiting, self.max_waiting)
    }

    /// Waits until the tenant holds less than its share.
    ///
    /// # Errors
    ///
    /// [`PoolError::Busy`] if the tenant's half of the queue is full, [`PoolError::Timeout`] after `wait`.
    pub(crate) async fn share(&self, tenant: TenantId, wait: Duration) -> Result<OwnedSemaphorePermit, PoolError> {
        let gate = self.gate(tenant);
        let _place = place(&gate.waiting, self.max_waiting.div_ceil(2))?;
        let late = || PoolError::Timeout {
            waited: wait,
            max: self.share,
        };
        let slot = tokio::time::timeout(wait, Arc::clone(&gate.slots).acquire_owned());
        slot.await.map_err(|_| late())?.map_err(|_| PoolError::Closed)
    }

    fn gate(&self, tenant: TenantId) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if gates.len() > MAX_IDLE {
            // A connection's slot holds the semaphore.
            gates.retain(|_, gate| Arc::strong_count(gate) > 1 || Arc::strong_count(&gate.slots) > 1);
        }
        let gate = gates.entry(tenant).or_insert_with(|| {
            Arc::new(Gate {
                waiting: Arc::default(),
                slots: Arc::new(Semaphore::new(self.share)),
            })
        });
        Arc::clone(gate)
    }
}

fn place(queue: &Arc<AtomicUsize>, max: usize) -> Result<Place, PoolError> {
    let before = queue.fetch_add(1, Ordering::AcqRel);
    let place = Place {
        queue: Arc::clone(queue),
    };
    if before < max {
        Ok(place)
    } else {
        Err(PoolError::Busy { waiting: max })
    }
}
