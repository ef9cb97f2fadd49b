//! Limits of crawls for email addresses.

use scans::EmailConfig;

use super::reader::{ConfigError, Settings};

impl Settings<'_> {
    /// Reads the limits of crawls for email addresses.
    pub(super) fn email(&self) -> Result<EmailConfig, ConfigError> {
        let default = EmailConfig::default();
        Ok(EmailConfig {
            max_depth: self.whole("SCRAPERSKY_EMAIL_MAX_DEPTH", default.max_depth, 0..=1000)?,
            time: self.limit("SCRAPERSKY_EMAIL_SECONDS", default.time)?,
            subdomains: self.yes_or_no("SCRAPERSKY_EMAIL_SUBDOMAINS", default.subdomains)?,
            mx_check: self.yes_or_no("SCRAPERSKY_EMAIL_MX_CHECK", default.mx_check)?,
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
    fn settings_are_read_and_invalid_ones_named() {
        assert_eq!(read("", "").unwrap(), EmailConfig::default());
        assert!(!read("SCRAPERSKY_EMAIL_MX_CHECK", "off").unwrap().mx_check);
        assert!(read("SCRAPERSKY_EMAIL_SUBDOMAINS", "Yes").unwrap().subdomains);
        for (variable, value) in [
            ("SCRAPERSKY_EMAIL_MX_CHECK", "perhaps"),
            ("SCRAPERSKY_EMAIL_SECONDS", "0"),
        ] {
            assert!(read(variable, value).unwrap_err().contains(variable));
        }
    }
}
