//! Translates failures of the HTTP client.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

use super::error::{FetchError, is_out_of_descriptors};
use super::resolve::ResolveError;
use super::settings::MAX_HEADER;

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
            return match tls {
                rustls::Error::InvalidMessage(_) => FetchError::NoTls { host },
                tls => FetchError::Tls {
                    host,
                    reason: tls_reason(tls),
                },
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
            let io = causes().find_map(|cause| cause.downcast_ref::<io::Error>());
            return self.unconnected(io);
        }
        if let Some(http) = causes().find_map(|cause| cause.downcast_ref::<hyper::Error>()) {
            return self.unreadable(http);
        }
        if error.is_decode() {
            return FetchError::Malformed {
                host,
                what: "compressed content",
            };
        }
        FetchError::Broken { host }
    }

    /// Translates a failure to connect.
    fn unconnected(self, io: Option<&io::Error>) -> FetchError {
        let host = self.host.to_owned();
        match io {
            // The peer disconnected during the TLS handshake.
            Some(io) if self.https && io.kind() == io::ErrorKind::UnexpectedEof => FetchError::Tls {
                host,
                reason: "the server ended the handshake".to_owned(),
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
                what: "headers",
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

fn tls_reason(error: &rustls::Error) -> String {
    let reason = match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another name"
            }
            CertificateError::UnknownIssuer => "its certificate comes from nobody who is trusted",
            CertificateError::Revoked => "its certificate was revoked",
            CertificateError::BadSignature => "the signature of its certificate is wrong",
            _ => "its certificate is not acceptable",
        },
        rustls::Error::PeerIncompatible(_) => "the server has no version or cipher in common with us",
        rustls::Error::AlertReceived(_) => "the server refused the handshake",
        _ => "the handshake failed",
    };
    reason.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_found_inside_io_errors() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let nested = io::Error::other(io::Error::other(tls));
        let found = causes(&nested).find_map(|cause| cause.downcast_ref::<rustls::Error>());
        assert!(matches!(found, Some(rustls::Error::InvalidCertificate(_))));
    }
}
