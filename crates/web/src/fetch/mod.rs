//! The one door for outbound HTTP.
//!
//! Whoever scrapes fetches what strangers name, so every fetch is guarded:
//!
//! - **Where to**: public addresses only ([`address`]). An address in the URL is checked before
//!   anything is sent; a name's addresses are checked and then connected to, from one and the same
//!   answer; each redirect is checked like a URL of its own; and who was really reached is checked
//!   once more before a body is read. Operators allow more by `SCRAPERSKY_CONNECT_TO` and
//!   `SCRAPERSKY_ALLOW_NETS`. Ports of other protocols are refused.
//! - **How much**: one deadline over names, connections, redirects and bodies; bodies are counted
//!   after decompression, headers are bounded, at most a few redirects are followed. A redirect from
//!   https to http is followed, as no secret is ever sent; [`Page::final_url`] tells.
//! - **Manners**: an honest name, robots.txt on every host on the way ([`robots`]), a pause between
//!   requests to one host, no cookies, no referrer, nothing that identifies a person.
//!
//! Whatever goes wrong is a [`FetchError`], whose text a person can read and whose
//! [`FetchError::kind`] says what kind of failure it is.

pub mod address;
mod attempt;
mod body;
mod cache;
pub mod charset;
mod client;
mod coding;
mod error;
mod fetcher;
mod media;
mod pace;
mod page;
mod policy;
mod refresh;
mod resolve;
pub mod robots;
mod service;
mod settings;

pub use self::client::SetupError;
pub use self::error::{FailureKind, FetchError};
pub use self::fetcher::Fetcher;
pub use self::pace::SharedPace;
pub use self::page::{Download, Page, Tls, Want};
pub use self::resolve::{Lookup, SystemLookup};
pub use self::service::{Reply, Service};
pub use self::settings::{ConnectTo, FetchConfig};
