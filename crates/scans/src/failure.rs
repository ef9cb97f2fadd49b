//! What a failed fetch means to a job.

use std::time::Duration;

use database::models::enums::Outcome;
use web::fetch::{FailureKind, FetchError};
use web::stand_in::StandIn;

use jobs::{JobError, Retry};

/// The longest pause that a site may ask for before the next attempt.
const MAX_PAUSE: Duration = Duration::from_secs(15 * 60);

/// Returns the outcome that a job ends with because of a failed fetch.
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

/// Returns the outcome of a page that is not the site's own.
pub(super) fn stand_in(what: StandIn) -> Outcome {
    match what {
        StandIn::Challenge => Outcome::BotChallenge,
        StandIn::Parked => Outcome::Parked,
        StandIn::DefaultPage => Outcome::DefaultPage,
        StandIn::Shell => Outcome::NeedsRendering,
    }
}

/// Returns the failed attempt that a failed fetch is: retried where that may help, and not before the site allows it.
pub(super) fn job_error(error: &FetchError) -> JobError {
    let (outcome, message) = (outcome(error), error.to_string());
    match error {
        _ if !error.is_transient() => JobError::permanent(outcome, message),
        FetchError::Status {
            retry_after: Some(pause),
            ..
        } => JobError::new(outcome, message).retry(Retry::After((*pause).min(MAX_PAUSE))),
        _ => JobError::new(outcome, message),
    }
}
