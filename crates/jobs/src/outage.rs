//! Behaviour during a database outage.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::RngExt;

/// Whether the database is unavailable, so that an outage is logged once and not at every attempt.
#[derive(Debug, Default)]
pub(super) struct Outage(AtomicBool);

impl Outage {
    /// Records a failure of `action`.
    pub(super) fn failed(&self, action: &str, error: &dyn std::fmt::Display) {
        if self.0.swap(true, Ordering::Relaxed) {
            log::debug!("{action} failed again: {error}");
        } else {
            log::warn!("{action} failed, retrying until it succeeds: {error}");
        }
    }

    /// Records a success.
    pub(super) fn succeeded(&self) {
        // Read first, since it is nearly always false and shared by all workers.
        if self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Relaxed) {
            log::info!("the database answers again");
        }
    }
}

/// Pauses between attempts to reach the database: from 50 ms, doubling to 5 s, with jitter, so that many workers do not
/// reconnect at once.
#[derive(Debug)]
pub(super) struct Pauses(Duration);

impl Pauses {
    pub(super) fn new() -> Self {
        Self(Duration::from_millis(50))
    }

    pub(super) async fn pause(&mut self) {
        const MAX_PAUSE: Duration = Duration::from_secs(5);
        let pause = spread(self.0, 0.5, 1.0);
        self.0 = (self.0 * 2).min(MAX_PAUSE);
        tokio::time::sleep(pause).await;
    }
}

/// Returns a random duration between `time * least` and `time * most`.
pub(super) fn spread(time: Duration, least: f64, most: f64) -> Duration {
    time.mul_f64(rand::rng().random_range(least..=most))
}
