//! How long a secret that was replaced stays valid beside the new one.

use chrono::TimeDelta;

use crate::error::{ApiError, ApiResult};

/// By default, in seconds: a day.
const DEFAULT: i64 = 24 * 60 * 60;
/// At most, in seconds: 30 days.
const MAX: i64 = 30 * DEFAULT;

/// Reads `overlap_seconds`.
///
/// # Errors
///
/// [`ApiError::BadRequest`] if the time is out of range.
pub(super) fn read(overlap_seconds: Option<i64>) -> ApiResult<TimeDelta> {
    let overlap = overlap_seconds.unwrap_or(DEFAULT);
    if !(0..=MAX).contains(&overlap) {
        let detail = format!("overlap_seconds is {overlap}: it must be from 0 to {MAX}");
        return Err(ApiError::bad_request("overlap_seconds", detail));
    }
    Ok(TimeDelta::seconds(overlap))
}
