//! Durations of ISO 8601 in weeks, days, hours and minutes.

use chrono::TimeDelta;

/// Minutes per unit, and the unit's letter, before and after the `T`.
const DATE_UNITS: [(char, i64); 2] = [('W', 7 * 24 * 60), ('D', 24 * 60)];
const TIME_UNITS: [(char, i64); 2] = [('H', 60), ('M', 1)];

/// The units in words.
const NAMES: [(i64, &str); 4] = [(7 * 24 * 60, "week"), (24 * 60, "day"), (60, "hour"), (1, "minute")];

/// Maximum length, in minutes: a leap year.
const MAX_MINUTES: i64 = 366 * 24 * 60;

/// Reads a duration from a minute to 366 days, such as `P1W`, `PT6H` or `P1DT12H`. A day has 24 hours.
pub(super) fn read(text: &str) -> Option<TimeDelta> {
    let rest = text.strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (rest, ""),
    };
    let minutes = minutes(date, &DATE_UNITS)?.checked_add(minutes(time, &TIME_UNITS)?)?;
    (1..=MAX_MINUTES)
        .contains(&minutes)
        .then(|| TimeDelta::minutes(minutes))
}

/// Adds up numbers with units, each unit at most once and in order.
fn minutes(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut sum: i64 = 0;
    for (letter, minutes) in units {
        let Some((number, rest)) = text.split_once(*letter) else {
            continue;
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(*minutes)?)?;
        text = rest;
    }
    text.is_empty().then_some(sum)
}

/// Returns a duration in words, such as "every 6 hours".
pub(super) fn in_words(duration: TimeDelta) -> String {
    let mut left = duration.num_minutes();
    let mut parts = Vec::new();
    for (minutes, name) in NAMES {
        let count = left / minutes;
        left %= minutes;
        match count {
            0 => {}
            1 => parts.push(format!("1 {name}")),
            count => parts.push(format!("{count} {name}s")),
        }
    }
    let text = parts.join(" and ");
    format!(
        "every {}",
        text.strip_prefix("1 ").filter(|_| parts.len() == 1).unwrap_or(&text)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_said_in_words() {
        for (text, minutes, words) in [
            ("PT1M", 1, "every minute"),
            ("PT90M", 90, "every 1 hour and 30 minutes"),
            ("PT6H", 360, "every 6 hours"),
            ("P1D", 1440, "every day"),
            ("P1DT12H", 2160, "every 1 day and 12 hours"),
            ("P1W", 10_080, "every week"),
            ("P2W", 20_160, "every 2 weeks"),
            ("P7D", 10_080, "every week"),
            ("P366D", 527_040, "every 52 weeks and 2 days"),
        ] {
            let read = read(text).unwrap();
            assert_eq!(
                (read.num_minutes(), in_words(read).as_str()),
                (minutes, words),
                "{text}"
            );
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "1D",
            "P0D",
            "PT0M",
            "PT30S",
            "P1M",
            "P1Y",
            "PT1M1H",
            "P1D1W",
            "P-1D",
            "P+1D",
            "P1.5D",
            "PT6h",
            "P1DT",
            "P367D",
            "P99999999999999999999D",
            "P9223372036854775807W",
            " P1D",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
