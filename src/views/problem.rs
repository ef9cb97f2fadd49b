//! The one shape of a failure: problem details, RFC 9457.

use serde::Serialize;
use uuid::Uuid;

/// What went wrong with a request.
#[derive(Debug, Serialize)]
pub struct Problem<'a> {
    /// Always `about:blank`: the code says more.
    pub r#type: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The sentence that a person reads.
    pub detail: &'a str,
    /// The kind of failure, for programs.
    pub code: &'static str,
    /// The field of the request that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'a str>,
    /// Finds the request in the log.
    pub request_id: Uuid,
}
