//! The only access to outbound HTTP.
//!
//! URLs to fetch come from strangers, so every fetch is guarded:
//!
//! - **Targets**: only public addresses ([`address`]). An address in the URL is checked before anything is sent; a
//!   name's addresses are checked and connected to from the same look-up; each redirect is checked like a new URL; and
//!   the connected peer is checked again before a body is read. Operators allow more with `SCRAPERSKY_CONNECT_TO` and
//!   `SCRAPERSKY_ALLOW_NETS`. Ports of other protocols are refused.
//! - **Amounts**: one deadline for look-ups, connections, redirects and bodies; limits on the decompressed body, the
//!   headers and the number of redirects. Redirects from https to http are followed, since no secret is ever sent;
//!   [`Page::final_url`] shows them.
//! - **Politeness**: an honest user agent, robots.txt of every host on the way ([`robots`]), a pause between requests
//!   to a host, cookies only for the length of one job, no referrer, nothing that identifies a person.
//!
//! Every failure is a [`FetchError`] with a text for people and a [`FetchError::kind`] for programs.

pub mod address;
mod attempt;
mod body;
mod cache;
pub mod charset;
mod client;
mod coding;
mod cookies;
mod counts;
mod date;
mod entrance;
mod error;
mod fetcher;
mod home;
mod media;
mod pace;
mod page;
mod policy;
mod poster;
mod refresh;
mod resolve;
pub mod robots;
mod service;
mod settings;
mod tls;
mod trail;

pub use self::client::SetupError;
pub use self::counts::FetchCounts;
pub use self::entrance::Entrance;
pub use self::error::{FailureKind, FetchError};
pub use self::fetcher::Fetcher;
pub use self::home::{Candidates, Home, real_cause};
pub use self::pace::{BURST, SharedPace};
pub use self::page::{Download, Page, Tls, Want};
pub use self::poster::Poster;
pub use self::resolve::{Lookup, SystemLookup};
pub use self::service::{Reply, Service};
pub use self::settings::{ConnectTo, FetchConfig};
pub use self::tls::{Certificate, TlsFault};
