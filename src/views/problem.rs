//! The shape of every failure: problem details, RFC 9457.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use super::described;

/// The description of a failed request.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem<'a> {
    /// Where the kind of failure is described: a path on this server.
    #[schema(example = "/docs/problems#not_found")]
    pub r#type: String,
    /// The HTTP status in words.
    #[schema(example = "Not Found")]
    pub title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    pub status: u16,
    /// What is wrong, in words.
    #[schema(example = "not found")]
    pub detail: &'a str,
    /// The kind of failure, for programs.
    #[schema(schema_with = code)]
    pub code: &'static str,
    /// The field of the request that is wrong; missing if there is no single one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<&'a str>,
    /// Id of the request in the server's log.
    pub request_id: Uuid,
}

fn code() -> RefOr<Schema> {
    described::one_of(ProblemKind::ALL.iter().map(|kind| kind.code))
}

/// A kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProblemKind {
    /// The HTTP status; 0 for failures of the request that have no kind of their own.
    pub status: u16,
    /// Its name for programs.
    pub code: &'static str,
    /// What it means, and what a client can do about it.
    pub meaning: &'static str,
}

impl ProblemKind {
    /// All kinds.
    pub const ALL: &'static [Self] = &[
        Self::new(
            400,
            "bad_request",
            "A value of the request is wrong, or a query parameter is not known; `field` names it.",
        ),
        Self::new(401, "unauthorized", "The request has no valid API key or token."),
        Self::new(
            403,
            "forbidden",
            "The caller lacks the scope, or may not act for the tenant that the request names.",
        ),
        Self::new(
            404,
            "not_found",
            "The row does not exist, or belongs to another tenant: the answers are equal.",
        ),
        Self::new(
            405,
            "method_not_allowed",
            "The path exists for other methods; `Allow` lists them.",
        ),
        Self::new(408, "timeout", "The request took too long to arrive."),
        Self::new(409, "conflict", "The state of the row does not allow the request."),
        Self::new(413, "too_large", "The body is larger than this route reads."),
        Self::new(
            415,
            "unsupported_media_type",
            "The body is not of a type that this route reads.",
        ),
        Self::new(
            422,
            "unprocessable",
            "The body does not have the right shape, or has a field that is not known, or the `Idempotency-Key` was used \
             for another request; `field` names the part.",
        ),
        Self::new(
            429,
            "too_many_requests",
            "A limit or a quota is reached; `Retry-After` says when to try again.",
        ),
        Self::new(
            500,
            "internal",
            "The server failed; the reason is in its log under the `request_id`.",
        ),
        Self::new(
            503,
            "unavailable",
            "The database cannot be reached, or has no room; `Retry-After` says when to try again.",
        ),
        Self::CLIENT_ERROR,
    ];

    const CLIENT_ERROR: Self = Self::new(
        0,
        "client_error",
        "The request is wrong in another way; see the HTTP status.",
    );
    const INTERNAL: u16 = 500;

    const fn new(status: u16, code: &'static str, meaning: &'static str) -> Self {
        Self { status, code, meaning }
    }

    /// Returns the kind of an HTTP status.
    #[must_use]
    pub fn of(status: u16) -> Self {
        let find = |status| Self::ALL.iter().find(|kind| kind.status == status).copied();
        let other = if status < Self::INTERNAL {
            None
        } else {
            find(Self::INTERNAL)
        };
        find(status).or(other).unwrap_or(Self::CLIENT_ERROR)
    }

    /// Returns the URI reference of its description.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("/docs/problems#{}", self.code)
    }
}
