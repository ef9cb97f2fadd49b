//! Settings of place searches.

use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::reader::{ConfigError, Settings, service_url};

/// Which of Google's protocols is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlacesProtocol {
    /// The older Text Search, `/maps/api/place/textsearch/json`, which existing keys are for.
    Legacy,
    /// Places API (New), `/v1/places:searchText`.
    New,
}

/// What becomes of Google's content about a place after its retention. Place ids stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiredPlaces {
    /// It is removed.
    Clear,
    /// It is fetched again, at the cost of one call each.
    Refresh,
}

/// How places are searched for, and how much that may cost.
#[derive(Clone, Debug)]
pub struct PlacesConfig {
    /// The protocol.
    pub protocol: PlacesProtocol,
    /// Where it is spoken. The operator chooses it: it may be a private address.
    pub url: Url,
    /// Google's key; without one nothing can be searched.
    pub key: Option<SecretString>,
    /// The language of names and addresses, such as `en`.
    pub language: Option<String>,
    /// The country that ambiguous places are looked for in first, such as `us`.
    pub region: Option<String>,
    /// How long a call may take.
    pub timeout: Duration,
    /// How long the next page of the older protocol takes to become available.
    pub token_delay: Duration,
    /// The most calls of one search.
    pub calls_per_search: i64,
    /// The most calls of a tenant in a calendar month (UTC); `None` means any number.
    pub calls_per_month: Option<i64>,
    /// How long Google's content is kept; `None` means forever.
    pub keep: Option<Duration>,
    /// What is done with what is older.
    pub expired: ExpiredPlaces,
}

impl Settings<'_> {
    /// Reads the settings of place searches.
    pub(super) fn places(&self) -> Result<PlacesConfig, ConfigError> {
        let protocol = self.parsed("SCRAPERSKY_PLACES_PROTOCOL", "legacy or new", |text| match text {
            "legacy" => Some(PlacesProtocol::Legacy),
            "new" => Some(PlacesProtocol::New),
            _ => None,
        })?;
        let protocol = protocol.unwrap_or(PlacesProtocol::Legacy);
        let expired = self.parsed("SCRAPERSKY_PLACES_EXPIRED", "clear or refresh", |text| match text {
            "clear" => Some(ExpiredPlaces::Clear),
            "refresh" => Some(ExpiredPlaces::Refresh),
            _ => None,
        })?;
        let url = |text: &str| service_url(text).ok_or("it must be a URL such as https://host:port");
        let default_url = || url(default_url(protocol)).map_err(|error| ConfigError(error.to_owned()));
        let calls = |variable, default| self.whole(variable, default, 0..=i64::from(u32::MAX));
        let month = calls("SCRAPERSKY_PLACES_CALLS_PER_MONTH", 0)?;
        Ok(PlacesConfig {
            protocol,
            url: self
                .secret("SCRAPERSKY_PLACES_URL", url)?
                .map_or_else(default_url, Ok)?,
            key: self.text("GOOGLE_MAPS_API_KEY")?.map(SecretString::from),
            language: self.text("SCRAPERSKY_PLACES_LANGUAGE")?,
            region: self.text("SCRAPERSKY_PLACES_REGION")?,
            timeout: self.limit("SCRAPERSKY_PLACES_TIMEOUT_SECONDS", Duration::from_secs(10))?,
            token_delay: Duration::from_secs(2),
            calls_per_search: calls("SCRAPERSKY_PLACES_CALLS_PER_SEARCH", 100)?.max(1),
            calls_per_month: Some(month).filter(|calls| *calls > 0),
            keep: self.days("SCRAPERSKY_PLACES_KEEP_DAYS", u32::MAX)?,
            expired: expired.unwrap_or(ExpiredPlaces::Clear),
        })
    }
}

fn default_url(protocol: PlacesProtocol) -> &'static str {
    match protocol {
        PlacesProtocol::Legacy => "https://maps.googleapis.com",
        PlacesProtocol::New => "https://places.googleapis.com",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader::read_from;

    fn read(values: &[(&str, &str)]) -> Result<PlacesConfig, String> {
        read_from(values, |settings| settings.places())
    }

    #[test]
    fn each_protocol_has_its_own_address_and_the_operator_another() {
        let config = read(&[]).unwrap();
        assert_eq!(config.url.as_str(), "https://maps.googleapis.com/");
        assert_eq!((config.calls_per_month, config.keep), (None, None));
        let config = read(&[("SCRAPERSKY_PLACES_PROTOCOL", "new")]).unwrap();
        assert_eq!(config.url.as_str(), "https://places.googleapis.com/");
        let config = read(&[("SCRAPERSKY_PLACES_URL", "http://127.0.0.1:9000")]).unwrap();
        assert_eq!(config.url.as_str(), "http://127.0.0.1:9000/");
    }

    #[test]
    fn the_key_is_never_printed() {
        let config = read(&[("GOOGLE_MAPS_API_KEY", "AIza-secret")]).unwrap();
        assert!(!format!("{config:?}").contains("secret"));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (variable, value) in [
            ("SCRAPERSKY_PLACES_PROTOCOL", "old"),
            ("SCRAPERSKY_PLACES_EXPIRED", "keep"),
            ("SCRAPERSKY_PLACES_URL", "places.test"),
            ("SCRAPERSKY_PLACES_URL", "https://ann:secret@places.test"),
            ("SCRAPERSKY_PLACES_CALLS_PER_MONTH", "many"),
        ] {
            let error = read(&[(variable, value)]).unwrap_err();
            assert!(error.starts_with(variable) && !error.contains("secret"), "{error}");
        }
    }
}
