//! Telling workers that jobs wait. It only shortens their poll, which works without.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use database::listen::Listener;
use database::pool::Pool;
use database::repo::jobs::queue;
use database::url::DatabaseUrl;
use tokio::sync::Notify;

use super::outage::Pauses;

/// How long notifications are at least apart: one costs as much as the job's row.
const INTERVAL: Duration = Duration::from_millis(100);

const IDLE: u8 = 0;
const AT_WORK: u8 = 1;
const ASKED_AGAIN: u8 = 2;

/// Wakes workers, in this process and in others, to look for jobs at once.
///
/// Clones share it. It is called after the commit that made the jobs, never before: a worker that
/// looks too early finds nothing.
#[derive(Clone)]
pub struct Waker(Arc<Inner>);

struct Inner {
    pool: Pool,
    here: Arc<Notify>,
    state: AtomicU8,
}

impl Waker {
    /// Makes a waker for a process without workers. Where there is a runner, its own serves.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self::with_local(pool, Arc::default())
    }

    pub(super) fn with_local(pool: Pool, here: Arc<Notify>) -> Self {
        Self(Arc::new(Inner {
            pool,
            here,
            state: AtomicU8::new(IDLE),
        }))
    }

    /// Wakes the workers, and does not wait for that. Calls within 100 ms become one notification;
    /// one that fails is not repeated.
    ///
    /// It needs a Tokio runtime; without one only the workers of this process are woken.
    pub fn wake(&self) {
        self.0.here.notify_one();
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let before = self.0.state.fetch_max(AT_WORK, Ordering::AcqRel);
        if before == IDLE {
            let inner = Arc::clone(&self.0);
            runtime.spawn(async move { inner.work().await });
        } else {
            // Lost only when the task ends right now: then it is tried as the first one.
            let again = self
                .0
                .state
                .compare_exchange(AT_WORK, ASKED_AGAIN, Ordering::AcqRel, Ordering::Acquire);
            if again == Err(IDLE) {
                self.wake();
            }
        }
    }
}

impl Inner {
    async fn work(&self) {
        loop {
            self.state.store(AT_WORK, Ordering::Release);
            if let Err(error) = self.notify().await {
                log::debug!("workers could not be notified, and find the jobs by themselves: {error:#}");
            }
            tokio::time::sleep(INTERVAL).await;
            let idle = self
                .state
                .compare_exchange(AT_WORK, IDLE, Ordering::AcqRel, Ordering::Acquire);
            if idle.is_ok() {
                return;
            }
        }
    }

    async fn notify(&self) -> anyhow::Result<()> {
        let mut conn = self.pool.system().await?;
        queue::notify(&mut conn).await?;
        conn.commit().await?;
        Ok(())
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waker").field(&self.0.state).finish()
    }
}

/// Passes notifications on, for ever.
pub(super) async fn listen(url: &DatabaseUrl, here: &Notify) {
    let mut pauses = Pauses::new();
    let mut is_told = false;
    loop {
        match Listener::connect(url, queue::CHANNEL).await {
            Ok(mut listener) => {
                (pauses, is_told) = (Pauses::new(), false);
                // What was said before it listened was not heard.
                here.notify_one();
                while listener.hear().await {
                    here.notify_one();
                }
                log::debug!("the session that listens for jobs ended");
            }
            Err(error) if !is_told => {
                is_told = true;
                log::warn!("new jobs are found by polling only, until listening for them works: {error}");
            }
            Err(error) => log::debug!("listening for jobs failed again: {error}"),
        }
        pauses.pause().await;
    }
}
