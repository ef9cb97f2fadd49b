//! The mapping of failed fetches to outcomes of jobs.

use std::time::Duration;

use database::models::enums::Outcome;
use jobs::{JobError, Retry};
use web::fetch::{FailureKind, FetchError};
use web::stand_in::StandIn;

/// Maximum pause before the next attempt that a site may request.
const MAX_PAUSE: Duration = Duration::from_secs(15 * 60);

/// Returns the outcome of a job whose fetch failed.
pub(super) fn outcome(error: &FetchError) -> Outcome {
    match error.kind() {
        FailureKind::RefusedAddress => Outcome::RefusedAddress,
        FailureKind::Dns => Outcome::Dns,
        FailureKind::Connection => Outcome::Upstream,
        FailureKind::Tls => Outcome::Tls,
        FailureKind::Timeout => Outcome::Timeout,
        FailureKind::TooLarge => Outcome::TooLarge,
        FailureKind::Status => Outcome::BlockedStatus,
        FailureKind::OtherSite => Outcome::RedirectsTo,
        FailureKind::StandIn(what) => stand_in(what),
        FailureKind::Robots => Outcome::BlockedRobots,
        FailureKind::Unreadable => Outcome::Parse,
        FailureKind::Local => Outcome::Internal,
    }
}

/// Returns the outcome for a page that is not the site's own.
pub(super) fn stand_in(what: StandIn) -> Outcome {
    match what {
        StandIn::Challenge => Outcome::BotChallenge,
        StandIn::Parked => Outcome::Parked,
        StandIn::DefaultPage => Outcome::DefaultPage,
        StandIn::Shell => Outcome::NeedsRendering,
    }
}

/// Returns whether the host sent no response, rather than one that is not a page.
pub(super) fn is_silence(error: &FetchError) -> bool {
    matches!(
        error.kind(),
        FailureKind::Tls | FailureKind::Timeout | FailureKind::Connection
    )
}

/// Returns the real cause of two failures: a host returned no page by https, and then none by http.
pub(super) fn real_cause(https: FetchError, http: FetchError) -> FetchError {
    match (https.kind(), http.kind()) {
        // A response from the site explains more than the lack of one.
        _ if !is_silence(&http) || matches!(http, FetchError::Broken { .. }) => http,
        // The host never responds, whatever the result of TLS.
        (_, FailureKind::Timeout) => http,
        (FailureKind::Timeout, _) => https,
        // The host does not offer TLS, so the failure of http matters.
        _ if matches!(https, FetchError::NoTls { .. }) => http,
        _ => https,
    }
}

/// Returns the job's error for a failed fetch: it is retried if that may help, and not before the site allows it.
pub(super) fn job_error(error: &FetchError) -> JobError {
    let (outcome, message) = (outcome(error), error.to_string());
    match error {
        _ if error.is_shortage() => JobError::shortage(message),
        _ if !error.is_transient() => JobError::permanent(outcome, message),
        FetchError::Status {
            retry_after: Some(pause),
            ..
        } => JobError::new(outcome, message).retry(Retry::After((*pause).min(MAX_PAUSE))),
        _ => JobError::new(outcome, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> String {
        "shop.test".to_owned()
    }

    fn timeout() -> FetchError {
        FetchError::Timeout {
            host: host(),
            what: "the answer",
            limit: Duration::from_secs(1),
        }
    }

    fn refused() -> FetchError {
        FetchError::Connect {
            host: host(),
            reason: "it refuses connections".to_owned(),
        }
    }

    fn expired() -> FetchError {
        FetchError::Tls {
            host: host(),
            reason: "its certificate has expired".to_owned(),
        }
    }

    fn forbidden() -> FetchError {
        FetchError::Status {
            host: host(),
            status: 403,
            retry_after: None,
        }
    }

    #[test]
    fn the_failure_with_the_real_cause_is_reported() {
        let no_tls = || FetchError::NoTls { host: host() };
        let broken = || FetchError::Broken { host: host() };
        for (https, http, told) in [
            (no_tls(), timeout(), timeout()),
            (expired(), timeout(), timeout()),
            (refused(), timeout(), timeout()),
            (timeout(), refused(), timeout()),
            (no_tls(), broken(), broken()),
            (no_tls(), refused(), refused()),
            (expired(), refused(), expired()),
            (expired(), forbidden(), forbidden()),
            (refused(), broken(), broken()),
        ] {
            assert_eq!(real_cause(https.clone(), http.clone()), told, "{https}, then {http}");
        }
    }
}
