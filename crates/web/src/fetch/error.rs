//! Why a fetch failed.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

/// A failed fetch, displayed as the sentence a person reads.
///
/// It names the host and never the rest of the URL, which may hold what is not for everyone's eyes,
/// nor the addresses a name leads to, which would tell a client about the network we are in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// What the URL or a redirect names is not fetched over HTTP.
    #[error("URLs of scheme {0} cannot be fetched; expected http or https")]
    Scheme(String),
    /// The URL cannot be fetched.
    #[error("the URL cannot be fetched: {0}")]
    BadUrl(&'static str),
    /// The host is, or its name leads to, an address that is not public.
    #[error("{host} cannot be fetched: it leads to {what}, and only public addresses are allowed")]
    RefusedAddress {
        /// The host of the URL.
        host: String,
        /// What the address is.
        what: &'static str,
    },
    /// The port is another protocol's.
    #[error("port {port} of {host} cannot be fetched: it belongs to another protocol than HTTP")]
    RefusedPort {
        /// The host of the URL.
        host: String,
        /// The port.
        port: u16,
    },
    /// The name does not resolve.
    #[error("{host} does not resolve to an address{}", if *.temporary { ": no name server answered" } else { "" })]
    Dns {
        /// The name.
        host: String,
        /// Whether nobody could be asked, rather than the name not being there.
        temporary: bool,
    },
    /// No connection came about.
    #[error("{host} cannot be connected to: {reason}")]
    Connect {
        /// The host of the URL.
        host: String,
        /// The system's word for it.
        reason: String,
    },
    /// No encrypted connection came about.
    #[error("{host} cannot be reached over TLS: {reason}")]
    Tls {
        /// The host of the URL.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// A time limit passed.
    #[error("{host} took too long: {what} did not end within {} s", .limit.as_secs_f64())]
    Timeout {
        /// The host of the URL.
        host: String,
        /// What took too long.
        what: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The answer is larger than what is taken.
    #[error("{host} sent {what} larger than {limit} bytes, the limit")]
    TooLarge {
        /// The host of the URL.
        host: String,
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The host redirects without end.
    #[error("{host} redirects {}", if *.looping { "in a circle".to_owned() } else { format!("more than {followed} times") })]
    Redirects {
        /// The host of the URL that was asked for.
        host: String,
        /// How many redirects were followed.
        followed: usize,
        /// Whether a URL came up twice.
        looping: bool,
    },
    /// The host redirects to something that is no URL.
    #[error("{host} redirects to an invalid URL")]
    BadRedirect {
        /// The host of the URL.
        host: String,
    },
    /// The status says that the answer is not the page.
    #[error("{host} answered with status {status}")]
    Status {
        /// The host of the URL.
        host: String,
        /// The status.
        status: u16,
        /// When the host asks to be visited again.
        retry_after: Option<Duration>,
    },
    /// The robots.txt forbids it.
    #[error("robots.txt of {host} forbids fetching this page")]
    Robots {
        /// The host of the URL.
        host: String,
    },
    /// The robots.txt is there but cannot be had, which forbids everything (RFC 9309, 2.3.1.4).
    #[error("robots.txt of {host} answered with status {status}; nothing may be fetched until it can be read")]
    RobotsUnavailable {
        /// The host of the URL.
        host: String,
        /// The status.
        status: u16,
    },
    /// The body is not of a kind that is asked for.
    #[error("{host} answered with {found} instead of {wanted}")]
    ContentType {
        /// The host of the URL.
        host: String,
        /// What came.
        found: String,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The body is compressed in a way that was not asked for.
    #[error("{host} sent its answer in the unsupported encoding {encoding}")]
    Encoding {
        /// The host of the URL.
        host: String,
        /// What came.
        encoding: String,
    },
    /// What came is no HTTP, or its compression is damaged.
    #[error("{host} sent {what} that cannot be read")]
    Malformed {
        /// The host of the URL.
        host: String,
        /// What cannot be read.
        what: &'static str,
    },
    /// What came could not be kept.
    #[error("a temporary file could not be written: {0}")]
    File(io::ErrorKind),
    /// The connection ended before the answer did.
    #[error("{host} ended the connection before its answer was complete")]
    Broken {
        /// The host of the URL.
        host: String,
    },
}

/// What kind of failure a [`FetchError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// What the URL names may not be fetched.
    RefusedAddress,
    /// The name does not resolve.
    Dns,
    /// No connection came about, or it ended too early.
    Connection,
    /// No encrypted connection came about.
    Tls,
    /// A time limit passed.
    Timeout,
    /// The answer is larger than what is taken.
    TooLarge,
    /// The host answered, but not with the page.
    Status,
    /// The robots.txt forbids it.
    Robots,
    /// What came, or the URL, cannot be read.
    Unreadable,
    /// This machine could not keep what came.
    Local,
}

impl FetchError {
    /// Returns what kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Scheme(_) | Self::RefusedAddress { .. } | Self::RefusedPort { .. } => FailureKind::RefusedAddress,
            Self::Dns { .. } => FailureKind::Dns,
            Self::Connect { .. } | Self::Broken { .. } => FailureKind::Connection,
            Self::Tls { .. } => FailureKind::Tls,
            Self::Timeout { .. } => FailureKind::Timeout,
            Self::TooLarge { .. } => FailureKind::TooLarge,
            Self::Redirects { .. } | Self::Status { .. } => FailureKind::Status,
            Self::Robots { .. } | Self::RobotsUnavailable { .. } => FailureKind::Robots,
            Self::BadUrl(_)
            | Self::BadRedirect { .. }
            | Self::ContentType { .. }
            | Self::Encoding { .. }
            | Self::Malformed { .. } => FailureKind::Unreadable,
            Self::File(_) => FailureKind::Local,
        }
    }

    /// Returns whether trying again later may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Dns { temporary, .. } => *temporary,
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::RobotsUnavailable { .. }
            | Self::Broken { .. }
            | Self::File(_) => true,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }
}

/// Is returned through the HTTP client when a name leads nowhere that may be connected to.
#[derive(Debug, thiserror::Error)]
pub(super) enum ResolveError {
    /// All its addresses are refused, the first because of what it is.
    #[error("the name leads to {0}")]
    Refused(&'static str),
    /// There is no answer.
    #[error("the name does not resolve: {0}")]
    Failed(io::Error),
}

impl ResolveError {
    /// Returns whether another answer can be expected later.
    pub(super) fn is_temporary(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            // `getaddrinfo` tells "no such name" from "nobody answered" in words only: the GNU C
            // library's and musl's.
            Self::Failed(error) => {
                let said = error.to_string();
                said.contains("Temporary failure") || said.contains("Try again")
            }
        }
    }
}

/// What was going on when the HTTP client failed.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) host: &'a str,
    pub(super) https: bool,
    pub(super) connect_timeout: Duration,
    pub(super) max_header: usize,
}

impl Attempt<'_> {
    /// Returns what the HTTP client's failure means.
    pub(super) fn failed(self, error: &reqwest::Error) -> FetchError {
        let host = self.host.to_owned();
        let causes = || causes(error);
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
            let reason = tls_reason(tls);
            return FetchError::Tls { host, reason };
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

    /// Returns what it means that there is no connection.
    fn unconnected(self, io: Option<&io::Error>) -> FetchError {
        let host = self.host.to_owned();
        match io {
            // The peer hung up in the middle of the TLS handshake.
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

    /// Returns what it means that an answer cannot be read.
    fn unreadable(self, http: &hyper::Error) -> FetchError {
        let host = self.host.to_owned();
        if http.is_parse_too_large() {
            FetchError::TooLarge {
                host,
                what: "headers",
                limit: self.max_header,
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

/// Returns the errors behind an error, through the I/O errors that carry others without naming them
/// as their source.
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
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS",
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

    #[test]
    fn each_error_is_a_sentence_about_the_host() {
        let host = || "shop.test".to_owned();
        let limit = Duration::from_millis(1500);
        for (error, sentence, kind, transient) in [
            (
                FetchError::Dns {
                    host: host(),
                    temporary: true,
                },
                "shop.test does not resolve to an address: no name server answered",
                FailureKind::Dns,
                true,
            ),
            (
                FetchError::Dns {
                    host: host(),
                    temporary: false,
                },
                "shop.test does not resolve to an address",
                FailureKind::Dns,
                false,
            ),
            (
                FetchError::Timeout {
                    host: host(),
                    what: "the answer",
                    limit,
                },
                "shop.test took too long: the answer did not end within 1.5 s",
                FailureKind::Timeout,
                true,
            ),
            (
                FetchError::Redirects {
                    host: host(),
                    followed: 5,
                    looping: false,
                },
                "shop.test redirects more than 5 times",
                FailureKind::Status,
                false,
            ),
            (
                FetchError::Status {
                    host: host(),
                    status: 503,
                    retry_after: None,
                },
                "shop.test answered with status 503",
                FailureKind::Status,
                true,
            ),
        ] {
            assert_eq!(
                (error.to_string().as_str(), error.kind(), error.is_transient()),
                (sentence, kind, transient)
            );
        }
    }
}
