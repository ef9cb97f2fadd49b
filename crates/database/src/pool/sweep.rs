//! Closing connections that must not stay in the pool.

use std::sync::atomic::Ordering;
use std::time::Duration;

use deadpool::managed::{Pool, WeakPool};

use super::opener::Opener;

/// How long a connection beyond the base is kept for the next borrower.
const SPARE_FOR: Duration = Duration::from_secs(5);

/// Closes connections that must not stay: condemned ones, and those beyond the base that nobody needed for a while.
///
/// The next borrower would reject a condemned connection anyway, but until then it would hold its transaction's locks. A
/// spare one is not closed at once: under load it would be opened anew a moment later, and prepare its statements again.
pub(super) struct Sweep {
    pub(super) pool: WeakPool<Opener>,
    pub(super) base: usize,
    pub(super) condemned: bool,
    pub(super) is_silent: bool,
}

impl Drop for Sweep {
    fn drop(&mut self) {
        let Some(pool) = self.pool.upgrade() else {
            return;
        };
        if self.is_silent {
            pool.manager().suspect_all();
        }
        if self.condemned {
            close_idle(&pool, self.base, SPARE_FOR);
        }
        if pool.status().available <= self.base || pool.manager().is_tended.swap(true, Ordering::AcqRel) {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(close_later(pool.weak(), self.base));
            }
            Err(_) => {
                close_idle(&pool, self.base, Duration::ZERO);
                pool.manager().is_tended.store(false, Ordering::Release);
            }
        }
    }
}

/// Closes spare connections as they have been idle for long enough, until there are none.
async fn close_later(pool: WeakPool<Opener>, base: usize) {
    loop {
        tokio::time::sleep(SPARE_FOR).await;
        let Some(pool) = pool.upgrade() else { return };
        close_idle(&pool, base, SPARE_FOR);
        if pool.status().available <= base {
            pool.manager().is_tended.store(false, Ordering::Release);
            return;
        }
    }
}

/// Closes condemned connections, and those beyond `base` that were last taken longer ago than `spare_for`.
fn close_idle(pool: &Pool<Opener>, base: usize, spare_for: Duration) {
    let status = pool.status();
    // The least recently used come first; those are closed.
    let spare = if status.waiting > 0 {
        0
    } else {
        status.available.saturating_sub(base)
    };
    let mut closed = 0;
    pool.retain(|connection, metrics| {
        let keep = connection.is_worth_keeping() && (closed >= spare || metrics.last_used() < spare_for);
        closed += usize::from(!keep);
        keep
    });
}
