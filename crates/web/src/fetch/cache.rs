//! A cache of robots.txt files.
//!
//! It only caches what other servers sent, no state of this program: each process may have its own, and processes
//! disagree at most for the time to live.

use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use tokio::time::Instant;

use super::robots::Robots;

/// How long a robots.txt is valid: the RFC's maximum (2.4).
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an unavailable robots.txt counts as such.
const UNAVAILABLE: Duration = Duration::from_secs(60);

/// The maximum memory of all files in bytes; each counts for at least 1/1,024 of it, so at most 1,024 origins are kept.
const MAX_WEIGHT: u64 = 16 * 1024 * 1024;
const MIN_WEIGHT: u32 = 16 * 1024;

/// The entry of one origin; the holder of its lock fetches the file.
pub(super) type Slot = tokio::sync::Mutex<Option<Kept>>;

/// A robots.txt and its expiry.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    robots: Arc<Robots>,
    until: Instant,
}

impl Kept {
    pub(super) fn new(robots: Robots) -> Self {
        let time = if robots.is_available() { KEPT } else { UNAVAILABLE };
        Self {
            robots: Arc::new(robots),
            until: Instant::now() + time,
        }
    }

    /// Returns the robots.txt unless it has expired.
    pub(super) fn fresh(&self) -> Option<Arc<Robots>> {
        (self.until > Instant::now()).then(|| Arc::clone(&self.robots))
    }

    /// Returns an expired robots.txt for another short time, for when no newer one can be fetched (2.4).
    pub(super) fn extended(&self) -> Option<Self> {
        self.robots.is_available().then(|| Self {
            robots: Arc::clone(&self.robots),
            until: Instant::now() + UNAVAILABLE,
        })
    }
}

/// The entries of the origins; the least recently used one is evicted.
pub(super) struct Cache {
    origins: moka::sync::Cache<String, Place>,
}

#[derive(Clone, Default)]
struct Place {
    slot: Arc<Slot>,
    weight: u32,
}

impl Default for Cache {
    fn default() -> Self {
        let origins = moka::sync::Cache::builder()
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|_: &String, place: &Place| place.weight.max(MIN_WEIGHT))
            .max_capacity(MAX_WEIGHT)
            .build();
        Self { origins }
    }
}

impl Cache {
    /// Returns the entry of an origin.
    pub(super) fn slot(&self, origin: &str) -> Arc<Slot> {
        self.origins.entry_by_ref(origin).or_default().into_value().slot
    }

    /// Records the memory size of the origin's robots.txt, and evicts others if needed.
    pub(super) fn weigh(&self, origin: &str, weight: usize) {
        if let Some(place) = self.origins.get(origin) {
            let weight = u32::try_from(weight).unwrap_or(u32::MAX);
            self.origins.insert(origin.to_owned(), Place { weight, ..place });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_keeps_its_place() {
        let cache = Cache::default();
        assert!(Arc::ptr_eq(&cache.slot("a"), &cache.slot("a")));
        assert!(!Arc::ptr_eq(&cache.slot("a"), &cache.slot("b")));
    }

    #[test]
    fn a_robots_txt_is_believed_for_a_day_and_longer_only_where_no_newer_one_is_to_be_had() {
        let mut kept = Kept::new(Robots::parse("", &[]));
        let day = Duration::from_secs(24 * 60 * 60);
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        assert!(kept.until > now + day - second && kept.until <= now + day + second);
        assert!(kept.fresh().is_some());
        kept.until = Instant::now();
        assert!(kept.fresh().is_none());
        let extended = kept.extended().unwrap();
        assert!(extended.fresh().is_some() && extended.until <= Instant::now() + UNAVAILABLE);
        let unavailable = Kept::new(Robots::unavailable(503));
        assert!(unavailable.extended().is_none());
        assert!(
            unavailable.until <= Instant::now() + UNAVAILABLE,
            "asked for again soon"
        );
    }

    #[test]
    fn whoever_was_not_asked_for_longest_makes_room() {
        let cache = Cache::default();
        let most = MAX_WEIGHT / u64::from(MIN_WEIGHT);
        let kept = cache.slot("kept");
        for number in 0..3 * most {
            let origin = number.to_string();
            cache.slot(&origin);
            cache.weigh(&origin, 1000);
            cache.slot("kept");
            cache.origins.run_pending_tasks();
        }
        assert_eq!(cache.origins.entry_count(), most);
        assert!(Arc::ptr_eq(&kept, &cache.slot("kept")));
        for number in 0..10 {
            cache.weigh(&(3 * most - 1 - number).to_string(), 4 * 1024 * 1024);
        }
        cache.origins.run_pending_tasks();
        assert!(cache.origins.weighted_size() <= MAX_WEIGHT);
    }
}
