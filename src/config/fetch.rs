//! Settings of outbound HTTP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::{ConfigError, EmailConfig, Settings, SitemapConfig};

/// Names the program, since it visits sites under its own name, and says what it does.
const DEFAULT_USER_AGENT: &str = concat!(
    "ScraperSky/",
    env!("CARGO_PKG_VERSION"),
    " (crawler of business sites; honours robots.txt for ScraperSky)"
);

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
    /// How long one connection may take to be made, with its name looked up and TLS agreed on.
    pub connect_timeout: Duration,
    /// The largest body taken, in bytes after decompression.
    pub max_body: usize,
    /// The largest response header taken, in bytes of names and values.
    pub max_header: usize,
    /// The redirects followed.
    pub max_redirects: usize,
    /// The time between two requests to one host, after a short burst.
    pub pace: Duration,
    /// A file of PEM certificates that are trusted beside the system's.
    pub extra_ca: Option<PathBuf>,
    /// What an analysis of sitemaps may take.
    pub sitemap: SitemapConfig,
    /// What a crawl for email addresses may take.
    pub email: EmailConfig,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            connect_to: Vec::new(),
            allow_nets: Vec::new(),
            user_agent: DEFAULT_USER_AGENT.to_owned(),
            timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(8),
            max_body: 5 * 1024 * 1024,
            max_header: 64 * 1024,
            max_redirects: 5,
            pace: Duration::from_millis(500),
            extra_ca: None,
            sitemap: SitemapConfig::default(),
            email: EmailConfig::default(),
        }
    }
}

impl Settings<'_> {
    /// Reads the settings of outbound HTTP.
    pub(super) fn fetch(&self) -> Result<FetchConfig, ConfigError> {
        let default = FetchConfig::default();
        let user_agent = self.text("SCRAPERSKY_USER_AGENT")?.unwrap_or(default.user_agent);
        if !user_agent.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(ConfigError(format!(
                "SCRAPERSKY_USER_AGENT is {user_agent:?}: it must be of printable ASCII characters"
            )));
        }
        Ok(FetchConfig {
            connect_to: self.list(
                "SCRAPERSKY_CONNECT_TO",
                "host[:port]=address:port, such as shop.test=127.0.0.1:8081 or *.bench.test:80=[::1]:9000",
            )?,
            allow_nets: self.list(
                "SCRAPERSKY_ALLOW_NETS",
                "an address range, such as 127.0.0.0/8 or fd00::/8",
            )?,
            user_agent,
            timeout: self.limit("SCRAPERSKY_FETCH_TIMEOUT_SECONDS", default.timeout)?,
            connect_timeout: self.limit("SCRAPERSKY_FETCH_CONNECT_TIMEOUT_SECONDS", default.connect_timeout)?,
            max_body: self.bytes("SCRAPERSKY_FETCH_MAX_BODY_BYTES", default.max_body)?,
            max_header: self.bytes("SCRAPERSKY_FETCH_MAX_HEADER_BYTES", default.max_header)?,
            max_redirects: self.count("SCRAPERSKY_FETCH_MAX_REDIRECTS", default.max_redirects, 0)?,
            pace: self.seconds("SCRAPERSKY_FETCH_PACE_SECONDS", default.pace)?,
            extra_ca: self.text("SCRAPERSKY_EXTRA_CA")?.map(PathBuf::from),
            sitemap: self.sitemap()?,
            email: self.email()?,
        })
    }

    /// Returns a list whose entries are separated by commas.
    fn list<T: FromStr>(&self, variable: &str, wanted: &str) -> Result<Vec<T>, ConfigError> {
        let text = self.text(variable)?.unwrap_or_default();
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries
            .map(|entry| {
                entry
                    .parse()
                    .map_err(|_| ConfigError(format!("{variable} holds {entry:?}: each entry must be {wanted}")))
            })
            .collect()
    }

    /// Returns a time limit; none at all would let one site hold a worker for ever.
    pub(super) fn limit(&self, variable: &str, default: Duration) -> Result<Duration, ConfigError> {
        match self.seconds(variable, default)? {
            Duration::ZERO => Err(ConfigError(format!(
                "{variable} is 0: it must be a number of seconds above 0, such as {}",
                default.as_secs_f64()
            ))),
            limit => Ok(limit),
        }
    }

    pub(super) fn bytes(&self, variable: &str, default: usize) -> Result<usize, ConfigError> {
        const RANGE: std::ops::RangeInclusive<usize> = 1024..=1024 * 1024 * 1024;
        let wanted = format!(
            "a number of bytes from {} to {}, such as {default}",
            RANGE.start(),
            RANGE.end()
        );
        match self.parsed(variable, &wanted)? {
            None => Ok(default),
            Some(value) if RANGE.contains(&value) => Ok(value),
            Some(value) => Err(ConfigError(format!("{variable} is {value}: it must be {wanted}"))),
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
        match ::url::Host::parse(name.trim_end_matches('.')) {
            Ok(::url::Host::Domain(host)) if !host.contains('*') => Ok(Self {
                host,
                below,
                port,
                to: to.trim().parse().map_err(|_| ())?,
            }),
            _ => Err(()),
        }
    }
}

/// A range of addresses, written as `127.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpNet {
    first: IpAddr,
    prefix: u8,
}

impl IpNet {
    /// Returns the range of the addresses that share the first `prefix` bits of `first`.
    #[must_use]
    pub const fn v4(first: [u8; 4], prefix: u8) -> Self {
        let [a, b, c, d] = first;
        Self {
            first: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
            prefix,
        }
    }

    /// Returns the range of the addresses that share the first `prefix` bits of `first`.
    #[must_use]
    pub const fn v6(first: [u16; 8], prefix: u8) -> Self {
        let [a, b, c, d, e, f, g, h] = first;
        Self {
            first: IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)),
            prefix,
        }
    }

    /// Returns whether the range holds `address`.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let differing = match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => (first.to_bits() ^ address.to_bits()).leading_zeros(),
            (IpAddr::V6(first), IpAddr::V6(address)) => (first.to_bits() ^ address.to_bits()).leading_zeros(),
            _ => return false,
        };
        differing >= u32::from(self.prefix)
    }
}

impl FromStr for IpNet {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (first, prefix) = match text.split_once('/') {
            Some((first, prefix)) => (first, Some(prefix.parse::<u8>().map_err(|_| ())?)),
            None => (text, None),
        };
        let first: IpAddr = first.parse().map_err(|_| ())?;
        let bits = if first.is_ipv4() { 32 } else { 128 };
        match prefix.unwrap_or(bits) {
            prefix if prefix <= bits => Ok(Self { first, prefix }),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read_from;

    fn read(variable: &str, value: &str) -> Result<FetchConfig, String> {
        read_from(&[(variable, value)], |settings| settings.fetch())
    }

    #[test]
    fn by_default_nothing_private_may_be_fetched() {
        let config = read("", "").unwrap();
        assert_eq!(config, FetchConfig::default());
        assert!(config.connect_to.is_empty() && config.allow_nets.is_empty());
    }

    #[test]
    fn names_lead_where_the_operator_says() {
        let text = "shop.test=127.0.0.1:8081, *.Bench.test:443=[::1]:9000,";
        let rules = read("SCRAPERSKY_CONNECT_TO", text).unwrap().connect_to;
        let found = |host, port| {
            rules
                .iter()
                .find(|rule| rule.matches(host, port))
                .map(|rule| rule.to().to_string())
        };
        assert_eq!(found("shop.test", 80).unwrap(), "127.0.0.1:8081");
        assert_eq!(found("shop.test", 8443).unwrap(), "127.0.0.1:8081");
        assert_eq!(found("a.b.bench.test", 443).unwrap(), "[::1]:9000");
        for (host, port) in [
            ("bench.test", 443),
            (".bench.test", 443),
            ("a.bench.test", 80),
            ("www.shop.test", 80),
            ("xbench.test", 443),
        ] {
            assert_eq!(found(host, port), None, "{host}:{port}");
        }
    }

    #[test]
    fn a_rule_that_is_none_is_named() {
        for rule in [
            "shop.test",
            "shop.test=here:80",
            "1.2.3.4=127.0.0.1:80",
            "*=127.0.0.1:80",
            "a.*.b=127.0.0.1:80",
        ] {
            let error = read("SCRAPERSKY_CONNECT_TO", rule).unwrap_err();
            assert!(
                error.contains(&format!("{rule:?}")) && error.contains("such as"),
                "{error}"
            );
        }
        let error = read("SCRAPERSKY_ALLOW_NETS", "127.0.0.0/33").unwrap_err();
        assert_eq!(
            error,
            "SCRAPERSKY_ALLOW_NETS holds \"127.0.0.0/33\": each entry must be an address range, such as 127.0.0.0/8 \
             or fd00::/8"
        );
        assert!(
            read("SCRAPERSKY_FETCH_TIMEOUT_SECONDS", "0")
                .unwrap_err()
                .contains("above 0")
        );
        assert!(
            read("SCRAPERSKY_FETCH_MAX_BODY_BYTES", "1")
                .unwrap_err()
                .contains("from 1024")
        );
        assert!(read("SCRAPERSKY_USER_AGENT", "é").unwrap_err().contains("ASCII"));
    }

    #[test]
    fn a_range_holds_its_addresses_only() {
        let net: IpNet = "10.1.0.0/16".parse().unwrap();
        let holds = |address: &str| net.contains(address.parse().unwrap());
        assert!(holds("10.1.0.0") && holds("10.1.255.255"));
        assert!(!holds("10.0.255.255") && !holds("10.2.0.0") && !holds("::ffff:10.1.0.0"));
        let all: IpNet = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("255.255.255.255".parse().unwrap()));
        let one: IpNet = "fd00::1".parse().unwrap();
        assert!(one.contains("fd00::1".parse().unwrap()) && !one.contains("fd00::2".parse().unwrap()));
    }
}
