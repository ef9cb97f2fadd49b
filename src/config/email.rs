//! Limits of crawls for email addresses.

use std::net::SocketAddr;
use std::time::Duration;

use super::reader::{ConfigError, Settings};

/// What one crawl for email addresses may take, and how it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailConfig {
    /// The maximum number of links between the home page and a page.
    pub max_depth: usize,
    /// The maximum duration over all attempts.
    pub time: Duration,
    /// Whether all subdomains belong to a site, and not only the domain itself and its `www`.
    pub subdomains: bool,
    /// Whether DNS is asked whether the domain of an address takes mail.
    pub mx_check: bool,
    /// The name server to ask instead of the system's.
    pub dns_server: Option<SocketAddr>,
}

impl Default for EmailConfig {
    fn default() -> Self {
        Self {
            max_depth: 6,
            time: Duration::from_secs(30 * 60),
            subdomains: false,
            mx_check: true,
            dns_server: None,
        }
    }
}

impl Settings<'_> {
    /// Reads the limits of crawls for email addresses.
    pub(super) fn email(&self) -> Result<EmailConfig, ConfigError> {
        let default = EmailConfig::default();
        Ok(EmailConfig {
            max_depth: self.whole("SCRAPERSKY_EMAIL_MAX_DEPTH", default.max_depth, 0..=1000)?,
            time: self.limit("SCRAPERSKY_EMAIL_SECONDS", default.time)?,
            subdomains: self.yes_or_no("SCRAPERSKY_EMAIL_SUBDOMAINS", default.subdomains)?,
            mx_check: self.yes_or_no("SCRAPERSKY_EMAIL_MX_CHECK", default.mx_check)?,
            dns_server: self.parsed(
                "SCRAPERSKY_DNS_SERVER",
                "an address and a port, such as 127.0.0.1:53",
                |text| text.parse().ok(),
            )?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reader::read_from;

    fn read(variable: &str, value: &str) -> Result<EmailConfig, String> {
        read_from(&[(variable, value)], |settings| settings.email())
    }

    #[test]
    fn settings_are_read_and_wrong_ones_named() {
        assert_eq!(read("", "").unwrap(), EmailConfig::default());
        assert!(!read("SCRAPERSKY_EMAIL_MX_CHECK", "off").unwrap().mx_check);
        assert!(read("SCRAPERSKY_EMAIL_SUBDOMAINS", "Yes").unwrap().subdomains);
        let server = read("SCRAPERSKY_DNS_SERVER", "127.0.0.1:5353").unwrap().dns_server;
        assert_eq!(server.map(|server| server.port()), Some(5353));
        for (variable, value) in [
            ("SCRAPERSKY_EMAIL_MX_CHECK", "perhaps"),
            ("SCRAPERSKY_DNS_SERVER", "localhost"),
            ("SCRAPERSKY_EMAIL_SECONDS", "0"),
        ] {
            assert!(read(variable, value).unwrap_err().contains(variable));
        }
    }
}
