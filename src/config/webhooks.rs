//! Settings of webhooks.

use scans::WebhooksConfig;

use super::reader::{ConfigError, Settings};

impl Settings<'_> {
    pub(super) fn webhooks(&self) -> Result<WebhooksConfig, ConfigError> {
        let default = WebhooksConfig::default();
        Ok(WebhooksConfig {
            timeout: self.limit("SCRAPERSKY_WEBHOOK_TIMEOUT_SECONDS", default.timeout)?,
            retry: self.seconds("SCRAPERSKY_WEBHOOK_RETRY_SECONDS", default.retry)?,
            give_up: self.days("SCRAPERSKY_WEBHOOK_GIVE_UP_DAYS", default.give_up, 365)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::config::reader::read_from;

    #[test]
    fn a_post_has_a_time_limit_and_webhooks_may_be_kept_forever() {
        let read = |name, value| read_from(&[(name, value)], |settings| settings.webhooks());
        let error = read("SCRAPERSKY_WEBHOOK_TIMEOUT_SECONDS", "0").unwrap_err();
        assert!(error.contains("SCRAPERSKY_WEBHOOK_TIMEOUT_SECONDS is"), "{error}");
        let retry = read("SCRAPERSKY_WEBHOOK_RETRY_SECONDS", "0.5").unwrap().retry;
        assert_eq!(retry, Duration::from_millis(500));
        assert_eq!(read("SCRAPERSKY_WEBHOOK_GIVE_UP_DAYS", "0").unwrap().give_up, None);
    }
}
