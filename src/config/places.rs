//! Settings of place searches.

use scans::{ExpiredPlaces, PlacesConfig, PlacesProtocol};
use secrecy::SecretString;

use super::reader::{ConfigError, Settings, service_url};

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
        let default = PlacesConfig::new(protocol);
        let calls = |variable, default| self.whole(variable, default, 0..=i64::from(u32::MAX));
        let month = calls("SCRAPERSKY_PLACES_CALLS_PER_MONTH", 0)?;
        Ok(PlacesConfig {
            protocol,
            url: self.secret("SCRAPERSKY_PLACES_URL", url)?.unwrap_or(default.url),
            key: self.text("GOOGLE_MAPS_API_KEY")?.map(SecretString::from),
            language: self.text("SCRAPERSKY_PLACES_LANGUAGE")?,
            region: self.text("SCRAPERSKY_PLACES_REGION")?,
            timeout: self.limit("SCRAPERSKY_PLACES_TIMEOUT_SECONDS", default.timeout)?,
            token_delay: default.token_delay,
            calls_per_search: calls("SCRAPERSKY_PLACES_CALLS_PER_SEARCH", default.calls_per_search)?.max(1),
            calls_per_month: Some(month).filter(|calls| *calls > 0),
            keep: self.days("SCRAPERSKY_PLACES_KEEP_DAYS", None, u32::MAX)?,
            expired: expired.unwrap_or(default.expired),
        })
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
    fn each_protocol_has_a_default_address_that_a_setting_replaces() {
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
    fn an_invalid_setting_is_named() {
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
