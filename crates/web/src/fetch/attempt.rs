//! Translates failures of the HTTP client.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use hyper_util::client::legacy;

use super::error::{FetchError, is_out_of_descriptors};
use super::resolve::ResolveError;
use super::settings::MAX_HEADER;
use super::tls::{Judgement, TlsFault};

/// The context of a failed request.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) host: &'a str,
    pub(super) https: bool,
    pub(super) connect_timeout: Duration,
}

impl Attempt<'_> {
    /// Translates the HTTP client's failure.
    pub(super) fn failed(self, error: &reqwest::Error) -> FetchError {
        let host = self.host.to_owned();
        let causes = || causes(error);
        if causes().any(|cause| cause.downcast_ref().is_some_and(is_out_of_descriptors)) {
            return FetchError::Descriptors;
        }
        if let Some(resolve) = causes().find_map(|cause| cause.downcast_ref::<ResolveError>()) {
            return match resolve {
                ResolveError::Refused(what) => FetchError::RefusedAddress { host, what },
                ResolveError::Failed(_) => FetchError::Dns {
                    host,
                    temporary: resolve.is_temporary(),
                },
            };
        }
        if let Some(tls) = causes().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            let judgement = Judgement::of(tls);
            return FetchError::Tls {
                host,
                fault: judgement.map_or_else(|| TlsFault::of(tls), |judgement| judgement.fault.clone()),
                certificate: judgement
                    .and_then(|judgement| judgement.certificate.clone())
                    .map(Box::new),
            };
        }
        if error.is_timeout() {
            return FetchError::Timeout {
                host,
                what: "connecting",
                limit: self.connect_timeout,
            };
        }
        if error.is_builder() {
            return FetchError::BadUrl("its host is not a valid name");
        }
        if error.is_connect() {
            // The innermost: libraries wrap it.
            let io = causes().filter_map(|cause| cause.downcast_ref::<io::Error>()).last();
            return self.unconnected(io);
        }
        if causes().any(|cause| cause.downcast_ref::<h2::Error>().is_some_and(|http2| !http2.is_io())) {
            return FetchError::Malformed {
                host,
                what: "an HTTP/2 answer",
            };
        }
        if let Some(http) = causes().find_map(|cause| cause.downcast_ref::<hyper::Error>()) {
            return self.unreadable(http);
        }
        FetchError::Broken { host }
    }

    /// Returns how a request that failed is worth another try at once.
    pub(super) fn retry(error: &reqwest::Error) -> Option<Again> {
        if error.is_connect() || error.is_timeout() || error.is_builder() {
            return None;
        }
        if let Some(http2) = causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>()) {
            let is_over = matches!(http2.reason(), Some(h2::Reason::NO_ERROR | h2::Reason::REFUSED_STREAM));
            return Some(if http2.is_io() || is_over {
                Again::NewHttp2
            } else {
                Again::Http1
            });
        }
        let http = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>())?;
        let is_dropped = http.is_incomplete_message() || http.is_closed() || http.is_canceled();
        let is_reset = causes(error)
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(|io| matches!(io.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe));
        let client = causes(error).find_map(|cause| cause.downcast_ref::<legacy::Error>());
        let is_http2 = client
            .and_then(legacy::Error::connect_info)
            .is_some_and(legacy::connect::Connected::is_negotiated_h2);
        (is_dropped || is_reset).then_some(if is_http2 {
            Again::NewHttp2
        } else {
            Again::NewConnection
        })
    }

    /// Translates a failure to connect.
    fn unconnected(self, io: Option<&io::Error>) -> FetchError {
        let host = self.host.to_owned();
        match io {
            // The peer disconnected during the TLS handshake.
            Some(io) if self.https && io.kind() == io::ErrorKind::UnexpectedEof => FetchError::Tls {
                host,
                fault: TlsFault::Ended,
                certificate: None,
            },
            io => FetchError::Connect {
                host,
                reason: io.map_or_else(|| "unknown reason".to_owned(), connect_reason),
            },
        }
    }

    /// Translates a failure to read the response.
    fn unreadable(self, http: &hyper::Error) -> FetchError {
        let host = self.host.to_owned();
        if http.is_parse_too_large() {
            FetchError::TooLarge {
                host,
                what: "headers of more than 200 lines or",
                limit: MAX_HEADER as usize,
            }
        } else if http.is_parse() {
            FetchError::Malformed {
                host,
                what: "an HTTP answer",
            }
        } else {
            FetchError::Broken { host }
        }
    }
}

/// Returns whether a connection ended, rather than that it broke.
pub(super) fn is_end(error: &reqwest::Error) -> bool {
    let mut io = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    io.any(|io| io.kind() == io::ErrorKind::UnexpectedEof)
}

/// How a request is tried again at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// On a new connection: the server may have dropped one that was kept.
    NewConnection,
    /// The same, where it spoke HTTP/2: if that fails again, by HTTP/1.1.
    NewHttp2,
    /// By HTTP/1.1: the server asks for it, or breaks the rules of HTTP/2.
    Http1,
}

/// Returns an error's causes, including errors inside I/O errors, which do not report them as their source.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    fn next<'a>(cause: &&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
        let cause: &'a (dyn StdError + 'static) = *cause;
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(carried) => Some(carried),
            None => cause.source(),
        }
    }
    std::iter::successors(Some(error), next)
}

fn connect_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "it refuses connections".to_owned(),
        io::ErrorKind::ConnectionReset => "it ended the connection".to_owned(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "no route leads there".to_owned(),
        io::ErrorKind::TimedOut => "it does not answer".to_owned(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_inside_io_errors() {
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let nested = io::Error::other(io::Error::other(tls));
        let found = causes(&nested).find_map(|cause| cause.downcast_ref::<rustls::Error>());
        assert!(matches!(found, Some(rustls::Error::InvalidCertificate(_))));
    }
}
