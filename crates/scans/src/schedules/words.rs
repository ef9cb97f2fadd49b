//! Cron text in words.

use croner::Cron;

/// The days of a week in cron's order, in which Sunday is 0 and 7.
const DAYS: [&str; 8] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// Returns cron text of five fields in words, such as "every Monday at 06:00".
pub(super) fn in_words(text: &str, cron: &Cron) -> String {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minute, hour, day, "*", weekday] = fields[..] else {
        return described(cron);
    };
    let (Ok(minute), Ok(hour)) = (minute.parse::<u8>(), hour.parse::<u8>()) else {
        return described(cron);
    };
    let days = match (day, weekday) {
        ("*", "*") => Some("every day".to_owned()),
        ("*", weekday) => list_of_days(weekday).map(|days| format!("every {days}")),
        (day, "*") => day.parse::<u8>().ok().map(|day| format!("on day {day} of every month")),
        _ => None,
    };
    days.map_or_else(|| described(cron), |days| format!("{days} at {hour:02}:{minute:02}"))
}

/// Returns the days of a field, such as "Monday to Friday and Sunday"; `None` if it has more than days and ranges of them.
fn list_of_days(field: &str) -> Option<String> {
    let parts = field.split(',').map(|part| match part.split_once('-') {
        Some((first, last)) => Some(format!("{} to {}", day(first)?, day(last)?)),
        None => day(part).map(str::to_owned),
    });
    let mut parts = parts.collect::<Option<Vec<String>>>()?;
    let last = parts.pop()?;
    Some(if parts.is_empty() {
        last
    } else {
        format!("{} and {last}", parts.join(", "))
    })
}

/// Returns the day with this number, or of which this is the beginning of the name.
fn day(text: &str) -> Option<&'static str> {
    let by_name = || {
        let is_begin = |name: &&&str| name.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case(text));
        DAYS.iter().find(is_begin)
    };
    let number = text.parse::<usize>().ok();
    number.map_or_else(by_name, |number| DAYS.get(number)).copied()
}

/// Returns any cron text in the words of its parser.
fn described(cron: &Cron) -> String {
    let text = cron.describe();
    let text = text.trim_end_matches('.');
    let mut characters = text
        .strip_prefix("At ")
        .filter(|rest| rest.starts_with("every"))
        .unwrap_or(text)
        .chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}
