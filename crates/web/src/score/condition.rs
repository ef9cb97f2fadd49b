//! The conditions of rules.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::Deserialize;

use super::facts::{Facts, Technology};
use super::versions::{Versions, is_below};

/// Conditions, of which all have to hold. What is not known holds for nothing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct When {
    has_site: Option<bool>,
    has_ssl: Option<bool>,
    has_privacy_policy: Option<bool>,
    has_viewport: Option<bool>,
    has_email: Option<bool>,
    ssl_fault: Option<Vec<String>>,
    security_grade: Option<Vec<String>>,
    certificate_ends_within_days: Option<u16>,
    copyright_older_than_years: Option<u16>,
    slower_than_ms: Option<i32>,
    heavier_than_kb: Option<i32>,
    pub(super) uses_category: Option<Vec<String>>,
    pub(super) lacks_category: Option<Vec<String>>,
    pub(super) outdated: Option<String>,
    rating_below: Option<f64>,
    ratings_below: Option<i32>,
}

/// What a reason may say.
pub(super) const PLACEHOLDERS: [&str; 11] = [
    "copyright_year",
    "certificate_end",
    "response_ms",
    "page_kb",
    "grade",
    "technology",
    "version",
    "current",
    "as_of",
    "rating",
    "ratings",
];

/// The values of placeholders.
#[derive(Debug, Default)]
pub(super) struct Values(Vec<(&'static str, String)>);

impl Values {
    fn add(&mut self, name: &'static str, value: &dyn fmt::Display) {
        self.0.push((name, value.to_string()));
    }

    /// Puts the values into a text.
    pub(super) fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.0 {
            filled = filled.replace(&format!("{{{name}}}"), value);
        }
        filled
    }
}

/// Whether a condition, if there is one, holds for a fact that is known.
fn holds<C: ?Sized, F>(condition: Option<&C>, fact: Option<F>, test: impl FnOnce(&C, F) -> bool) -> bool {
    condition.is_none_or(|condition| fact.is_some_and(|fact| test(condition, fact)))
}

fn is_one(words: &[String], word: &str) -> bool {
    words.iter().any(|known| known == word)
}

/// The technologies of these categories; `None` if it is not known what a site uses.
fn of_categories<'f>(used: Option<&'f [Technology]>, words: &[String]) -> Option<Vec<&'f Technology>> {
    Some(used?.iter().filter(|one| is_one(words, &one.category)).collect())
}

fn days_before(end: DateTime<Utc>, days: u16) -> DateTime<Utc> {
    end.checked_sub_signed(TimeDelta::days(days.into())).unwrap_or(end)
}

impl When {
    /// Returns what a reason may say, if all conditions hold.
    pub(super) fn holds(&self, facts: &Facts, versions: &Versions, now: DateTime<Utc>) -> Option<Values> {
        let equal = |wanted: Option<&bool>, fact| holds(wanted, fact, |wanted, fact| *wanted == fact);
        let all = equal(self.has_site.as_ref(), facts.has_site)
            && equal(self.has_ssl.as_ref(), facts.has_ssl)
            && equal(self.has_privacy_policy.as_ref(), facts.has_privacy_policy)
            && equal(self.has_viewport.as_ref(), facts.has_viewport)
            && equal(self.has_email.as_ref(), facts.has_email)
            && holds(self.ssl_fault.as_deref(), facts.ssl_fault.as_deref(), is_one)
            && holds(self.security_grade.as_deref(), facts.security_grade.as_deref(), is_one)
            && holds(self.slower_than_ms.as_ref(), facts.response_ms, |limit, ms| ms > *limit)
            && holds(self.heavier_than_kb.as_ref(), facts.page_bytes, |limit, bytes| {
                bytes / 1000 > *limit
            })
            && holds(self.rating_below.as_ref(), facts.rating, |limit, rating| {
                rating < *limit
            })
            && holds(self.ratings_below.as_ref(), facts.ratings, |limit, count| {
                count < *limit
            })
            && holds(
                self.copyright_older_than_years.as_ref(),
                facts.copyright_year,
                |years, year| now.year().saturating_sub(year) > i32::from(*years),
            )
            && holds(
                self.certificate_ends_within_days.as_ref(),
                facts.certificate_end,
                |days, end| days_before(end, *days) <= now && now < end,
            );
        all.then(|| self.by_technologies(facts, versions)).flatten()
    }

    /// The conditions about technologies, and the values of all placeholders.
    fn by_technologies(&self, facts: &Facts, versions: &Versions) -> Option<Values> {
        let mut values = Values::default();
        let used = facts.technologies.as_deref();
        let of = |words: &[String]| of_categories(used, words);
        if let Some(words) = &self.uses_category {
            values.add("technology", &of(words)?.first()?.name);
        }
        if let Some(words) = &self.lacks_category
            && !of(words)?.is_empty()
        {
            return None;
        }
        if let Some(name) = &self.outdated {
            let table = versions.version.get(name)?;
            let version = used?.iter().find(|one| one.name == *name)?.version.as_ref()?;
            if !is_below(version, &table.outdated_below) {
                return None;
            }
            values.add("version", version);
            values.add("current", &table.current.as_str());
            values.add("as_of", &versions.as_of.0);
        }
        if let Some(year) = facts.copyright_year {
            values.add("copyright_year", &year);
        }
        if let Some(end) = facts.certificate_end {
            values.add("certificate_end", &end.format("%Y-%m-%d"));
        }
        if let Some(ms) = facts.response_ms {
            values.add("response_ms", &ms);
        }
        if let Some(bytes) = facts.page_bytes {
            values.add("page_kb", &(bytes / 1000));
        }
        if let Some(grade) = &facts.security_grade {
            values.add("grade", grade);
        }
        if let Some(rating) = facts.rating {
            values.add("rating", &rating);
        }
        if let Some(count) = facts.ratings {
            values.add("ratings", &count);
        }
        Some(values)
    }

    /// Returns the columns with the facts of the conditions, each with the value that counts if there are several.
    pub(super) fn columns(&self) -> Vec<(&'static str, Option<&str>)> {
        let facts = [
            ("has_ssl", self.has_ssl.is_some()),
            ("ssl_fault", self.ssl_fault.is_some()),
            ("ssl_expiry_date", self.certificate_ends_within_days.is_some()),
            ("security_headers", self.security_grade.is_some()),
            ("server_response_time", self.slower_than_ms.is_some()),
            ("average_page_size", self.heavier_than_kb.is_some()),
            ("copyright_year", self.copyright_older_than_years.is_some()),
            ("has_privacy_policy", self.has_privacy_policy.is_some()),
            ("has_viewport", self.has_viewport.is_some()),
        ];
        let named = facts.into_iter().filter(|(_, is_asked)| *is_asked);
        let technology = self.outdated.as_deref().map(|name| ("claims", Some(name)));
        named.map(|(column, _)| (column, None)).chain(technology).collect()
    }

    /// Returns the next time after `now` at which the conditions may hold or no longer hold although the facts are the same.
    pub(super) fn changes_at(&self, facts: &Facts, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let certificate = self.certificate_ends_within_days.zip(facts.certificate_end);
        let certificate = certificate.map(|(days, end)| [days_before(end, days), end]);
        let copyright = self.copyright_older_than_years.zip(facts.copyright_year);
        let copyright = copyright.and_then(|(years, year)| {
            let day = NaiveDate::from_ymd_opt(year.checked_add(i32::from(years))?.checked_add(1)?, 1, 1)?;
            Some(day.and_time(NaiveTime::MIN).and_utc())
        });
        let times = certificate.into_iter().flatten().chain(copyright);
        times.filter(|time| *time > now).min()
    }
}
