//! What the door to other hosts may do.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use url::Host;

/// Names the program, since it visits sites under its own name, and says what it does.
const DEFAULT_USER_AGENT: &str = concat!(
    "ScraperSky/",
    env!("CARGO_PKG_VERSION"),
    " (crawler of business sites; honours robots.txt for ScraperSky)"
);

/// How long one connection may take to be made, with its name looked up and TLS agreed on.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(8);

/// The largest response header taken, in bytes of names and values.
pub(super) const MAX_HEADER: u32 = 64 * 1024;

/// What the program may fetch, under which name, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchConfig {
    /// Names whose connections go to an address that the operator chose; the first match counts.
    pub connect_to: Vec<ConnectTo>,
    /// Addresses that may be fetched although they are not public.
    pub allow_nets: Vec<IpNet>,
    /// The `User-Agent` header. Its first word is the name that robots.txt may call us by.
    pub user_agent: String,
    /// How long one fetch may take: names, connections, redirects and bodies together.
    pub timeout: Duration,
    /// The largest body taken, in bytes after decompression.
    pub max_body: usize,
    /// The redirects followed.
    pub max_redirects: usize,
    /// The time between two requests to one host, after a short burst.
    pub pace: Duration,
    /// A file of PEM certificates that are trusted beside the system's.
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
            max_redirects: 5,
            pace: Duration::from_millis(500),
            extra_ca: None,
        }
    }
}

/// Sends the connections to a name to an address, as `host[:port]=address:port`.
///
/// `host` is a name, or `*.` and a name for every name below it. TLS and the `Host` header keep
/// the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    host: String,
    below: bool,
    port: Option<u16>,
    to: SocketAddr,
}

impl ConnectTo {
    /// Returns whether connections to `host`, in lower case and without a final dot, are meant.
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

    /// Returns where they go.
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
        // A name is written here as it is in a URL: international ones in punycode or not. An
        // address is no name: what leads where it says must not lead elsewhere.
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
