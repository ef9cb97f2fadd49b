//! Limits of domain scans, and the name server.

use std::net::SocketAddr;

use scans::DomainConfig;

use super::reader::{ConfigError, Settings};

impl Settings<'_> {
    /// Reads the limits of domain scans.
    pub(super) fn domain(&self) -> Result<DomainConfig, ConfigError> {
        let default = DomainConfig::default();
        Ok(DomainConfig {
            pages: self.whole("SCRAPERSKY_DOMAIN_PAGES", default.pages, 0..=20)?,
            pages_time: self.limit("SCRAPERSKY_DOMAIN_PAGES_SECONDS", default.pages_time)?,
            dns_check: self.yes_or_no("SCRAPERSKY_DOMAIN_DNS_CHECK", default.dns_check)?,
        })
    }

    /// Reads the name server to ask; `None` means the system's.
    pub(super) fn dns_server(&self) -> Result<Option<SocketAddr>, ConfigError> {
        self.parsed(
            "SCRAPERSKY_DNS_SERVER",
            "an address and a port, such as 127.0.0.1:53",
            |text| text.parse().ok(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader::read_from;

    fn read(variable: &str, value: &str) -> Result<DomainConfig, String> {
        read_from(&[(variable, value)], |settings| settings.domain())
    }

    fn server(value: &str) -> Result<Option<SocketAddr>, String> {
        read_from(&[("SCRAPERSKY_DNS_SERVER", value)], |settings| settings.dns_server())
    }

    #[test]
    fn settings_are_read_and_invalid_ones_named() {
        assert_eq!(read("", "").unwrap(), DomainConfig::default());
        assert_eq!(read("SCRAPERSKY_DOMAIN_PAGES", "0").unwrap().pages, 0);
        assert!(!read("SCRAPERSKY_DOMAIN_DNS_CHECK", "no").unwrap().dns_check);
        for (variable, value) in [
            ("SCRAPERSKY_DOMAIN_PAGES", "21"),
            ("SCRAPERSKY_DOMAIN_PAGES_SECONDS", "0"),
            ("SCRAPERSKY_DOMAIN_DNS_CHECK", "perhaps"),
        ] {
            assert!(read(variable, value).unwrap_err().contains(variable));
        }
        let found = server("127.0.0.1:5353").unwrap();
        assert_eq!(found.map(|server| server.port()), Some(5353));
        assert!(server("localhost").unwrap_err().contains("SCRAPERSKY_DNS_SERVER"));
    }
}
