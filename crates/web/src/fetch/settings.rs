//! Settings of outbound HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use url::Host;

/// Names the program and its purpose, since it visits sites under its own name.
const DEFAULT_USER_AGENT: &str = concat!(
    "ScraperSky/",
    env!("CARGO_PKG_VERSION"),
    " (crawler of business sites; honours robots.txt for ScraperSky)"
);

/// How long one connection may take to be made, with its name looked up and TLS agreed on.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// The largest response header taken, in bytes of names and values.
pub(super) const MAX_HEADER: u32 = 64 * 1024;

/// What the program may fetch, its user agent, and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchConfig {
    /// Names with an address chosen by the operator; the first match applies.
    pub connect_to: Vec<ConnectTo>,
    /// Non-public addresses that may be fetched.
    pub allow_nets: Vec<IpNet>,
    /// The `User-Agent` header. Its first word is the name used for robots.txt.
    pub user_agent: String,
    /// The time limit of a fetch: look-ups, connections, redirects and bodies together.
    pub timeout: Duration,
    /// The size limit of a body, in bytes after decompression.
    pub max_body: usize,
    /// The maximum number of redirects.
    pub max_redirects: usize,
    /// The time between two requests to a host, after a short burst.
    pub pace: Duration,
    /// The maximum number of requests under way at a time.
    pub connections: usize,
    /// A PEM file of trusted certificates in addition to the system's.
    pub extra_ca: Option<PathBuf>,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            connect_to: Vec::new(),
            allow_nets: Vec::new(),
            user_agent: DEFAULT_USER_AGENT.to_owned(),
            timeout: Duration::from_secs(20),
            max_body: 5 * 1024 * 1024,
            max_redirects: 10,
            pace: Duration::from_millis(500),
            connections: 512,
            extra_ca: None,
        }
    }
}

/// Redirects connections for a name to an address: `host[:port]=address:port`.
///
/// `host` is a name, or `*.` and a name for all its subdomains. TLS and the `Host` header keep the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    host: String,
    below: bool,
    port: Option<u16>,
    to: SocketAddr,
}

impl ConnectTo {
    /// Returns whether it applies to `host`, given in lower case and without a final dot.
    #[must_use]
    pub fn matches(&self, host: &str, port: u16) -> bool {
        let named = if self.below {
            host.strip_suffix(self.host.as_str())
                .is_some_and(|label| label.len() > 1 && label.ends_with('.'))
        } else {
            host == self.host
        };
        named && self.port.is_none_or(|only| only == port)
    }

    /// Returns the target address.
    #[must_use]
    pub fn to(&self) -> SocketAddr {
        self.to
    }
}

impl FromStr for ConnectTo {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (from, to) = text.split_once('=').ok_or(())?;
        let (host, port) = match from.trim().split_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| ())?)),
            None => (from.trim(), None),
        };
        let (name, below) = match host.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (host, false),
        };
        // The name is written as in a URL, in punycode or not. An address is not a name: connections to an address must
        // not go elsewhere.
        match Host::parse(name.trim_end_matches('.')) {
            Ok(Host::Domain(host)) if !host.contains('*') => Ok(Self {
                host,
                below,
                port,
                to: to.trim().parse().map_err(|_| ())?,
            }),
            _ => Err(()),
        }
    }
}
