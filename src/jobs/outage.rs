//! What is done while the database is away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::RngExt;

/// Whether the database is away, so that it is said once and not at every attempt.
#[derive(Debug, Default)]
pub(super) struct Outage(AtomicBool);

impl Outage {
    /// Takes note of a failure.
    pub(super) fn failed(&self, while_doing: &str, error: &dyn std::fmt::Display) {
        if self.0.swap(true, Ordering::Relaxed) {
            log::debug!("{while_doing} failed again: {error}");
        } else {
            log::warn!("{while_doing} failed, and is tried until it works: {error}");
        }
    }

    /// Takes note of a success.
    pub(super) fn succeeded(&self) {
        // Read first: it is nearly always false, and shared by all workers.
        if self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Relaxed) {
            log::info!("the database answers again");
        }
    }
}

/// The pauses between attempts to reach the database: from 50 ms, doubling to 5 s, each a random
/// part of that, so that many workers do not come back all at once.
#[derive(Debug)]
pub(super) struct Pauses(Duration);

impl Pauses {
    pub(super) fn new() -> Self {
        Self(Duration::from_millis(50))
    }

    pub(super) async fn pause(&mut self) {
        const LONGEST: Duration = Duration::from_secs(5);
        let pause = spread(self.0, 0.5, 1.0);
        self.0 = (self.0 * 2).min(LONGEST);
        tokio::time::sleep(pause).await;
    }
}

/// Returns a random time between these two parts of `time`.
pub(super) fn spread(time: Duration, least: f64, most: f64) -> Duration {
    time.mul_f64(rand::rng().random_range(least..=most))
}
