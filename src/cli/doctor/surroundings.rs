//! Checks of what surrounds the program: settings, the key for Google, names, the network and the port.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::report::Report;
use crate::config::Config;

/// A host that is there for examples, and answers on this port.
const HOST: &str = "example.com";
const PORT: u16 = 443;
/// How long a name server, and then a connection, may take.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How the keys of Google begin, and how many characters they have.
const KEY_PREFIX: &str = "AIza";
const KEY_CHARS: usize = 39;

/// Checks settings, key and port.
pub(super) fn examine(config: &Config, report: &mut Report) {
    for unknown in &config.unknown {
        report.bad(unknown);
    }
    match &config.places.key {
        None => report.note("GOOGLE_MAPS_API_KEY is not set: places cannot be searched"),
        Some(key) if is_plausible(key.expose_secret()) => report.good("the key for Google is set, and has the form of one"),
        Some(_) => report.note(format_args!(
            "GOOGLE_MAPS_API_KEY does not have the form of a key: Google's begin with {KEY_PREFIX} and have {KEY_CHARS} \
             letters, digits, - and _"
        )),
    }
    match config.listening_address() {
        Err(error) => report.bad(error),
        Ok(address) => examine_port(address, report),
    }
}

fn is_plausible(key: &str) -> bool {
    key.starts_with(KEY_PREFIX)
        && key.len() == KEY_CHARS
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Listens where the server would, for a moment.
fn examine_port(address: SocketAddr, report: &mut Report) {
    match TcpListener::bind(address) {
        Ok(_) => report.good(format_args!("the server can listen on {address}")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => report.note(format_args!(
            "port {} of {} is in use, by a server that runs already or by another program: `serve --port` or ROCKET_PORT \
             set another port",
            address.port(),
            address.ip()
        )),
        Err(error) => report.bad(format_args!(
            "the server cannot listen on {address}: {error}; ROCKET_ADDRESS and ROCKET_PORT set where it listens"
        )),
    }
}

/// Resolves a name, and connects to its host. Without a network only this machine's sites can be scanned, which is no failure.
pub(super) async fn examine_network(report: &mut Report) {
    let begun = Instant::now();
    let found = match timeout(TIMEOUT, lookup_host((HOST, PORT))).await {
        Ok(Ok(found)) => found.collect::<Vec<_>>(),
        Ok(Err(error)) => {
            report.note(format_args!(
                "names cannot be resolved ({HOST}: {error}): no site can be scanned"
            ));
            return;
        }
        Err(_) => {
            report.note(format_args!(
                "no name server answered about {HOST} within {} s: no site can be scanned",
                TIMEOUT.as_secs()
            ));
            return;
        }
    };
    report.good(format_args!(
        "names are resolved ({HOST} in {} ms)",
        begun.elapsed().as_millis()
    ));
    let begun = Instant::now();
    match timeout(TIMEOUT, connect(&found)).await {
        Ok(Ok(())) => report.good(format_args!(
            "other hosts are reached ({HOST}:{PORT} in {} ms)",
            begun.elapsed().as_millis()
        )),
        Ok(Err(error)) => report.note(format_args!(
            "other hosts cannot be reached ({HOST}:{PORT}: {error}): no site can be scanned"
        )),
        Err(_) => report.note(format_args!(
            "{HOST}:{PORT} did not answer within {} s: no site can be scanned, if others do not either",
            TIMEOUT.as_secs()
        )),
    }
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<()> {
    TcpStream::connect(addresses).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_recognised_by_their_form() {
        assert!(is_plausible("AIzaSyA-1234567890_abcdefghijklmnopqrst"));
        for wrong in [
            "",
            "demo",
            "AIza",
            "AIzaSyA-1234567890_abcdefghijklmnopqrs ",
            "BIzaSyA-1234567890_abcdefghijklmnopqrst",
        ] {
            assert!(!is_plausible(wrong), "{wrong}");
        }
    }
}
