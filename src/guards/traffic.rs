//! The requests in progress, and whether new ones should go elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rocket::fairing::{Fairing, Info, Kind};
use rocket::request::Request;
use rocket::{Data, Orbit, Rocket};
use tokio::time::Instant;

/// How often [`Traffic::idle_for`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The requests in progress, and whether the program is shutting down; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Traffic(Arc<State>);

#[derive(Debug, Default)]
struct State {
    in_progress: AtomicUsize,
    is_draining: AtomicBool,
}

/// Counted until the request has its whole answer.
struct InProgress(Traffic);

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.0.in_progress.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Traffic {
    /// Marks the program as shutting down.
    pub fn begin_draining(&self) {
        self.0.is_draining.store(true, Ordering::Release);
    }

    /// Returns whether the program is shutting down.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.0.is_draining.load(Ordering::Acquire)
    }

    /// Returns the number of requests in progress.
    #[must_use]
    pub fn in_progress(&self) -> usize {
        self.0.in_progress.load(Ordering::Acquire)
    }

    /// Waits until no request has been in progress for `pause`.
    pub async fn idle_for(&self, pause: Duration) {
        let mut idle_since = Instant::now();
        while idle_since.elapsed() < pause {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.in_progress() > 0 {
                idle_since = Instant::now();
            }
        }
    }
}

#[rocket::async_trait]
impl Fairing for Traffic {
    fn info(&self) -> Info {
        Info {
            name: "requests in progress",
            kind: Kind::Request | Kind::Shutdown,
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        // Dropped with the request, which lives until its body was handed over.
        request.local_cache(|| {
            self.0.in_progress.fetch_add(1, Ordering::AcqRel);
            InProgress(self.clone())
        });
    }

    async fn on_shutdown(&self, _: &Rocket<Orbit>) {
        self.begin_draining();
    }
}
