//! The servers that a database URL names, and which of them a session is meant for.

use std::net::IpAddr;
use std::path::PathBuf;
use std::{fmt, iter};

use percent_encoding::percent_decode_str;

const DEFAULT_PORT: u16 = 5432;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The folder of its Unix socket.
    Socket(PathBuf),
    /// A host name or address, and the address to use instead of looking the name up.
    Host(String, Option<IpAddr>),
}

/// One server of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) place: Place,
    pub(crate) port: u16,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Socket(folder) => write!(f, "{}:{}", folder.display(), self.port),
            Place::Host(name, _) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Place::Host(name, _) => write!(f, "{name}:{}", self.port),
        }
    }
}

/// Which server of several a session is meant for: libpq's `target_session_attrs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The first that answers.
    Any,
    /// One that accepts writes.
    ReadWrite,
    /// One that refuses writes.
    ReadOnly,
    /// One that is not in recovery.
    Primary,
    /// One that is in recovery.
    Standby,
    /// One that is in recovery, or else the first that answers.
    PreferStandby,
}

impl Wanted {
    /// Returns libpq's name, or `None` for its default.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::ReadWrite => Some("read-write"),
            Self::ReadOnly => Some("read-only"),
            Self::Primary => Some("primary"),
            Self::Standby => Some("standby"),
            Self::PreferStandby => Some("prefer-standby"),
        }
    }

    /// Reads the parameter `target_session_attrs`. Without it, several servers mean the one that accepts writes.
    pub(crate) fn parse(param: Option<&str>, servers: usize) -> Result<Self, String> {
        match param {
            None if servers > 1 => Ok(Self::ReadWrite),
            None | Some("any") => Ok(Self::Any),
            Some("read-write") => Ok(Self::ReadWrite),
            Some("read-only") => Ok(Self::ReadOnly),
            Some("primary") => Ok(Self::Primary),
            Some("standby") => Ok(Self::Standby),
            Some("prefer-standby") => Ok(Self::PreferStandby),
            Some(_) => Err(
                "target_session_attrs must be any, read-write, read-only, primary, standby or prefer-standby"
                    .to_owned(),
            ),
        }
    }
}

/// Returns the servers of a URL: its hosts, each of which may have a port, unless the parameters `host`, `hostaddr` and
/// `port`, which list one per server as in libpq, say otherwise.
pub(crate) fn list<'u>(hosts: &str, param: impl Fn(&str) -> Option<&'u str>) -> Result<Vec<Server>, String> {
    let given = |name: &str| param(name).filter(|text| !text.is_empty());
    let mut names: Vec<(String, Option<&str>)> = match given("host") {
        Some(list) => list.split(',').map(|name| (name.to_owned(), None)).collect(),
        None => hosts.split(',').map(split_port).collect::<Result<_, _>>()?,
    };
    let addresses: Vec<Option<IpAddr>> = match given("hostaddr") {
        Some(list) => list.split(',').map(address).collect::<Result<_, _>>()?,
        None => vec![None; names.len()],
    };
    if given("host").is_none() && hosts.is_empty() {
        names = vec![(String::new(), None); addresses.len()];
    }
    if addresses.len() != names.len() {
        return Err("host and hostaddr must list the same number of servers".to_owned());
    }
    let ports: Vec<&str> = match given("port") {
        Some(list) => list.split(',').collect(),
        None => names.iter().map(|(_, port)| port.unwrap_or_default()).collect(),
    };
    let ports: Vec<&str> = match ports.as_slice() {
        [port] => iter::repeat_n(*port, names.len()).collect(),
        ports if ports.len() == names.len() => ports.to_vec(),
        _ => return Err("port must list one port, or one for each host".to_owned()),
    };
    names
        .into_iter()
        .zip(addresses)
        .zip(ports)
        .map(|(((name, _), address), port)| {
            Ok(Server {
                place: place(name, address),
                port: match port {
                    "" => DEFAULT_PORT,
                    port => port
                        .parse()
                        .map_err(|_| "port must list numbers from 1 to 65535".to_owned())?,
                },
            })
        })
        .collect()
}

fn place(name: String, address: Option<IpAddr>) -> Place {
    match address {
        None if name.starts_with('/') => Place::Socket(name.into()),
        None if name.is_empty() => Place::Host("localhost".to_owned(), None),
        Some(address) if name.is_empty() => Place::Host(address.to_string(), Some(address)),
        address => Place::Host(name, address),
    }
}

fn address(text: &str) -> Result<Option<IpAddr>, String> {
    match text {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| "hostaddr must list IP addresses".to_owned()),
    }
}

/// Splits `host:port` of a URL, whose host may be percent-encoded or an IPv6 address in brackets.
fn split_port(text: &str) -> Result<(String, Option<&str>), String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let host = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    let host = percent_decode_str(host)
        .decode_utf8()
        .map_err(|_| "a host is not UTF-8".to_owned())?;
    Ok((host.into_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_of(hosts: &str, params: &[(&str, &'static str)]) -> Result<Vec<String>, String> {
        let param = |name: &str| params.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        Ok(list(hosts, param)?.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn hosts_of_the_url_have_ports_of_their_own() {
        assert_eq!(list_of("a:1,b,[::1]:3", &[]).unwrap(), ["a:1", "b:5432", "[::1]:3"]);
        assert_eq!(list_of("%2Ftmp%2Fs:7", &[]).unwrap(), ["/tmp/s:7"]);
        assert_eq!(list_of("", &[]).unwrap(), ["localhost:5432"]);
    }

    #[test]
    fn parameters_list_servers_as_in_libpq() {
        for (hosts, params, expected) in [
            ("", [("host", "a,b"), ("port", "1,2")], ["a:1", "b:2"]),
            ("", [("host", "a,b"), ("port", "1,")], ["a:1", "b:5432"]),
            ("", [("host", "/tmp/a,b"), ("port", "7")], ["/tmp/a:7", "b:7"]),
            ("x:9", [("host", "a,b"), ("port", "")], ["a:5432", "b:5432"]),
            ("a,b", [("host", ""), ("port", "1,2")], ["a:1", "b:2"]),
            (
                "",
                [("hostaddr", "10.0.0.1,::1"), ("port", "5")],
                ["10.0.0.1:5", "[::1]:5"],
            ),
            (
                "a,b",
                [("hostaddr", "10.0.0.1,10.0.0.2"), ("port", "")],
                ["a:5432", "b:5432"],
            ),
        ] {
            assert_eq!(list_of(hosts, &params).unwrap(), expected, "{hosts} {params:?}");
        }
    }

    #[test]
    fn lists_of_different_lengths_are_refused() {
        for (params, said) in [
            ([("host", "a,b,c"), ("port", "1,2")], "one for each host"),
            ([("host", "a,b"), ("hostaddr", "10.0.0.1")], "same number"),
            ([("host", "a"), ("port", "x")], "numbers"),
            ([("host", "a"), ("hostaddr", "a")], "IP addresses"),
        ] {
            let error = list_of("", &params).unwrap_err();
            assert!(error.contains(said), "{params:?}: {error}");
        }
    }

    #[test]
    fn several_servers_mean_the_one_that_accepts_writes() {
        assert_eq!(Wanted::parse(None, 1), Ok(Wanted::Any));
        assert_eq!(Wanted::parse(None, 2), Ok(Wanted::ReadWrite));
        assert_eq!(Wanted::parse(Some("any"), 2), Ok(Wanted::Any));
        assert_eq!(Wanted::parse(Some("prefer-standby"), 2), Ok(Wanted::PreferStandby));
        assert!(Wanted::parse(Some("master"), 2).unwrap_err().contains("prefer-standby"));
    }
}
