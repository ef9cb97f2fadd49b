//! Errors of calls to Google.

use std::time::Duration;

use database::models::enums::Outcome;
use jobs::{JobError, Retry};
use web::fetch::FetchError;

use crate::failure::outcome;

/// The reason why a call to Google failed.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// No key is configured.
    #[error("places cannot be searched: GOOGLE_MAPS_API_KEY is not set")]
    NoKey,
    /// The key, or its use for this call, is refused.
    #[error("Google refused the request: {0}")]
    Denied(String),
    /// The quota is used up; with the time after which to retry, if known.
    #[error("Google's quota is used up: {0}")]
    Quota(String, Option<Duration>),
    /// The request is not valid, or the page is not available yet.
    #[error("Google refused the request as invalid: {0}")]
    Invalid(String),
    /// Google failed to process the request.
    #[error("Google failed: {0}")]
    Failed(String),
    /// The response cannot be read.
    #[error("Google's response cannot be read: {0}")]
    Malformed(&'static str),
    /// The place no longer exists.
    #[error("Google no longer has this place")]
    Gone,
    /// Google could not be reached.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

impl PlacesError {
    /// Returns whether the call is probably billed: it is if Google may have processed it.
    #[must_use]
    pub fn is_billed(&self) -> bool {
        matches!(
            self,
            Self::Malformed(_) | Self::Gone | Self::Fetch(FetchError::Timeout { .. } | FetchError::Broken { .. })
        )
    }
}

impl From<PlacesError> for JobError {
    fn from(error: PlacesError) -> Self {
        let message = error.to_string();
        match error {
            PlacesError::NoKey | PlacesError::Denied(_) | PlacesError::Invalid(_) | PlacesError::Gone => {
                Self::permanent(Outcome::Upstream, message)
            }
            PlacesError::Quota(_, Some(after)) => {
                Self::new(Outcome::Upstream, message).retry(Retry::After(after.min(Duration::from_secs(3600))))
            }
            PlacesError::Quota(_, None) | PlacesError::Failed(_) => Self::new(Outcome::Upstream, message),
            PlacesError::Malformed(_) => Self::new(Outcome::Parse, message),
            PlacesError::Fetch(error) if error.is_shortage() => Self::shortage(message),
            PlacesError::Fetch(error) if error.is_transient() => Self::new(outcome(&error), message),
            PlacesError::Fetch(error) => Self::permanent(outcome(&error), message),
        }
    }
}
