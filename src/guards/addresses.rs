//! Requests per minute of each address, counted by this process: public routes must respond even when the database does
//! not.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::error::{ApiError, ApiResult};

/// The length of a window, in seconds.
const WINDOW: u64 = 60;
/// The number of counters. Addresses that share one by chance share its limit; nobody knows the hash and can choose to.
const COUNTERS: u16 = u16::MAX;
/// A client has at least the lower half of an IPv6 address to choose from.
const NETWORK: u128 = !0 << 64;

/// The requests of addresses in their windows of 60 s; of IPv6, of networks of 64 bits.
///
/// Counters are never evicted, so no number of addresses resets the counter of another one.
#[derive(Debug)]
pub(super) struct Addresses {
    limit: u32,
    began: Instant,
    hasher: RandomState,
    counters: Box<[AtomicU64]>,
}

/// A window: the second of its start, and the requests in it. It begins with the first request after the previous one.
#[derive(Clone, Copy)]
struct Window {
    start: u64,
    used: u32,
}

impl Window {
    fn unpack(packed: u64) -> Self {
        Self {
            start: packed >> 32,
            used: u32::try_from(packed & u64::from(u32::MAX)).unwrap_or(u32::MAX),
        }
    }

    fn pack(self) -> u64 {
        self.start << 32 | u64::from(self.used)
    }

    /// Returns the window of the second `now`.
    fn at(self, now: u64) -> Self {
        if now.saturating_sub(self.start) < WINDOW {
            self
        } else {
            Self { start: now, used: 0 }
        }
    }
}

impl Addresses {
    /// Lets an address send `limit` requests per window; 0 means any number.
    pub(super) fn new(limit: i32) -> Self {
        Self {
            limit: u32::try_from(limit).unwrap_or(0),
            began: Instant::now(),
            hasher: RandomState::new(),
            counters: (0..COUNTERS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    ///
    /// [`ApiError::TooMany`] beyond the limit.
    pub(super) fn count(&self, address: IpAddr) -> ApiResult<()> {
        self.count_at(address, self.now())
    }

    /// Checks that a further request would be within the limit, without counting it.
    ///
    /// # Errors
    ///
    /// [`ApiError::TooMany`] at the limit.
    pub(super) fn check(&self, address: IpAddr) -> ApiResult<()> {
        let now = self.now();
        let window = Window::unpack(self.counter(address).load(Ordering::Relaxed)).at(now);
        self.refuse_at(self.limit, window, now)
    }

    /// The seconds since the start; the first window of each counter begins late enough to be a new one.
    fn now(&self) -> u64 {
        self.began.elapsed().as_secs() + WINDOW
    }

    fn count_at(&self, address: IpAddr, now: u64) -> ApiResult<()> {
        if self.limit == 0 {
            return Ok(());
        }
        let more = |packed| {
            let window = Window::unpack(packed).at(now);
            let used = window.used.saturating_add(1);
            Window { used, ..window }.pack()
        };
        let counter = self.counter(address);
        let before = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |packed| Some(more(packed)));
        // The closure never declines.
        let packed = before.map(more).unwrap_or_default();
        self.refuse_at(self.limit + 1, Window::unpack(packed), now)
    }

    fn refuse_at(&self, used: u32, window: Window, now: u64) -> ApiResult<()> {
        let limit = self.limit;
        if limit == 0 || window.used < used {
            return Ok(());
        }
        let retry_after = (window.start + WINDOW).saturating_sub(now).max(1);
        Err(ApiError::TooMany {
            detail: format!("limit of {limit} requests per minute per address reached: try again in {retry_after} s"),
            retry_after,
        })
    }

    #[expect(clippy::indexing_slicing, reason = "the remainder is below the number of counters")]
    fn counter(&self, address: IpAddr) -> &AtomicU64 {
        let name = match address.to_canonical() {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address) & NETWORK,
        };
        let hash = self.hasher.hash_one(name) % u64::from(COUNTERS);
        &self.counters[usize::try_from(hash).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_limit_in_each_window() {
        let addresses = Addresses::new(3);
        let count = |now| addresses.count_at(address("192.0.2.1"), now).is_ok();
        assert!(count(100) && count(101) && count(102));
        assert!(!count(103) && !count(159));
        assert!(count(160), "a window ends after 60 s, however many were refused");
        assert!(count(170) && count(170));
        let refused = addresses.count_at(address("192.0.2.1"), 170);
        assert!(
            matches!(refused, Err(ApiError::TooMany { retry_after: 50, .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let addresses = Addresses::new(2);
        let count = |text| addresses.count_at(address(text), 100).is_ok();
        assert!(count("2001:db8:1:2::1") && count("2001:db8:1:2:ffff::2"));
        assert!(!count("2001:db8:1:2::3"));
        assert!(count("2001:db8:1:3::1"));
        assert!(count("192.0.2.7") && count("::ffff:192.0.2.7") && !count("192.0.2.7"));
    }

    #[test]
    fn no_number_of_addresses_resets_a_counter() {
        let addresses = Addresses::new(100_000);
        let watched = address("192.0.2.1");
        let _ = addresses.count_at(watched, 100);
        for number in 0..100_000u128 {
            let _ = addresses.count_at(IpAddr::from((0x2001_0db8u128 << 96 | number << 64).to_be_bytes()), 100);
        }
        let used = Window::unpack(addresses.counter(watched).load(Ordering::Relaxed)).used;
        assert!(used >= 1, "{used}");
    }

    #[test]
    fn a_check_counts_nothing() {
        let addresses = Addresses::new(1);
        for _ in 0..3 {
            assert!(addresses.check(address("192.0.2.1")).is_ok());
        }
        assert!(addresses.count(address("192.0.2.1")).is_ok());
        assert!(addresses.check(address("192.0.2.1")).is_err());
    }
}
