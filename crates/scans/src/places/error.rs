//! Why a call to Google failed.

use std::time::Duration;

use database::models::enums::Outcome;
use jobs::{JobError, Retry};
use web::fetch::FetchError;

use crate::failure::outcome;

/// Why a call to Google failed.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// The operator has set no key.
    #[error("places cannot be searched: GOOGLE_MAPS_API_KEY is not set")]
    NoKey,
    /// The key or what it is used for is refused.
    #[error("Google refused the request: {0}")]
    Denied(String),
    /// Too much was asked; perhaps when to ask again.
    #[error("Google's quota is used up: {0}")]
    Quota(String, Option<Duration>),
    /// The request is not one, or a page is asked for too early.
    #[error("Google finds the request invalid: {0}")]
    Invalid(String),
    /// Google failed.
    #[error("Google failed: {0}")]
    Failed(String),
    /// The answer cannot be read.
    #[error("Google's answer cannot be read: {0}")]
    Malformed(&'static str),
    /// The place does not exist any more.
    #[error("Google does not know this place any more")]
    Gone,
    /// Google could not be reached.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

impl PlacesError {
    /// Returns whether the call is billed, as far as one can know: one that may have reached its end is.
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
            PlacesError::Fetch(error) if error.is_transient() => Self::new(outcome(&error), message),
            PlacesError::Fetch(error) => Self::permanent(outcome(&error), message),
        }
    }
}
