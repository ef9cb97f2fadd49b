//! The robots.txt files seen lately.
//!
//! They are what other people's servers said a while ago, not something this program decides: each
//! process may remember them by itself, and none contradicts another for longer than they are kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::robots::Robots;

/// How long a robots.txt is believed: as long as the RFC allows (2.4).
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How long one is believed to be unavailable.
const UNAVAILABLE: Duration = Duration::from_secs(60);

/// Origins remembered at most, and the memory all may take.
const MAX_ORIGINS: usize = 1024;
const MAX_WEIGHT: usize = 16 * 1024 * 1024;

/// One origin's place: whoever holds its lock is the one who fetches the file.
pub(super) type Slot = tokio::sync::Mutex<Option<Kept>>;

/// A robots.txt and when to ask for it again.
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

    /// Returns the robots.txt unless it is too old.
    pub(super) fn fresh(&self) -> Option<Arc<Robots>> {
        (self.until > Instant::now()).then(|| Arc::clone(&self.robots))
    }

    /// Returns a robots.txt to go on with while no newer one can be had (2.4), for a short time again.
    pub(super) fn extended(&self) -> Option<Self> {
        self.robots.is_available().then(|| Self {
            robots: Arc::clone(&self.robots),
            until: Instant::now() + UNAVAILABLE,
        })
    }
}

/// The places of the origins.
#[derive(Debug, Default)]
pub(super) struct Cache {
    origins: Mutex<Origins>,
}

#[derive(Debug, Default)]
struct Origins {
    held: HashMap<String, Held>,
    weight: usize,
    made: u64,
}

#[derive(Debug)]
struct Held {
    slot: Arc<Slot>,
    weight: usize,
    /// The oldest place makes room for a new one.
    number: u64,
}

impl Cache {
    /// Returns the place of an origin.
    pub(super) fn slot(&self, origin: &str) -> Arc<Slot> {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = origins.held.get(origin) {
            return Arc::clone(&held.slot);
        }
        origins.made += 1;
        let held = Held {
            slot: Arc::default(),
            weight: 0,
            number: origins.made,
        };
        let slot = Arc::clone(&held.slot);
        origins.held.insert(origin.to_owned(), held);
        origins.shrink();
        slot
    }

    /// Notes how much memory the origin's robots.txt takes, and makes room for it.
    pub(super) fn weigh(&self, origin: &str, weight: usize) {
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = origins.held.get_mut(origin) else {
            return;
        };
        let before = std::mem::replace(&mut held.weight, weight);
        origins.weight = origins.weight + weight - before;
        origins.shrink();
    }
}

impl Origins {
    fn shrink(&mut self) {
        while self.held.len() > MAX_ORIGINS || self.weight > MAX_WEIGHT {
            let oldest = self.held.iter().min_by_key(|(_, held)| held.number);
            let Some(origin) = oldest.map(|(origin, _)| origin.clone()) else {
                return;
            };
            if let Some(held) = self.held.remove(&origin) {
                self.weight -= held.weight;
            }
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
    fn the_oldest_make_room() {
        let cache = Cache::default();
        for number in 0..3 * MAX_ORIGINS {
            let origin = number.to_string();
            cache.slot(&origin);
            cache.weigh(&origin, 1000);
        }
        assert_eq!(cache.origins.lock().unwrap().held.len(), MAX_ORIGINS);
        let newest = cache.slot(&(3 * MAX_ORIGINS - 1).to_string());
        assert_eq!(Arc::strong_count(&newest), 2);
        for number in 0..10 {
            cache.weigh(&(3 * MAX_ORIGINS - 1 - number).to_string(), MAX_WEIGHT / 4);
        }
        let origins = cache.origins.lock().unwrap();
        assert!(origins.weight <= MAX_WEIGHT, "{}", origins.weight);
        assert_eq!(
            origins.weight,
            origins.held.values().map(|held| held.weight).sum::<usize>()
        );
    }
}
