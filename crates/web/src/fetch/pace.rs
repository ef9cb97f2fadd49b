//! Spreads requests to a host over time.
//!
//! Each process keeps its own pace; with a [shared](Pace::share) one, several processes keep it together. This is only
//! politeness: if the shared pace is unavailable, the process's own is used.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use tokio::time::{Instant, sleep_until};

/// The number of requests to a host before they are spread: a page with its robots.txt and redirects.
pub const BURST: u32 = 4;

/// The number of remembered hosts above which idle ones are forgotten.
const REMEMBERED: usize = 1024;

/// How long to wait for the shared pace's answer.
const SHARED_TIMEOUT: Duration = Duration::from_secs(2);

/// A pace shared by several processes.
pub trait SharedPace: Send + Sync + 'static {
    /// Reserves the next free slot of `host`, where requests are spaced by `interval` after a burst of `burst`. Returns
    /// how long to wait for it, or `None` if unavailable.
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
    /// When each host's next request would be due if all were evenly spaced.
    due: HashMap<String, Instant>,
    /// The number of hosts at which to remove idle ones.
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

    /// Shares the pace with other processes from now on; only the first call has an effect.
    pub(super) fn share(&self, shared: Arc<dyn SharedPace>) {
        let _ = self.shared.set(shared);
    }

    /// Waits until `host` may be sent a request; `asked` is the site's own crawl delay.
    pub(super) async fn turn(&self, host: &str, asked: Option<Duration>) {
        if !self.interval.is_zero() || asked.is_some() {
            let own = self.reserve(host, asked, Instant::now());
            let shared = self.shared_turn(host, asked).await;
            sleep_until(own.max(shared)).await;
        }
    }

    /// Reserves the next free slot of `host` among all processes.
    async fn shared_turn(&self, host: &str, asked: Option<Duration>) -> Instant {
        let now = Instant::now();
        let Some(shared) = self.shared.get() else { return now };
        let (interval, burst) = self.rate(asked);
        match tokio::time::timeout(SHARED_TIMEOUT, shared.take(host, interval, burst)).await {
            Ok(Some(wait)) => Instant::now() + wait,
            Ok(None) | Err(_) => now,
        }
    }

    /// Returns the interval between requests, and the burst.
    fn rate(&self, asked: Option<Duration>) -> (Duration, u32) {
        match asked {
            // A site's crawl delay applies between any two requests.
            Some(asked) if asked > self.interval => (asked, 1),
            _ => (self.interval, BURST),
        }
    }

    /// Reserves the next free slot of `host`.
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
        // Far enough from the clock's start to subtract the burst.
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
