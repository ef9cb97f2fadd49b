//! The shape of every failure: problem details, RFC 9457.

use serde::Serialize;
use uuid::Uuid;

/// The description of a failed request.
#[derive(Debug, Serialize)]
pub struct Problem<'a> {
    /// Always `about:blank`; `code` is more specific.
    pub r#type: &'static str,
    /// The HTTP status in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, in words.
    pub detail: &'a str,
    /// The kind of failure, for programs.
    pub code: &'static str,
    /// The field of the request that is wrong; missing if there is no single one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'a str>,
    /// Id of the request in the server's log.
    pub request_id: Uuid,
}
