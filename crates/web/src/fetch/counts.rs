//! Counts of the requests to other hosts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::body::Answer;
use super::error::{FailureKind, FetchError};

/// The labels of requests: the class of the answer's status, or why there is none.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Fetched {
    outcome: &'static str,
}

/// Counts of requests to other hosts, robots.txt and redirects included; clones share them.
#[derive(Clone, Debug, Default)]
pub struct FetchCounts {
    requests: Family<Fetched, Counter>,
    bytes: Counter,
}

impl FetchCounts {
    /// Adds the counts to what is shown.
    pub fn register(&self, registry: &mut Registry) {
        let Self { requests, bytes } = self;
        registry.register(
            "fetches",
            "Requests to other hosts, by the class of the answer's status or the reason why there is none",
            requests.clone(),
        );
        registry.register(
            "fetched_bytes",
            "Bytes of the bodies that other hosts sent, decompressed",
            bytes.clone(),
        );
    }

    /// Counts a request.
    pub(super) fn note(&self, answer: &Result<Answer, FetchError>) {
        let outcome = match answer {
            Ok(answer) => {
                self.bytes.inc_by(answer.bytes);
                class(answer.status.as_u16())
            }
            Err(error) => word(error.kind()),
        };
        self.requests.get_or_create(&Fetched { outcome }).inc();
    }
}

const fn class(status: u16) -> &'static str {
    match status {
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    }
}

const fn word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::RefusedAddress => "refused_address",
        FailureKind::Dns => "dns",
        FailureKind::Connection => "connection",
        FailureKind::Tls => "tls",
        FailureKind::Timeout => "timeout",
        FailureKind::TooLarge => "too_large",
        FailureKind::Status | FailureKind::OtherSite | FailureKind::StandIn(_) | FailureKind::Robots => "refused",
        FailureKind::Unreadable => "unreadable",
        FailureKind::Local => "local",
    }
}
