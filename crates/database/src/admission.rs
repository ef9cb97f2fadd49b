//! How many callers may wait for a connection, and how many connections one tenant may hold.
//!
//! Without it, requests of one tenant that hang (behind a lock, say) take every connection, and every other caller waits
//! behind them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

/// Why a caller gets no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many callers wait as may wait.
    Full {
        /// Their number.
        waiting: usize,
    },
    /// The tenant held its share for as long as a caller may wait.
    Late {
        /// The tenant's share.
        share: usize,
    },
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
    /// [`Refusal::Full`] if the queue is full.
    pub(crate) fn enter(&self) -> Result<Place, Refusal> {
        place(&self.waiting, self.max_waiting)
    }

    /// Waits until the tenant holds less than its share.
    ///
    /// # Errors
    ///
    /// [`Refusal::Full`] if the tenant's half of the queue is full, [`Refusal::Late`] after `wait`.
    pub(crate) async fn share(&self, tenant: TenantId, wait: Duration) -> Result<OwnedSemaphorePermit, Refusal> {
        let gate = self.gate(tenant);
        let _place = place(&gate.waiting, self.max_waiting.div_ceil(2))?;
        match tokio::time::timeout(wait, Arc::clone(&gate.slots).acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            // Nothing closes the semaphore.
            Ok(Err(_)) | Err(_) => Err(Refusal::Late { share: self.share }),
        }
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

fn place(queue: &Arc<AtomicUsize>, max: usize) -> Result<Place, Refusal> {
    let before = queue.fetch_add(1, Ordering::AcqRel);
    let place = Place {
        queue: Arc::clone(queue),
    };
    if before < max {
        Ok(place)
    } else {
        Err(Refusal::Full { waiting: max })
    }
}
