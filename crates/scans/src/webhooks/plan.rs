//! When a delivery is tried again.

use std::time::Duration;

use rand::RngExt;

/// The wait between the first and the second try, by the plan of Standard Webhooks.
pub(super) const FIRST_WAIT: Duration = Duration::from_secs(5);

/// The waits behind each try but the last one, in seconds, by the same plan: three days and three hours in all.
const WAITS: [u32; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

/// How many tries of a delivery hold back later events of its job.
pub(super) const TRIES_IN_ORDER: i32 = 3;

/// The longest time that a receiver may ask to wait.
const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns the wait behind a try, counted from 1, where the first one is `first`; `None` behind the last one. It is up to a tenth
/// longer, at random, so that what failed together is not tried together.
pub(super) fn wait_after(attempt: i32, first: Duration) -> Option<Duration> {
    let place = usize::try_from(attempt).ok()?.checked_sub(1)?;
    let wait = first.mul_f64(f64::from(*WAITS.get(place)?) / FIRST_WAIT.as_secs_f64());
    Some(wait.mul_f64(rand::rng().random_range(1.0..=1.1)))
}

/// Returns for how long nothing is posted to a receiver that answered with `status`, if it is overloaded.
pub(super) fn pause_after(status: u16, asked: Option<Duration>, wait: Duration) -> Option<Duration> {
    match (status, asked) {
        (429 | 503, Some(asked)) => Some(asked.min(MAX_PAUSE)),
        (429, None) => Some(wait.min(MAX_PAUSE)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_by_the_plan() {
        let second = Duration::from_secs(1);
        for (attempt, wait) in (1..).zip(WAITS) {
            let wait = second * wait / 5;
            let given = wait_after(attempt, second).unwrap();
            assert!(given >= wait && given <= wait.mul_f64(1.101), "{attempt}: {given:?}");
        }
        for attempt in [0, -1, 10, i32::MAX] {
            assert_eq!(wait_after(attempt, second), None, "{attempt}");
        }
    }

    #[test]
    fn receivers_that_are_overloaded_get_a_pause() {
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(3600));
        assert_eq!(pause_after(429, Some(hour), second), Some(hour));
        assert_eq!(pause_after(503, Some(hour * 1000), second), Some(MAX_PAUSE));
        assert_eq!(pause_after(429, None, second), Some(second));
        assert_eq!(pause_after(503, None, second), None);
        assert_eq!(pause_after(500, Some(hour), second), None);
    }
}
