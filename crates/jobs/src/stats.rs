//! Counts of a runner's work.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

/// The upper bounds of the classes of durations of attempts, in seconds.
const CLASSES: [f64; 9] = [0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

/// The labels of durations: the kind of the job, which is one of those that the program knows.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct OfKind {
    kind: String,
}

/// Durations of attempts by the kind of the job, in seconds; clones share them.
pub type Durations = Family<OfKind, Histogram, fn() -> Histogram>;

/// The counts of a [`Runner`](super::Runner); clones read the same ones.
#[derive(Clone, Debug, Default)]
pub struct RunnerStats(Arc<Counts>);

#[derive(Debug)]
pub(super) struct Counts {
    pub(super) running: AtomicU64,
    pub(super) claimed: AtomicU64,
    pub(super) completed: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) retried: AtomicU64,
    pub(super) cancelled: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) released: AtomicU64,
    /// The last heartbeat, in seconds since 1970; 0 before the first one.
    beat: AtomicI64,
    durations: Durations,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            running: AtomicU64::default(),
            claimed: AtomicU64::default(),
            completed: AtomicU64::default(),
            failed: AtomicU64::default(),
            retried: AtomicU64::default(),
            cancelled: AtomicU64::default(),
            lost: AtomicU64::default(),
            released: AtomicU64::default(),
            beat: AtomicI64::default(),
            durations: Family::new_with_constructor(|| Histogram::new(CLASSES)),
        }
    }
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

    /// Returns how long attempts took that were not interrupted.
    #[must_use]
    pub fn durations(&self) -> Durations {
        self.0.durations.clone()
    }

    /// Returns when the leases of running jobs were last extended, or would have been if jobs ran.
    #[must_use]
    pub fn last_beat(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.0.beat.load(Ordering::Relaxed), 0).filter(|at| at.timestamp() > 0)
    }

    pub(super) fn note_beat(&self) {
        self.0.beat.store(Utc::now().timestamp(), Ordering::Relaxed);
    }

    pub(super) fn note_duration(&self, kind: &str, took: Duration) {
        let kind = kind.to_owned();
        self.0
            .durations
            .get_or_create(&OfKind { kind })
            .observe(took.as_secs_f64());
    }

    pub(super) fn count(&self, which: impl FnOnce(&Counts) -> &AtomicU64) {
        which(&self.0).fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.0
    }
}
