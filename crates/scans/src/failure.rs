//! The mapping of failed fetches to outcomes of jobs.

use std::time::Duration;

use database::models::enums::Outcome;
use jobs::{JobError, Retry};
use web::fetch::{FailureKind, FetchError};
use web::stand_in::StandIn;

/// Maximum pause before the next attempt that a site may request.
const MAX_PAUSE: Duration = Duration::from_secs(15 * 60);

/// How long to wait when no name server answers: most outages pass within minutes.
const DNS_PAUSE: Duration = Duration::from_secs(30);

/// The last attempt at resolving a name.
const MAX_DNS_ATTEMPTS: i32 = 5;

/// The last attempt at a site that does not answer: it occupies a worker for longest.
const MAX_HUNG_ATTEMPTS: i32 = 2;

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

/// Returns the job's error for a failed fetch: it is retried if that may help, and not before the site allows it.
pub(super) fn job_error(error: &FetchError, attempt: i32) -> JobError {
    let (outcome, message) = (outcome(error), error.to_string());
    match error {
        _ if error.is_shortage() => JobError::shortage(message),
        _ if !error.is_transient() => JobError::permanent(outcome, message),
        _ if error.is_dns_outage() => JobError::new(outcome, message).retry(if attempt < MAX_DNS_ATTEMPTS {
            Retry::After(DNS_PAUSE)
        } else {
            Retry::Never
        }),
        _ if error.kind() == FailureKind::Timeout && attempt >= MAX_HUNG_ATTEMPTS => {
            JobError::permanent(outcome, message)
        }
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

    #[test]
    fn an_outage_of_dns_is_outlasted_and_a_name_that_does_not_exist_is_final() {
        let dns = |temporary| FetchError::Dns {
            host: host(),
            temporary,
        };
        let mut waited = Duration::ZERO;
        for attempt in 1..MAX_DNS_ATTEMPTS {
            match job_error(&dns(true), attempt).when_retried() {
                Retry::After(pause) => waited += pause,
                other => panic!("attempt {attempt}: {other:?}"),
            }
        }
        assert!(waited > Duration::from_secs(100), "{waited:?}");
        assert_eq!(job_error(&dns(true), MAX_DNS_ATTEMPTS).when_retried(), Retry::Never);
        assert_eq!(job_error(&dns(false), 1).when_retried(), Retry::Never);
    }

    #[test]
    fn a_site_that_hangs_is_tried_twice() {
        let hung = FetchError::Timeout {
            host: host(),
            what: "the answer",
            limit: Duration::from_secs(20),
        };
        assert_eq!(job_error(&hung, 1).when_retried(), Retry::Later);
        assert_eq!(job_error(&hung, 2).when_retried(), Retry::Never);
    }

    #[test]
    fn a_site_says_when_to_come_back() {
        let busy = |seconds| FetchError::Status {
            host: host(),
            status: 503,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        let pause = |seconds| job_error(&busy(seconds), 1).when_retried();
        assert_eq!(pause(40), Retry::After(Duration::from_secs(40)));
        assert_eq!(pause(100_000), Retry::After(MAX_PAUSE));
    }
}
