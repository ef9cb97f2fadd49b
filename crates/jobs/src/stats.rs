//! Counts of a runner's work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of a [`Runner`](super::Runner); clones read the same ones.
#[derive(Clone, Debug, Default)]
pub struct RunnerStats(Arc<Counts>);

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) running: AtomicU64,
    pub(super) claimed: AtomicU64,
    pub(super) completed: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) released: AtomicU64,
}

/// The counts at one moment; all except `running` only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatsSnapshot {
    /// Jobs currently running.
    pub running: u64,
    /// Attempts started.
    pub claimed: u64,
    /// Jobs that completed.
    pub completed: u64,
    /// Jobs that ended as failed.
    pub failed: u64,
    /// Failed attempts that will be retried.
    pub retried: u64,
    /// Jobs cancelled while they ran.
    pub cancelled: u64,
    /// Jobs whose lease was lost.
    pub lost: u64,
    /// Jobs handed back at shutdown.
    pub released: u64,
}

impl RunnerStats {
    /// Reads the counts.
    #[must_use]
    pub fn snapshot(&self) -> StatsSnapshot {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.0;
        StatsSnapshot {
            running: read(&counts.running),
            claimed: read(&counts.claimed),
            completed: read(&counts.completed),
            failed: read(&counts.failed),
            retried: read(&counts.retried),
            cancelled: read(&counts.cancelled),
            lost: read(&counts.lost),
            released: read(&counts.released),
        }
    }

    pub(super) fn count(&self, which: impl FnOnce(&Counts) -> &AtomicU64) {
        which(&self.0).fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.0
    }
}
