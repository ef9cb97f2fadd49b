//! The settings of webhooks.

use std::time::Duration;

use super::plan;

/// How long posts may take, and when they are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhooksConfig {
    /// How long a post may take.
    pub timeout: Duration,
    /// The wait between the first and the second try; the further ones grow with it.
    pub retry: Duration,
    /// After which time without an accepted post a webhook is disabled; `None` means never.
    pub give_up: Option<Duration>,
}

impl Default for WebhooksConfig {
    /// 15 s, 5 s and 5 days.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(15),
            retry: plan::FIRST_WAIT,
            give_up: Some(Duration::from_secs(5 * 24 * 60 * 60)),
        }
    }
}
