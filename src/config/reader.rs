//! Looks up settings and reports invalid ones.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use rocket::figment::Figment;
use url::Url;

/// The beginning of the program's own variables.
pub(super) const PREFIX: &str = "SCRAPERSKY_";

/// The expected form of a Supabase project's URL, for errors.
pub(super) const PROJECT_URL: &str = "it must be the project's URL, https://<project>.supabase.co";

/// The valid range of size limits for files and bodies, in bytes.
pub(super) const BYTES: RangeInclusive<usize> = 1024..=1024 * 1024 * 1024;

/// An invalid setting, as one sentence that names it and the expected value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(super) String);

/// The sources of settings.
pub(super) struct Settings<'a> {
    pub(super) figment: &'a Figment,
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
    /// The names of the variables that were looked up: those that the program knows.
    pub(super) known: RefCell<BTreeSet<String>>,
}

impl<'a> Settings<'a> {
    pub(super) fn new(figment: &'a Figment, env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            figment,
            env,
            known: RefCell::default(),
        }
    }

    /// Makes a variable known that is only looked up if others are set.
    pub(super) fn know(&self, variable: &str) {
        self.known.borrow_mut().insert(variable.to_owned());
    }

    /// Returns a setting as text; `None` if it is empty or not set.
    pub(super) fn text(&self, variable: &str) -> Result<Option<String>, ConfigError> {
        self.know(variable);
        if let Some(value) = (self.env)(variable) {
            return Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty()));
        }
        let value = match self.figment.find_value(&format!("scrapersky.{}", key(variable))) {
            Ok(value) => value,
            Err(error) if error.missing() => return Ok(None),
            Err(error) => {
                // The kind alone: the rest of the error repeats what is written there, which may be a secret.
                let error = error.kind.to_string();
                let place = error.lines().next().unwrap_or_default();
                return Err(ConfigError(format!("the configuration file cannot be read: {place}")));
            }
        };
        let number = || value.to_i128().map(|number| number.to_string());
        let fraction = || value.to_f64().map(|number| number.to_string());
        let text = value.as_str().map(str::to_owned).or_else(number).or_else(fraction);
        let text = text.ok_or_else(|| self.error(variable, "must be a text or a number"))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Returns an error about a setting, under the name it was set by.
    pub(super) fn error(&self, variable: &str, what: impl Display) -> ConfigError {
        ConfigError(match (self.env)(variable) {
            Some(_) => format!("{variable} {what}"),
            None => format!("{} in the configuration file {what}", key(variable)),
        })
    }

    /// Returns a setting parsed by `parse`; `wanted` describes a valid value.
    pub(super) fn parsed<T>(
        &self,
        variable: &str,
        wanted: impl Display,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(variable)? else {
            return Ok(None);
        };
        let wrong = || self.error(variable, format_args!("is {text:?}: it must be {wanted}"));
        parse(&text).map(Some).ok_or_else(wrong)
    }

    /// Returns a setting parsed by `parse`. An error does not repeat the value, which may contain a secret.
    pub(super) fn secret<T, E: Display>(
        &self,
        variable: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        let wrong = |error| self.error(variable, format_args!("cannot be used: {error}"));
        self.text(variable)?.map(|text| parse(&text).map_err(wrong)).transpose()
    }

    pub(super) fn whole<T: FromStr + PartialOrd + Display>(
        &self,
        variable: &str,
        default: T,
        range: RangeInclusive<T>,
    ) -> Result<T, ConfigError> {
        let (least, most) = (range.start(), range.end());
        let wanted = format_args!("a whole number from {least} to {most}, such as {default}");
        let number = self.parsed(variable, wanted, |text| {
            text.parse().ok().filter(|number| range.contains(number))
        })?;
        Ok(number.unwrap_or(default))
    }

    /// Returns a number of days; `None` if it is 0.
    pub(super) fn days(
        &self,
        variable: &str,
        default: Option<Duration>,
        most: u32,
    ) -> Result<Option<Duration>, ConfigError> {
        let wanted = format_args!("a whole number of days from 0 (keep all) to {most}, such as 90");
        let days = self.parsed(variable, wanted, |text| {
            text.parse().ok().filter(|days: &u32| *days <= most)
        })?;
        let time = days.map_or(default, |days| {
            Some(Duration::from_secs(u64::from(days) * 24 * 60 * 60))
        });
        Ok(time.filter(|time| !time.is_zero()))
    }

    pub(super) fn seconds(&self, variable: &str, default: Duration) -> Result<Duration, ConfigError> {
        self.time(variable, default, true)
    }

    /// Returns a time limit, which cannot be 0: without a limit, a site could occupy a worker forever.
    pub(super) fn limit(&self, variable: &str, default: Duration) -> Result<Duration, ConfigError> {
        self.time(variable, default, false)
    }

    fn time(&self, variable: &str, default: Duration, zero: bool) -> Result<Duration, ConfigError> {
        // PostgreSQL stores milliseconds in 31 bits.
        const MAX: f64 = 2_000_000.0;
        let from = if zero { "from 0" } else { "above 0" };
        let wanted = format_args!("a number of seconds {from} to {MAX}, such as {}", default.as_secs_f64());
        let time = self.parsed(variable, wanted, |text| {
            let seconds = text.parse().ok().filter(|seconds| (0.0..=MAX).contains(seconds));
            seconds
                .map(Duration::from_secs_f64)
                .filter(|time| zero || !time.is_zero())
        })?;
        Ok(time.unwrap_or(default))
    }

    pub(super) fn yes_or_no(&self, variable: &str, default: bool) -> Result<bool, ConfigError> {
        let value = self.parsed(variable, "yes or no", |text| match text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" | "1" => Some(true),
            "no" | "false" | "off" | "0" => Some(false),
            _ => None,
        })?;
        Ok(value.unwrap_or(default))
    }

    /// Returns a list whose entries are separated by commas.
    pub(super) fn list<T>(
        &self,
        variable: &str,
        wanted: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ConfigError> {
        let text = self.text(variable)?.unwrap_or_default();
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let wrong = |entry| self.error(variable, format_args!("holds {entry:?}: each entry must be {wanted}"));
        entries.map(|entry| parse(entry).ok_or_else(|| wrong(entry))).collect()
    }
}

/// Returns the key that a variable has in the file.
pub(super) fn key(variable: &str) -> String {
    variable.strip_prefix(PREFIX).unwrap_or(variable).to_ascii_lowercase()
}

/// Reads the URL of a service; `None` if it is invalid or has a login or a query.
pub(super) fn service_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain).then_some(url)
}

/// Reads settings from these variables only.
#[cfg(test)]
pub(super) fn read_from<T>(
    values: &[(&str, &str)],
    read: impl FnOnce(&Settings<'_>) -> Result<T, ConfigError>,
) -> Result<T, String> {
    let env = |name: &str| {
        let found = values.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let figment = Figment::new();
    let settings = Settings::new(&figment, &env);
    read(&settings).map_err(|error| error.to_string())
}
