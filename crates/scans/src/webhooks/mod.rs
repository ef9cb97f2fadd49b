//! Webhooks: events are posted to URLs that tenants chose, by the rules of Standard Webhooks
//! (<https://www.standardwebhooks.com>).
//!
//! Events become deliveries, a row for each webhook that wants the event, and workers post them: one worker at a time to a
//! webhook, one delivery after the other. A delivery is posted at least once; its id lets receivers recognise it. A worker that is
//! killed holds up a webhook until its turn ends.

mod courier;
mod plan;
mod signature;

use std::time::Duration;

pub use self::courier::{Courier, Write};
pub use self::signature::sign;

/// The settings of webhooks.
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
