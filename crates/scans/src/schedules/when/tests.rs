use chrono::{Datelike, Timelike};

use super::*;

fn cron(text: &str, zone: &str) -> When {
    When::read(Some(text), Some(zone), None).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Returns the runs of a year, each of which is started the moment it is due.
fn year(when: &When, begin: &str) -> Vec<DateTime<Utc>> {
    let (mut now, end) = (at(begin), at(begin) + TimeDelta::days(365));
    let mut runs = Vec::new();
    loop {
        now = when.next(now, now).unwrap();
        if now > end {
            return runs;
        }
        runs.push(now);
    }
}

/// Clocks are put forward and back in each zone, in opposite months in the south; Lord Howe's by half an hour.
#[test]
fn a_year_of_runs_is_at_the_local_time_each_day_once() {
    for (zone, local, missing) in [
        ("Europe/Berlin", (2, 30), Some(("2027-03-28", (3, 0)))),
        ("America/New_York", (2, 30), Some(("2027-03-14", (3, 0)))),
        ("America/Santiago", (0, 30), Some(("2027-09-05", (1, 0)))),
        ("Australia/Lord_Howe", (2, 15), Some(("2027-10-03", (2, 30)))),
        ("Europe/Berlin", (6, 0), None),
        ("America/New_York", (1, 30), None),
        ("Asia/Kolkata", (2, 30), None),
    ] {
        let (hour, minute) = local;
        let runs = year(&cron(&format!("{minute} {hour} * * *"), zone), "2027-01-01T12:00:00Z");
        assert_eq!(runs.len(), 365, "{zone}");
        let zone_of: Tz = zone.parse().unwrap();
        let mut days = Vec::new();
        for run in runs {
            let shown = run.with_timezone(&zone_of);
            let expected = match missing {
                Some((day, time)) if shown.date_naive().to_string() == day => time,
                _ => local,
            };
            assert_eq!(
                (shown.hour(), shown.minute(), shown.second()),
                (expected.0, expected.1, 0),
                "{zone}: {shown}"
            );
            days.push(shown.num_days_from_ce());
        }
        assert!(days.windows(2).all(|pair| pair[1] == pair[0] + 1), "{zone}: {days:?}");
    }
}

#[test]
fn a_time_that_exists_twice_runs_once_by_any_pattern() {
    // Berlin's clocks go back from 03:00 to 02:00 at 01:00 UTC.
    let half_hourly = cron("*/30 * * * *", "Europe/Berlin");
    let mut now = at("2027-10-30T23:40:00Z");
    let mut runs = Vec::new();
    for _ in 0..5 {
        now = half_hourly.next(now, now).unwrap();
        runs.push(now.format("%H:%M").to_string());
    }
    assert_eq!(runs, ["00:00", "00:30", "02:00", "02:30", "03:00"]);
    // Looked at in the second pass, what ran in the first one is over.
    let second_pass = at("2027-10-31T01:10:00Z");
    assert_eq!(
        half_hourly.next(second_pass, second_pass),
        Some(at("2027-10-31T02:00:00Z"))
    );
}

#[test]
fn times_that_do_not_exist_run_once_at_the_next_one_that_does() {
    // They go forward from 02:00 to 03:00 at 01:00 UTC.
    for text in ["30 2 * * *", "*/5 2 * * *", "0 2-3 * * *", "0 3 * * *"] {
        let when = cron(text, "Europe/Berlin");
        let first = when
            .next(at("2027-03-28T00:59:59Z"), at("2027-03-28T00:59:59Z"))
            .unwrap();
        assert_eq!(first, at("2027-03-28T01:00:00Z"), "{text}");
        assert!(when.next(first, first).unwrap() > at("2027-03-28T20:00:00Z"), "{text}");
    }
    // A day that a zone leaves out altogether.
    let samoa = cron("0 12 30 12 *", "Pacific/Apia");
    let run = samoa
        .next(at("2011-12-29T00:00:00Z"), at("2011-12-29T00:00:00Z"))
        .unwrap();
    assert_eq!(run, at("2011-12-30T10:00:00Z"), "the first moment of the 31st");
}

#[test]
fn durations_count_from_the_first_run_and_leave_out_what_is_over() {
    let when = When::read(None, None, Some("PT6H")).unwrap();
    let made = at("2027-03-27T23:00:00Z");
    let first = when.first(made).unwrap();
    assert_eq!(first, at("2027-03-28T05:00:00Z"));
    for (now, next) in [
        ("2027-03-28T05:00:00Z", "2027-03-28T11:00:00Z"),
        ("2027-03-28T10:59:59Z", "2027-03-28T11:00:00Z"),
        ("2027-03-28T11:00:00Z", "2027-03-28T17:00:00Z"),
        ("2027-04-28T12:34:56Z", "2027-04-28T17:00:00Z"),
    ] {
        assert_eq!(when.next(first, at(now)), Some(at(next)), "{now}");
    }
}

#[test]
fn when_it_runs_is_said_in_words() {
    for (text, words) in [
        ("0 6 * * 1", "every Monday at 06:00, Europe/Berlin"),
        ("5 18 * * mon,thu", "every Monday and Thursday at 18:05, Europe/Berlin"),
        ("0 6 * * 1-5", "every Monday to Friday at 06:00, Europe/Berlin"),
        (
            "0 6 * * 1,3,7",
            "every Monday, Wednesday and Sunday at 06:00, Europe/Berlin",
        ),
        ("30 0 * * *", "every day at 00:30, Europe/Berlin"),
        ("0 7 15 * *", "on day 15 of every month at 07:00, Europe/Berlin"),
        ("*/15 * * * *", "every 15 minutes, Europe/Berlin"),
        ("0 8 * * 1#1", "at 08:00, on the 1st Monday of the month, Europe/Berlin"),
    ] {
        assert_eq!(cron(text, "Europe/Berlin").in_words(), words, "{text}");
    }
    assert_eq!(
        When::read(None, None, Some("PT6H")).unwrap().in_words(),
        "every 6 hours"
    );
    assert_eq!(
        When::read(Some("0 6 * * *"), None, None).unwrap().in_words(),
        "every day at 06:00, UTC"
    );
}

#[test]
fn what_does_not_say_when_is_refused_by_name() {
    for (cron, zone, every, field) in [
        (None, None, None, "cron"),
        (Some("0 6 * * 1"), None, Some("PT6H"), "cron"),
        (Some("0 6 * *"), None, None, "cron"),
        (Some("0 0 6 * * 1"), None, None, "cron"),
        (Some("@daily"), None, None, "cron"),
        (Some("60 6 * * 1"), None, None, "cron"),
        (Some("0 6 * * 9"), None, None, "cron"),
        (Some("a b c d e"), None, None, "cron"),
        (Some(""), None, None, "cron"),
        (Some("0 6 * * 1"), Some("Berlin"), None, "time_zone"),
        (Some("0 6 * * 1"), Some(""), None, "time_zone"),
        (None, Some("UTC"), Some("PT6H"), "time_zone"),
        (None, Some("UTC"), None, "cron"),
        (None, None, Some("6h"), "every"),
    ] {
        match When::read(cron, zone, every) {
            Err(SubmitError::Invalid { field: named, .. }) => assert_eq!(named, field, "{cron:?} {zone:?} {every:?}"),
            other => panic!("{cron:?} {zone:?} {every:?}: {other:?}"),
        }
    }
    let never = cron("0 0 30 2 *", "UTC").first(at("2027-01-01T00:00:00Z")).unwrap_err();
    assert_eq!(never.to_string(), "cron is \"0 0 30 2 *\": no such time comes");
}
