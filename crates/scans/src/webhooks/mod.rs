//! Webhooks: events are posted to URLs that tenants chose, by the rules of Standard Webhooks
//! (<https://www.standardwebhooks.com>).
//!
//! Events become deliveries, a row for each webhook that wants the event, and workers post them: one worker at a time to a
//! webhook, one delivery after the other. A delivery is posted at least once; its id lets receivers recognise it. A worker that is
//! killed holds up a webhook until its turn ends.
//!
//! A request may name a URL of its own, which then is a webhook for what requests start: see [`tell_of_end`].

mod config;
mod courier;
mod plan;
mod requests;
mod signature;

pub use self::config::WebhooksConfig;
pub use self::courier::{Courier, Write};
pub use self::requests::{Ending, tell_of_end};
pub use self::signature::sign;
