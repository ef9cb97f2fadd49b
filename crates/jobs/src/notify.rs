//! Notifications about new jobs. They only shorten the wait until workers poll; polling works without them.

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

/// Minimum time between notifications, since each costs as much as a job's row.
const INTERVAL: Duration = Duration::from_millis(100);

const IDLE: u8 = 0;
const AT_WORK: u8 = 1;
const ASKED_AGAIN: u8 = 2;

/// Wakes workers, in this process and in others, to look for jobs at once.
///
/// Clones share the same state. Call it after the commit that queued the jobs: a worker that looks earlier finds
/// nothing.
#[derive(Clone)]
pub struct Waker(Arc<Inner>);

struct Inner {
    pool: Pool,
    here: Arc<Notify>,
    state: AtomicU8,
}

impl Waker {
    /// Creates a waker for a process without workers. A process with a runner uses
    /// [`Runner::waker`](super::Runner::waker).
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

    /// Wakes the workers without waiting. Calls within 100 ms become one notification; a failed one
    /// is not retried.
    ///
    /// Without a Tokio runtime only the workers of this process are woken.
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
            // This fails if the task ends at this moment: then the call starts a new one.
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
                log::debug!("notifying workers failed, they find the jobs by polling: {error:#}");
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

/// Listens for notifications and wakes the runner, forever.
pub(super) async fn listen(url: &DatabaseUrl, here: &Notify) {
    let mut pauses = Pauses::new();
    let mut is_logged = false;
    loop {
        match Listener::connect(url, queue::CHANNEL).await {
            Ok(mut listener) => {
                (pauses, is_logged) = (Pauses::new(), false);
                // Notifications sent before listening began were missed.
                here.notify_one();
                while listener.hear().await {
                    here.notify_one();
                }
                log::debug!("the session that listened for jobs ended");
            }
            Err(error) if !is_logged => {
                is_logged = true;
                log::warn!("listening for jobs failed, workers poll until it succeeds: {error}");
            }
            Err(error) => log::debug!("listening for jobs failed again: {error}"),
        }
        pauses.pause().await;
    }
}
