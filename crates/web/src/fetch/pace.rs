//! Politeness: the requests to one host, spread over time.
//!
//! Each process keeps a pace of its own, and where one is [shared](Pace::share) several processes keep it together. It is
//! manners and not truth: where nobody can say when it is our turn, our own pace is kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::time::{Instant, sleep_until};

/// Requests a host gets at once before they are spread: a page with the robots.txt and the
/// redirects on the way to it.
const BURST: u32 = 4;

/// Hosts remembered before those at rest are forgotten.
const REMEMBERED: usize = 1024;

/// How long the shared pace is given to say when it is our turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// A pace that several processes keep together.
pub trait SharedPace: Send + Sync + 'static {
    /// Takes the next free moment of `host`, to which requests go `interval` apart after `burst` at once, and returns how
    /// long it is until then; `None` where nobody can say.
    fn take<'a>(&'a self, host: &'a str, interval: Duration, burst: u32) -> BoxFuture<'a, Option<Duration>>;
}

/// Spreads requests by the generic cell rate algorithm (ITU-T I.371).
pub(super) struct Pace {
    interval: Duration,
    hosts: Mutex<Hosts>,
    shared: OnceLock<Arc<dyn SharedPace>>,
}

#[derive(Debug)]
struct Hosts {
    /// When each host would get its next request if all came evenly.
    due: HashMap<String, Instant>,
    /// The number of hosts at which to tidy up next.
    limit: usize,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval,
            hosts: Mutex::new(Hosts {
                due: HashMap::new(),
                limit: REMEMBERED,
            }),
            shared: OnceLock::new(),
        }
    }

    /// Keeps the pace together with others, from now on; the first one counts.
    pub(super) fn share(&self, shared: Arc<dyn SharedPace>) {
        let _ = self.shared.set(shared);
    }

    /// Waits until `host`, which may have asked for a pause of its own, may be sent a request.
    pub(super) async fn turn(&self, host: &str, asked: Option<Duration>) {
        if !self.interval.is_zero() || asked.is_some() {
            let own = self.reserve(host, asked, Instant::now());
            let shared = self.shared_turn(host, asked).await;
            sleep_until(own.max(shared)).await;
        }
    }

    /// Takes the next free moment of `host` among all processes.
    async fn shared_turn(&self, host: &str, asked: Option<Duration>) -> Instant {
        let now = Instant::now();
        let Some(shared) = self.shared.get() else { return now };
        let (interval, burst) = self.rate(asked);
        match tokio::time::timeout(PATIENCE, shared.take(host, interval, burst)).await {
            Ok(Some(wait)) => Instant::now() + wait,
            Ok(None) | Err(_) => now,
        }
    }

    /// Returns the time between two requests, and how many come at once.
    fn rate(&self, asked: Option<Duration>) -> (Duration, u32) {
        match asked {
            // Who names a pause means it between any two requests.
            Some(asked) if asked > self.interval => (asked, 1),
            _ => (self.interval, BURST),
        }
    }

    /// Takes the next free moment of `host`.
    fn reserve(&self, host: &str, asked: Option<Duration>, now: Instant) -> Instant {
        let (interval, burst) = self.rate(asked);
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.due.len() >= hosts.limit {
            hosts.due.retain(|_, due| *due > now);
            hosts.limit = REMEMBERED.max(2 * hosts.due.len());
        }
        let due = hosts.due.get(host).copied().unwrap_or(now).max(now);
        hosts.due.insert(host.to_owned(), due + interval);
        due.checked_sub(interval * (burst - 1)).unwrap_or(now).max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_requests_to_one_host_are_spread() {
        let pace = Pace::new(Duration::from_millis(500));
        // Far enough from the clock's beginning that the burst can be taken off.
        let now = Instant::now() + Duration::from_secs(60);
        let waits = |host, at| pace.reserve(host, None, at).duration_since(at).as_millis();
        let first: Vec<_> = (0..7).map(|_| waits("a.test", now)).collect();
        assert_eq!(first, [0, 0, 0, 0, 500, 1000, 1500]);
        assert_eq!(waits("b.test", now), 0);
        let rested = now + Duration::from_secs(10);
        assert_eq!(waits("a.test", rested), 0);
    }

    #[test]
    fn a_pause_that_a_site_asks_for_holds_between_any_two_requests() {
        let pace = Pace::new(Duration::from_millis(500));
        let now = Instant::now() + Duration::from_secs(60);
        let asked = Some(Duration::from_secs(2));
        let waits: Vec<_> = (0..3)
            .map(|_| pace.reserve("a.test", asked, now).duration_since(now).as_secs())
            .collect();
        assert_eq!(waits, [0, 2, 4]);
        let shorter = Some(Duration::from_millis(1));
        assert_eq!(pace.reserve("b.test", shorter, now), now);
        assert_eq!(
            pace.reserve("b.test", shorter, now),
            now,
            "less than ours is no reason to hurry or to wait"
        );
    }

    #[test]
    fn hosts_at_rest_are_forgotten() {
        let pace = Pace::new(Duration::from_millis(1));
        let mut now = Instant::now();
        for number in 0..10_000 {
            pace.reserve(&format!("{number}.test"), None, now);
            now += Duration::from_millis(5);
        }
        assert!(pace.hosts.lock().unwrap().due.len() <= REMEMBERED);
    }
}
