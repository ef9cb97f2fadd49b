//! Looks settings up and reports invalid ones.

use std::str::FromStr;
use std::time::Duration;

use rocket::figment::Figment;

/// A setting that cannot be used, as one sentence that names it and says what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub(super) String);

/// Where settings are looked up.
pub(super) struct Settings<'a> {
    pub(super) figment: &'a Figment,
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
}

impl Settings<'_> {
    /// Returns a setting as text. An empty one counts as not set.
    pub(super) fn text(&self, variable: &str) -> Result<Option<String>, ConfigError> {
        if let Some(value) = (self.env)(variable) {
            return Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty()));
        }
        let name = variable
            .strip_prefix("SCRAPERSKY_")
            .unwrap_or(variable)
            .to_ascii_lowercase();
        let key = format!("scrapersky.{name}");
        let Ok(value) = self.figment.find_value(&key) else {
            return Ok(None);
        };
        let number = || value.to_i128().map(|number| number.to_string());
        let fraction = || value.to_f64().map(|number| number.to_string());
        let text = value.as_str().map(str::to_owned);
        match text.or_else(number).or_else(fraction) {
            Some(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            None => Err(ConfigError(format!(
                "{name} in the configuration file must be a text or a number"
            ))),
        }
    }

    pub(super) fn parsed<T: FromStr>(&self, variable: &str, wanted: &str) -> Result<Option<T>, ConfigError> {
        let Some(text) = self.text(variable)? else {
            return Ok(None);
        };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(ConfigError(format!("{variable} is {text:?}: it must be {wanted}"))),
        }
    }

    pub(super) fn count(&self, variable: &str, default: usize, least: usize) -> Result<usize, ConfigError> {
        const MAX: usize = 1000;
        let wanted = format!("a whole number from {least} to {MAX}, such as {default}");
        match self.parsed(variable, &wanted)? {
            None => Ok(default),
            Some(value) if (least..=MAX).contains(&value) => Ok(value),
            Some(value) => Err(ConfigError(format!("{variable} is {value}: it must be {wanted}"))),
        }
    }

    pub(super) fn seconds(&self, variable: &str, default: Duration) -> Result<Duration, ConfigError> {
        // PostgreSQL takes milliseconds in 31 bits.
        const MAX: f64 = 2_000_000.0;
        let wanted = format!("a number of seconds from 0 to {MAX}, such as {}", default.as_secs_f64());
        match self.parsed::<f64>(variable, &wanted)? {
            None => Ok(default),
            Some(value) if (0.0..=MAX).contains(&value) => Ok(Duration::from_secs_f64(value)),
            Some(value) => Err(ConfigError(format!("{variable} is {value}: it must be {wanted}"))),
        }
    }

    /// Returns a list whose entries are separated by commas.
    pub(super) fn list<T: FromStr>(&self, variable: &str, wanted: &str) -> Result<Vec<T>, ConfigError> {
        let text = self.text(variable)?.unwrap_or_default();
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries
            .map(|entry| {
                entry
                    .parse()
                    .map_err(|_| ConfigError(format!("{variable} holds {entry:?}: each entry must be {wanted}")))
            })
            .collect()
    }

    /// Returns a time limit; without one a site could hold a worker forever.
    pub(super) fn limit(&self, variable: &str, default: Duration) -> Result<Duration, ConfigError> {
        match self.seconds(variable, default)? {
            Duration::ZERO => Err(ConfigError(format!(
                "{variable} is 0: it must be a number of seconds above 0, such as {}",
                default.as_secs_f64()
            ))),
            limit => Ok(limit),
        }
    }

    pub(super) fn bytes(&self, variable: &str, default: usize) -> Result<usize, ConfigError> {
        const RANGE: std::ops::RangeInclusive<usize> = 1024..=1024 * 1024 * 1024;
        let wanted = format!(
            "a number of bytes from {} to {}, such as {default}",
            RANGE.start(),
            RANGE.end()
        );
        match self.parsed(variable, &wanted)? {
            None => Ok(default),
            Some(value) if RANGE.contains(&value) => Ok(value),
            Some(value) => Err(ConfigError(format!("{variable} is {value}: it must be {wanted}"))),
        }
    }
    pub(super) fn yes_or_no(&self, variable: &str, default: bool) -> Result<bool, ConfigError> {
        match self.text(variable)?.map(|text| text.to_ascii_lowercase()).as_deref() {
            None => Ok(default),
            Some("yes" | "true" | "on" | "1") => Ok(true),
            Some("no" | "false" | "off" | "0") => Ok(false),
            Some(other) => Err(ConfigError(format!("{variable} is {other:?}: it must be yes or no"))),
        }
    }
}

/// Reads settings from these variables alone.
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
    let settings = Settings {
        figment: &figment,
        env: &env,
    };
    read(&settings).map_err(|error| error.to_string())
}
