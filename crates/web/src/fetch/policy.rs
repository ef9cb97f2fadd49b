//! Decides which URLs may be fetched, and where their connections go.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use url::{Host, Url};

use super::FetchError;
use super::address::refusal;
use super::settings::{ConnectTo, FetchConfig};

/// The longest URL to fetch, in bytes; servers commonly accept up to 8,192.
const MAX_URL: usize = 4096;

/// Ports of other protocols that an HTTP request could trigger: the Fetch standard's list
/// (<https://fetch.spec.whatwg.org/#port-blocking>).
const BAD_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109,
    110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531,
    532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060,
    5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// The operator's exceptions to fetching only public addresses.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    allow_nets: Vec<IpNet>,
    connect_to: Vec<ConnectTo>,
}

/// The target of a request's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The host's own addresses.
    Direct,
    /// The address of the rule at this index of [`FetchConfig::connect_to`].
    Rule(usize),
}

impl Policy {
    pub(super) fn new(config: &FetchConfig) -> Self {
        Self {
            allow_nets: config.allow_nets.clone(),
            connect_to: config.connect_to.clone(),
        }
    }

    /// Returns the route for `url`, as returned by [`clean`].
    pub(super) fn route(&self, url: &Url) -> Result<Route, FetchError> {
        let host = host_of(url);
        let port = url.port_or_known_default().unwrap_or_default();
        let address = match url.host() {
            Some(Host::Domain(name)) => {
                let rule = self.connect_to.iter().position(|rule| rule.matches(name, port));
                if let Some(index) = rule {
                    return Ok(Route::Rule(index));
                }
                None
            }
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            None => return Err(FetchError::BadUrl("it names no host")),
        };
        if BAD_PORTS.contains(&port) {
            return Err(FetchError::RefusedPort { host, port });
        }
        if let Some(what) = address.and_then(|address| self.refusal(address)) {
            return Err(FetchError::RefusedAddress { host, what });
        }
        Ok(Route::Direct)
    }

    /// Returns why `address` must not be fetched, or `None`.
    pub(super) fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        let real = address.to_canonical();
        if self.allow_nets.iter().any(|net| net.contains(&real)) {
            return None;
        }
        refusal(address)
    }

    /// Returns the addresses of a name that may be fetched, or why the first one is refused.
    pub(super) fn permitted(&self, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, Option<&'static str>> {
        let mut refused = None;
        let mut permitted = addresses;
        permitted.retain(|address| match self.refusal(*address) {
            None => true,
            what => {
                refused = refused.or(what);
                false
            }
        });
        if permitted.is_empty() {
            Err(refused)
        } else {
            Ok(permitted)
        }
    }

    /// Returns the connected peer's address if it was an allowed target.
    pub(super) fn check_peer(
        &self,
        route: Route,
        host: &str,
        peer: Option<SocketAddr>,
    ) -> Result<SocketAddr, FetchError> {
        let refused = |what| FetchError::RefusedAddress {
            host: host.to_owned(),
            what,
        };
        let peer = peer.ok_or_else(|| refused("an unknown address"))?;
        let what = match route {
            Route::Rule(index) => {
                let meant = self.connect_to.get(index).map(ConnectTo::to) == Some(peer);
                (!meant).then_some("another address than it was sent to")
            }
            Route::Direct => self.refusal(peer.ip()),
        };
        what.map_or(Ok(peer), |what| Err(refused(what)))
    }
}

/// Returns `url` as it is fetched: without user information, fragment and the host's final dot.
///
/// # Errors
///
/// For schemes other than http and https, without a host, or over 4,096 bytes.
pub(super) fn clean(url: &Url) -> Result<Url, FetchError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(FetchError::Scheme(url.scheme().to_owned()));
    }
    if url.as_str().len() > MAX_URL {
        return Err(FetchError::BadUrl("it is longer than 4096 bytes"));
    }
    let mut url = url.clone();
    // Neither fails on a URL with a host, which http and https always have.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    if let Some(name) = url.domain().and_then(|name| name.strip_suffix('.')) {
        let name = name.to_owned();
        url.set_host(Some(&name))
            .map_err(|_| FetchError::BadUrl("its host is not a valid name"))?;
    }
    Ok(url)
}

/// Returns the host for messages.
pub(super) fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(config: &FetchConfig, url: &str) -> Result<Route, String> {
        let url = clean(&Url::parse(url).unwrap()).map_err(|error| error.to_string())?;
        Policy::new(config).route(&url).map_err(|error| error.to_string())
    }

    #[test]
    fn every_spelling_of_a_refused_literal_is_refused() {
        for host in [
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0X7F.0.0.1",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "0177.0x0.1",
            "000000000177.0.0.1",
            "%31%32%37.0.0.1",
            "１２７.０.０.１",
            "127。0。0。1",
            "①②⑦.0.0.1",
            "0",
            "0.0.0.0",
            "10.0.0.1",
            "172.31.255.254",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "2852039166",
            "0xa9fea9fe",
            "0251.0376.0251.0376",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::FFFF:7F00:1]",
            "[0:0:0:0:0:ffff:a9fe:a9fe]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::10.0.0.1]",
            "[64:ff9b:1::8.8.8.8]",
            "[2002:7f00:1::]",
            "[2001:0:7f00:1::]",
            "[fe80::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
        ] {
            for url in [
                format!("http://{host}/"),
                format!("HTTPS://{host}:8443/a?b"),
                format!("http://example.com@{host}/"),
                format!("http://example.com:80%2f@{host}/"),
                format!("http:\\\\{host}\\@example.com/"),
            ] {
                let said = route(&FetchConfig::default(), &url);
                assert!(
                    said.as_ref().is_err_and(|said| said.contains("cannot be fetched")),
                    "{url}: {said:?}"
                );
            }
        }
    }

    #[test]
    fn a_zone_or_half_an_address_is_no_url() {
        for url in [
            "http://[fe80::1%25eth0]/",
            "http://127.0.0.1.5/",
            "http://1.2.3.256/",
            "http://[::ffff:127.1]/",
        ] {
            assert!(Url::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn public_literals_and_names_are_routed() {
        for url in [
            "http://8.8.8.8/",
            "https://[2606:4700::1111]:8443/",
            "http://shop.example:8080/",
            "http://127.0.0.1@8.8.8.8/",
        ] {
            assert_eq!(route(&FetchConfig::default(), url), Ok(Route::Direct), "{url}");
        }
    }

    #[test]
    fn ports_of_other_protocols_are_refused() {
        for port in [0, 22, 25, 6667, 10080] {
            let said = route(&FetchConfig::default(), &format!("http://shop.example:{port}/")).unwrap_err();
            assert!(said.contains(&format!("port {port} of shop.example")), "{said}");
        }
    }

    #[test]
    fn the_operator_may_allow_ranges_and_name_addresses() {
        let config = FetchConfig {
            allow_nets: vec!["127.0.0.0/8".parse().unwrap()],
            connect_to: vec!["shop.test=127.0.0.1:25".parse().unwrap()],
            ..FetchConfig::default()
        };
        assert_eq!(route(&config, "http://127.0.0.1/"), Ok(Route::Direct));
        assert_eq!(route(&config, "http://[::ffff:127.0.0.1]/"), Ok(Route::Direct));
        assert_eq!(route(&config, "http://Shop.Test.:25/"), Ok(Route::Rule(0)));
        assert!(route(&config, "http://10.0.0.1/").is_err());
        assert!(route(&config, "http://[64:ff9b::7f00:1]/").is_err());
    }

    #[test]
    fn a_name_keeps_its_permitted_addresses_only() {
        let policy = Policy::new(&FetchConfig::default());
        let addresses = |list: &[&str]| {
            list.iter()
                .map(|address| address.parse().unwrap())
                .collect::<Vec<IpAddr>>()
        };
        let mixed = policy.permitted(addresses(&["10.0.0.1", "8.8.8.8", "::1"]));
        assert_eq!(mixed, Ok(addresses(&["8.8.8.8"])));
        assert_eq!(
            policy.permitted(addresses(&["10.0.0.1", "::1"])),
            Err(Some("a private address"))
        );
        assert_eq!(policy.permitted(Vec::new()), Err(None));
    }

    #[test]
    fn a_url_is_fetched_without_what_is_not_for_the_server() {
        let url = Url::parse("http://user:pass@Shop.Example.:80/a?b#c").unwrap();
        assert_eq!(clean(&url).unwrap().as_str(), "http://shop.example/a?b");
        for (url, said) in [
            ("file:///etc/passwd", "file"),
            ("ftp://shop.example/", "ftp"),
            ("data:,a", "data"),
        ] {
            let error = clean(&Url::parse(url).unwrap()).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
        let long = format!("http://shop.example/{}", "a".repeat(5000));
        assert!(clean(&Url::parse(&long).unwrap()).is_err());
    }
}
