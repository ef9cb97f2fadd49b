//! Requests that this process took from the windows of rate limits in advance.
//!
//! The database holds one count per window, which all processes share. A process takes as many requests at once as it used in the
//! last moments, and at most a small part of what is left, so that little is lost with a process that dies and small limits
//! are exact. It takes more before they are used up, and gives back what is not used.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use database::ids::TenantId;
use database::models::enums::RateKind;
use database::pool::Pool;
use database::repo::rate_windows::{self, Taken};
use moka::sync::Cache;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::error::{ApiError, ApiResult, whole_seconds};

/// The part of the requests left in a window that one process takes at most, beyond those that wait.
const PART: i32 = 32;
/// A lease that lasts shorter is doubled; one that lasts longer than [`IDLE`] starts small again.
const QUICK: Duration = Duration::from_millis(500);
/// How long a lease is kept without being used, and how long a full window is believed to stay full.
const IDLE: Duration = Duration::from_secs(1);
/// Maximum number of leases in memory; beyond it the least used are evicted, and what they hold is lost.
const MAX_LEASES: u64 = 20_000;
/// How often a tenant's old windows are deleted.
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);

/// The subject of a window: a caller, or with the nil UUID the tenant as a whole.
pub(super) type Subject = (TenantId, RateKind, Uuid);

/// How a window stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Standing {
    /// How many requests are left, as far as this process knows.
    pub(super) left: i32,
    /// Seconds until the window ends.
    pub(super) ends_in: u64,
}

/// The reason that a request was not counted.
#[derive(Clone, Debug)]
pub(super) enum Denied {
    /// The window is full.
    Full(Standing),
    /// The database did not answer in time.
    Unavailable(String),
    /// The database failed.
    Internal(String),
}

/// The leases of this process; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Leases {
    leases: Cache<Subject, Arc<Lease>>,
    tidied: Cache<TenantId, ()>,
}

#[derive(Debug)]
pub(super) struct Lease {
    subject: Subject,
    state: Mutex<State>,
}

/// The window that a lease is of.
#[derive(Clone, Copy, Debug)]
struct Window {
    started_at: DateTime<Utc>,
    ends: Instant,
    limit: i32,
    /// Taken by all processes, as far as this one knows.
    used: i32,
    asked: Instant,
}

#[derive(Debug)]
struct State {
    window: Option<Window>,
    /// Taken and not used.
    tokens: i32,
    /// How many to take the next time.
    chunk: i32,
    last_used: Instant,
    is_taking: bool,
    waiting: Vec<oneshot::Sender<Result<Standing, Denied>>>,
}

impl State {
    /// Forgets a window that has ended, or had another limit.
    fn turn_to(&mut self, limit: i32, now: Instant) {
        if self
            .window
            .is_some_and(|window| window.ends <= now || window.limit != limit)
        {
            self.window = None;
            self.tokens = 0;
        }
    }

    fn standing(&self, now: Instant) -> Standing {
        let (left, ends) = self.window.map_or((0, now), |window| {
            (window.limit - window.used + self.tokens, window.ends)
        });
        Standing {
            left: left.max(0),
            ends_in: whole_seconds(ends.saturating_duration_since(now).as_secs_f64()),
        }
    }

    /// Returns whether the database said a moment ago that nothing is left.
    fn is_full(&self, now: Instant) -> bool {
        let is_full = |window: Window| window.used >= window.limit && now.duration_since(window.asked) < IDLE;
        self.tokens == 0 && self.window.is_some_and(is_full)
    }

    /// Returns whether half of what was taken in advance is used, and there may be more.
    fn is_low(&self) -> bool {
        let left = self.window.map_or(0, |window| window.limit - window.used);
        self.tokens < share(left, 0, self.chunk) / 2
    }

    fn use_one(&mut self, now: Instant) -> Option<Standing> {
        (self.tokens > 0).then(|| {
            self.tokens -= 1;
            self.last_used = now;
            self.standing(now)
        })
    }

    fn store(&mut self, taken: Taken, limit: i32, now: Instant) {
        let lasted = self.window.map(|window| now.duration_since(window.asked));
        self.chunk = match lasted {
            Some(lasted) if lasted < QUICK => self.chunk.saturating_mul(2),
            Some(lasted) if lasted < IDLE * 2 => self.chunk,
            _ => 1,
        };
        if self.window.is_none_or(|window| window.started_at != taken.started_at) {
            self.tokens = 0;
        }
        self.tokens += taken.count;
        self.window = Some(Window {
            started_at: taken.started_at,
            ends: now + Duration::from_secs_f64(taken.ends_in.clamp(0.0, 60.0)),
            limit,
            used: taken.used,
            asked: now,
        });
    }

    /// Answers the waiting requests, as far as the tokens go or the window is full.
    fn answer(&mut self, now: Instant) {
        for waiting in std::mem::take(&mut self.waiting) {
            match self.use_one(now) {
                // A request that was given up used nothing.
                Some(standing) => self.tokens += i32::from(waiting.send(Ok(standing)).is_err()),
                None if self.is_full(now) => drop(waiting.send(Err(Denied::Full(self.standing(now))))),
                None => self.waiting.push(waiting),
            }
        }
    }
}

/// Returns how many requests to take of those `left`: for each that waits, and `chunk` in advance if that is a small part.
fn share(left: i32, waiting: i32, chunk: i32) -> i32 {
    left.min(waiting.max(chunk.min(left / PART)))
}

impl Lease {
    fn new(subject: Subject) -> Self {
        Self {
            subject,
            state: Mutex::new(State {
                window: None,
                tokens: 0,
                chunk: 1,
                last_used: Instant::now(),
                is_taking: false,
                waiting: Vec::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a request back that was refused for another reason.
    pub(super) fn put_back(&self) {
        let mut state = self.state();
        state.tokens += i32::from(state.window.is_some());
    }
}

impl Leases {
    pub(super) fn new() -> Self {
        Self {
            leases: Cache::builder().max_capacity(MAX_LEASES).build(),
            tidied: Cache::builder()
                .max_capacity(MAX_LEASES)
                .time_to_live(TIDY_EVERY)
                .build(),
        }
    }

    pub(super) fn of(&self, subject: Subject) -> Arc<Lease> {
        self.leases.get_with(subject, || Arc::new(Lease::new(subject)))
    }

    /// Takes a request of a lease, from the database if the lease is used up. Requests that wait do so together.
    pub(super) async fn take_one(&self, lease: &Arc<Lease>, pool: &Pool, limit: i32) -> Result<Standing, Denied> {
        let (answer, wait) = {
            let mut state = lease.state();
            let now = Instant::now();
            state.turn_to(limit, now);
            if state.is_full(now) {
                return Err(Denied::Full(state.standing(now)));
            }
            let answer = state.use_one(now);
            let is_low = state.is_low();
            let (tell, wait) = oneshot::channel();
            if answer.is_none() {
                state.waiting.push(tell);
            }
            if (answer.is_none() || is_low) && !std::mem::replace(&mut state.is_taking, true) {
                // Of its own, so that a request that is given up does not end it.
                tokio::spawn(self.clone().refill(Arc::clone(lease), pool.clone(), limit));
            }
            (answer, wait)
        };
        match answer {
            Some(standing) => Ok(standing),
            None => wait
                .await
                .unwrap_or_else(|_| Err(Denied::Unavailable("the program is shutting down".to_owned()))),
        }
    }

    /// Asks the database until no request waits.
    async fn refill(self, lease: Arc<Lease>, pool: Pool, limit: i32) {
        loop {
            let (waiting, chunk) = {
                let state = lease.state();
                (i32::try_from(state.waiting.len()).unwrap_or(i32::MAX), state.chunk)
            };
            let taken = self
                .take(&lease, &pool, limit, |left| share(left, waiting, chunk))
                .await;
            let mut state = lease.state();
            let now = Instant::now();
            match taken {
                Ok(taken) => {
                    state.store(taken, limit, now);
                    state.answer(now);
                }
                Err(error) => {
                    let denied = match error {
                        ApiError::Unavailable(reason) => Denied::Unavailable(reason),
                        other => Denied::Internal(other.to_string()),
                    };
                    for waiting in std::mem::take(&mut state.waiting) {
                        let _ = waiting.send(Err(denied.clone()));
                    }
                }
            }
            if state.waiting.is_empty() {
                state.is_taking = false;
                return;
            }
        }
    }

    async fn take(&self, lease: &Lease, pool: &Pool, limit: i32, share: impl FnOnce(i32) -> i32) -> ApiResult<Taken> {
        let (tenant, kind, caller) = lease.subject;
        let mut conn = pool.tenant(tenant).await?;
        if self.tidied.get(&tenant).is_none() {
            self.tidied.insert(tenant, ());
            rate_windows::delete_ended(&mut conn).await?;
        }
        let taken = rate_windows::take(&mut conn, kind, caller, limit, share).await?;
        conn.commit().await?;
        Ok(taken)
    }

    /// Gives back what idle leases hold, again and again.
    pub(super) async fn tend(self, pool: Pool) {
        loop {
            tokio::time::sleep(IDLE).await;
            self.give_back(&pool, IDLE).await;
        }
    }

    /// Gives back what leases hold that were not used for `idle`. What cannot be given back is lost when its window ends.
    pub(super) async fn give_back(&self, pool: &Pool, idle: Duration) {
        for (_, lease) in &self.leases {
            let held = {
                let mut state = lease.state();
                let now = Instant::now();
                let is_idle = now.duration_since(state.last_used) >= idle && !state.is_taking;
                let window = state.window.filter(|window| window.ends > now && is_idle);
                window.map(|window| (window.started_at, std::mem::take(&mut state.tokens)))
            };
            if let Some((started_at, count)) = held.filter(|(_, count)| *count > 0)
                && let Err(error) = give_back(&lease, pool, started_at, count).await
            {
                log::debug!("{count} requests could not be given back: {error}");
            }
        }
    }
}

async fn give_back(lease: &Lease, pool: &Pool, started_at: DateTime<Utc>, count: i32) -> ApiResult<()> {
    let (tenant, kind, caller) = lease.subject;
    let mut conn = pool.tenant(tenant).await?;
    rate_windows::give_back(&mut conn, kind, caller, started_at, count).await?;
    conn.commit().await?;
    let mut state = lease.state();
    if let Some(window) = state.window.as_mut().filter(|window| window.started_at == started_at) {
        window.used -= count;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_taken_and_a_small_part_in_advance() {
        assert_eq!(share(300, 1, 1), 1);
        assert_eq!(share(300, 1, 64), 9, "a part of what is left");
        assert_eq!(share(300, 1, 4), 4, "as many as were used lately");
        assert_eq!(share(20, 1, 64), 1, "small limits are exact");
        assert_eq!(share(20, 7, 64), 7);
        assert_eq!(share(3, 7, 64), 3);
        assert_eq!(share(0, 7, 64), 0);
    }
}
