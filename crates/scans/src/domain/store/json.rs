//! Facts as JSON.

use database::models::values::RawJson;
use jobs::JobError;

/// Returns a fact in the form in which it is stored.
pub(super) fn json(value: &impl serde::Serialize) -> Result<RawJson, JobError> {
    RawJson::from_value(value).map_err(|error| JobError::internal(error.into()))
}
