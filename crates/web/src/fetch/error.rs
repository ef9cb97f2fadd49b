//! Why a fetch failed.

use std::io;
use std::time::Duration;

use nix::errno::Errno;

use super::tls::{Certificate, TlsFault};
use crate::stand_in::StandIn;

/// A failed fetch, displayed as the sentence a person reads.
///
/// It names the host but not the rest of the URL, which may be confidential, nor the resolved addresses, which would
/// tell clients about the internal network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL or a redirect has another scheme than HTTP's.
    #[error("URLs of scheme {0} cannot be fetched; expected http or https")]
    Scheme(String),
    /// The URL is invalid for fetching.
    #[error("the URL cannot be fetched: {0}")]
    BadUrl(&'static str),
    /// The host is, or resolves to, an address that is not public.
    #[error("{host} cannot be fetched: it leads to {what}, and only public addresses are allowed")]
    RefusedAddress {
        /// The host of the URL.
        host: String,
        /// The kind of address.
        what: &'static str,
    },
    /// The port belongs to another protocol.
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
        /// Whether no name server answered, rather than the name not existing.
        temporary: bool,
    },
    /// No connection could be made.
    #[error("{host} cannot be connected to: {reason}")]
    Connect {
        /// The host of the URL.
        host: String,
        /// The system's reason.
        reason: String,
    },
    /// No TLS connection could be made.
    #[error("{host} cannot be reached over TLS: {fault}")]
    Tls {
        /// The host of the URL.
        host: String,
        /// What is wrong.
        fault: TlsFault,
        /// The certificate that is refused.
        certificate: Option<Box<Certificate>>,
    },
    /// A time limit was exceeded.
    #[error("{host} took too long: {what} did not end within {} s", (.limit.as_secs_f64() * 10.0).round() / 10.0)]
    Timeout {
        /// The host of the URL.
        host: String,
        /// What took too long.
        what: &'static str,
        /// The limit.
        limit: Duration,
    },
    /// The response is too large.
    #[error("{host} sent {what} larger than {limit} bytes, the limit")]
    TooLarge {
        /// The host of the URL.
        host: String,
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Too many redirects, or a redirect loop.
    #[error("{host} redirects {}", if *.looping { "in a circle".to_owned() } else { format!("more than {followed} times") })]
    Redirects {
        /// The host of the requested URL.
        host: String,
        /// How many redirects were followed.
        followed: usize,
        /// Whether a URL was repeated.
        looping: bool,
    },
    /// The host redirects to an invalid URL.
    #[error("{host} redirects to an invalid URL")]
    BadRedirect {
        /// The host of the URL.
        host: String,
    },
    /// The host redirects to one that cannot be reached.
    #[error("{host} redirects to a host that cannot be reached: {error}")]
    DeadRedirect {
        /// The host of the URL that was asked for.
        host: String,
        /// Why the other one cannot be reached.
        error: Box<FetchError>,
    },
    /// The host redirects to a site under another name that was registered.
    #[error("{host} redirects to another site: {to}")]
    OtherSite {
        /// The host of the URL that was asked for.
        host: String,
        /// Where it redirects to, without query.
        to: String,
    },
    /// Something else stands in the page's place.
    #[error("{host} shows {what} instead of its own page")]
    StandIn {
        /// The host of the URL.
        host: String,
        /// What stands there.
        what: StandIn,
    },
    /// The status says that the answer is not the page.
    #[error("{host} answered with status {status}")]
    Status {
        /// The host of the URL.
        host: String,
        /// The status.
        status: u16,
        /// The requested delay before a retry.
        retry_after: Option<Duration>,
    },
    /// The robots.txt forbids the fetch.
    #[error("robots.txt of {host} forbids fetching this page")]
    Robots {
        /// The host of the URL.
        host: String,
    },
    /// The robots.txt exists but is unavailable, which forbids everything (RFC 9309, 2.3.1.4).
    #[error("robots.txt of {host} answered with status {status}; nothing may be fetched until it can be read")]
    RobotsUnavailable {
        /// The host of the URL.
        host: String,
        /// The status.
        status: u16,
    },
    /// The body has another media type than requested.
    #[error("{host} answered with {found} instead of {wanted}")]
    ContentType {
        /// The host of the URL.
        host: String,
        /// The media type received.
        found: String,
        /// The kind of content requested.
        wanted: &'static str,
    },
    /// The page is empty.
    #[error("{host} answered with status {status} and an empty page")]
    Empty {
        /// The host of the URL.
        host: String,
        /// The status, which is a success.
        status: u16,
    },
    /// The body has an encoding that was not requested.
    #[error("{host} sent its answer in the unsupported encoding {encoding}")]
    Encoding {
        /// The host of the URL.
        host: String,
        /// The encoding received.
        encoding: String,
    },
    /// The response is not valid HTTP, or its compression is damaged.
    #[error("{host} sent {what} that cannot be read")]
    Malformed {
        /// The host of the URL.
        host: String,
        /// What cannot be read.
        what: &'static str,
    },
    /// The response could not be stored.
    #[error("a temporary file could not be written: {0}")]
    File(io::ErrorKind),
    /// This process has as many files and connections open as the system lets it, which says nothing about the host.
    #[error("too many files and connections are open: the limit on open files (ulimit -n) has to be raised")]
    Descriptors,
    /// The connection ended before the response did.
    #[error("{host} ended the connection before its answer was complete")]
    Broken {
        /// The host of the URL.
        host: String,
    },
}

/// The kind of a [`FetchError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The URL's target may not be fetched.
    RefusedAddress,
    /// The name does not resolve.
    Dns,
    /// No connection could be made, or it ended too early.
    Connection,
    /// No TLS connection could be made.
    Tls,
    /// A time limit was exceeded.
    Timeout,
    /// The response is too large.
    TooLarge,
    /// The response has an error status.
    Status,
    /// The host leads to another site.
    OtherSite,
    /// Something else stands in the page's place.
    StandIn(StandIn),
    /// The robots.txt forbids it.
    Robots,
    /// The response or the URL is invalid.
    Unreadable,
    /// This machine could not connect or store the response.
    Local,
}

impl FetchError {
    /// Returns the kind of the failure.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Scheme(_) | Self::RefusedAddress { .. } | Self::RefusedPort { .. } => FailureKind::RefusedAddress,
            Self::Dns { .. } => FailureKind::Dns,
            Self::Connect { .. } | Self::Broken { .. } => FailureKind::Connection,
            Self::Tls { .. } => FailureKind::Tls,
            Self::DeadRedirect { error, .. } => error.kind(),
            Self::Timeout { .. } => FailureKind::Timeout,
            Self::TooLarge { .. } => FailureKind::TooLarge,
            Self::Redirects { .. } | Self::Status { .. } => FailureKind::Status,
            Self::OtherSite { .. } => FailureKind::OtherSite,
            Self::StandIn { what, .. } => FailureKind::StandIn(*what),
            Self::Robots { .. } | Self::RobotsUnavailable { .. } => FailureKind::Robots,
            Self::BadUrl(_)
            | Self::BadRedirect { .. }
            | Self::ContentType { .. }
            | Self::Empty { .. }
            | Self::Encoding { .. }
            | Self::Malformed { .. } => FailureKind::Unreadable,
            Self::File(_) | Self::Descriptors => FailureKind::Local,
        }
    }

    /// Returns whether this machine was short of room or file descriptors: nothing was learned about the host.
    #[must_use]
    pub fn is_shortage(&self) -> bool {
        matches!(
            self,
            Self::Descriptors | Self::File(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        )
    }

    /// Translates a failure to store a response.
    pub(crate) fn stored(error: &io::Error) -> Self {
        if is_out_of_descriptors(error) {
            Self::Descriptors
        } else {
            Self::File(error.kind())
        }
    }

    /// Returns whether a later retry may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Dns { temporary, .. } => *temporary,
            Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::RobotsUnavailable { .. }
            | Self::Broken { .. }
            | Self::File(_) => true,
            Self::DeadRedirect { error, .. } => error.is_transient(),
            // 520 to 530 are a proxy's words for a server behind it that does not answer.
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=527 | 530),
            _ => false,
        }
    }

    /// Returns what is wrong with TLS, and the certificate that was refused.
    #[must_use]
    pub fn tls(&self) -> Option<(&TlsFault, Option<&Certificate>)> {
        match self {
            Self::Tls { fault, certificate, .. } => Some((fault, certificate.as_deref())),
            Self::DeadRedirect { error, .. } => error.tls(),
            _ => None,
        }
    }

    /// Returns whether no name server answered, which says nothing of the site.
    #[must_use]
    pub fn is_dns_outage(&self) -> bool {
        match self {
            Self::Dns { temporary, .. } => *temporary,
            Self::DeadRedirect { error, .. } => error.is_dns_outage(),
            _ => false,
        }
    }

    /// Returns whether the host gave no answer, rather than one that is not a page.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        matches!(
            self.kind(),
            FailureKind::Tls | FailureKind::Timeout | FailureKind::Connection
        )
    }
}

/// Returns whether the process or the system has no file descriptor left.
pub(super) fn is_out_of_descriptors(error: &io::Error) -> bool {
    let code = error.raw_os_error().map(Errno::from_raw);
    matches!(code, Some(Errno::EMFILE | Errno::ENFILE))
}

#[cfg(test)]
mod tests {
    use super::*;

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
