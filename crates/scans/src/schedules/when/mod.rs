//! When a schedule runs.

use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use database::models::schedule::Schedule;
use jobs::SubmitError;

use super::{every, words};

/// The longest time between a local time that does not exist and the next one that does, in minutes: a zone may leave out a day.
const MAX_GAP_MINUTES: i64 = 25 * 60;
/// Maximum length of cron text.
const MAX_CRON_CHARS: usize = 200;

/// When a schedule runs: by cron text in a time zone, or each time that a duration is over.
#[derive(Clone, Debug)]
pub struct When {
    cron: Option<String>,
    every: Option<String>,
    rule: Rule,
}

#[derive(Clone, Debug)]
enum Rule {
    Cron(Box<Cron>, Tz),
    Every(TimeDelta),
}

impl When {
    /// Reads cron text of five fields with the IANA name of a time zone (UTC by default), or a duration of ISO 8601.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Invalid`], which names the value.
    pub fn read(cron: Option<&str>, time_zone: Option<&str>, every: Option<&str>) -> Result<Self, SubmitError> {
        let rule = match (cron, every, time_zone) {
            (Some(cron), None, zone) => Rule::Cron(Box::new(read_cron(cron)?), read_zone(zone.unwrap_or("UTC"))?),
            (None, Some(every), None) => Rule::Every(read_every(every)?),
            (None, Some(_), Some(_)) => {
                let detail =
                    "time_zone is given with `every`: it belongs to `cron`, since a duration is the same everywhere";
                return Err(SubmitError::invalid("time_zone", detail));
            }
            (None, None, _) | (Some(_), Some(_), _) => {
                let detail = "either `cron`, such as \"0 6 * * 1\", or `every`, such as \"PT6H\", is required";
                return Err(SubmitError::invalid("cron", detail));
            }
        };
        Ok(Self {
            cron: cron.map(str::to_owned),
            every: every.map(str::to_owned),
            rule,
        })
    }

    /// Reads when a stored schedule runs.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), where it was stored by a program that knows other time zones.
    pub fn of(schedule: &Schedule) -> Result<Self, SubmitError> {
        Self::read(
            schedule.cron.as_deref(),
            schedule.time_zone.as_deref(),
            schedule.every.as_deref(),
        )
    }

    /// Returns the cron text, unless it runs by a duration.
    #[must_use]
    pub fn cron(&self) -> Option<&str> {
        self.cron.as_deref()
    }

    /// Returns the name of the time zone of the cron text.
    #[must_use]
    pub fn time_zone(&self) -> Option<&'static str> {
        match &self.rule {
            Rule::Cron(_, zone) => Some(zone.name()),
            Rule::Every(_) => None,
        }
    }

    /// Returns the duration as it was written, unless it runs by cron text.
    #[must_use]
    pub fn every(&self) -> Option<&str> {
        self.every.as_deref()
    }

    /// Returns when a schedule runs first that is made, or resumed, at `now`.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Invalid`] if no such time comes, as on 30 February.
    pub fn first(&self, now: DateTime<Utc>) -> Result<DateTime<Utc>, SubmitError> {
        self.next(now, now).ok_or_else(|| {
            let cron = self.cron.as_deref().unwrap_or_default();
            SubmitError::invalid("cron", format!("cron is {cron:?}: no such time comes"))
        })
    }

    /// Returns when a schedule runs next after `now` that was due at `due`; `None` if never.
    ///
    /// A local time that does not exist means the next one that does, and one that exists twice means the first of the two.
    #[must_use]
    pub fn next(&self, due: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match &self.rule {
            Rule::Cron(cron, zone) => {
                let mut local = now.with_timezone(zone).naive_local();
                loop {
                    local = cron.find_next_occurrence(&local, false).ok()?;
                    let at = first_instant(*zone, local)?;
                    // Where clocks were put back, times of the first pass are over.
                    if at > now {
                        return Some(at);
                    }
                }
            }
            Rule::Every(duration) => {
                let over = (now - due).num_seconds() / duration.num_seconds();
                let steps = i32::try_from(over).ok()?.max(0).checked_add(1)?;
                due.checked_add_signed(duration.checked_mul(steps)?)
            }
        }
    }

    /// Returns when it runs in words, such as "every Monday at 06:00, Europe/Berlin".
    #[must_use]
    pub fn in_words(&self) -> String {
        match (&self.rule, self.cron.as_deref()) {
            (Rule::Cron(cron, zone), Some(text)) => format!("{}, {}", words::in_words(text, cron), zone.name()),
            (Rule::Cron(_, zone), None) => zone.name().to_owned(),
            (Rule::Every(duration), _) => every::in_words(*duration),
        }
    }
}

fn read_cron(text: &str) -> Result<Cron, SubmitError> {
    let wrong = |why: &str| {
        let detail = format!(
            "cron is {text:?}: expected five fields (minute, hour, day of the month, month, day of the week), such as \"0 6 * * 1\"{why}"
        );
        SubmitError::invalid("cron", detail)
    };
    // Nicknames, and a sixth field for seconds, are left out: one way to say when.
    if text.chars().count() > MAX_CRON_CHARS || text.split_whitespace().count() != 5 || text.contains('@') {
        return Err(wrong(""));
    }
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    parser.parse(text).map_err(|error| wrong(&format!("; {error}")))
}

fn read_zone(name: &str) -> Result<Tz, SubmitError> {
    Tz::from_str(name).map_err(|_| {
        let detail =
            format!("time_zone is {name:?}: expected a name of the IANA time zone database, such as Europe/Berlin");
        SubmitError::invalid("time_zone", detail)
    })
}

fn read_every(text: &str) -> Result<TimeDelta, SubmitError> {
    every::read(text).ok_or_else(|| {
        let detail = format!(
            "every is {text:?}: expected an ISO 8601 duration in weeks, days, hours and minutes, from PT1M to P366D, such as PT6H"
        );
        SubmitError::invalid("every", detail)
    })
}

/// Returns the first instant at which clocks show a local time, or where they leave it out, the next one that they show.
fn first_instant(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    let mut later = (0..=MAX_GAP_MINUTES).map(|minutes| local + TimeDelta::minutes(minutes));
    let found = later.find_map(|time| zone.from_local_datetime(&time).earliest());
    found.map(|at| at.with_timezone(&Utc))
}

#[cfg(test)]
mod tests;
