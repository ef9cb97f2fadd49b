//! How a request fails.
//!
//! Errors by layer: `repo` returns Diesel's `QueryResult`, `jobs` and `cli` use `anyhow`, routes
//! return [`ApiResult`]. A client learns what it can act on; what it cannot, such as a database's
//! message, goes to the log under the request's id and nowhere else.

use std::io::Cursor;
use std::sync::Mutex;
use std::sync::PoisonError;

use database::connection::{is_outage, is_unfit_value};
use database::pool::PoolError;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::{Catcher, Route, catch, catchers};
use uuid::Uuid;

use crate::jobs::{OnceError, SubmitError};
use crate::views::problem::Problem;

/// What a handler returns.
pub type ApiResult<T> = Result<T, ApiError>;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// There is no such thing, or it is another tenant's: the two cannot be told apart.
    #[error("not found")]
    NotFound,
    /// Nobody says who calls, or nobody that is known.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// A value of the request means nothing here.
    #[error("{detail}")]
    BadRequest {
        /// Which value.
        field: Option<&'static str>,
        /// What would be right.
        detail: String,
    },
    /// The body has not the shape it should have.
    #[error("{detail}")]
    Unprocessable {
        /// Which part of it, as a path such as `filter.near[0]`.
        field: Option<String>,
        /// What is wrong with it.
        detail: String,
    },
    /// The path is there, for other methods.
    #[error("there is no such method here: {} are", .0.join(", "))]
    MethodNotAllowed(Vec<&'static str>),
    /// The caller has asked too often.
    #[error("{detail}")]
    TooMany {
        /// Which limit it is.
        detail: String,
        /// In how many seconds there is more.
        retry_after: u64,
    },
    /// The body is larger than is taken.
    #[error("{0}")]
    TooLarge(String),
    /// The body is of a type that is not read.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// What is asked for cannot be done as things stand.
    #[error("{0}")]
    Conflict(String),
    /// There is no connection to the database to be had.
    #[error("{0}")]
    Unavailable(String),
    /// The program cannot do its work now. The text is the program's own, for whoever probes it.
    #[error("{0}")]
    NotReady(String),
    /// Rocket answered by itself.
    #[error("{}", .0.reason_lossy())]
    Other(Status),
    /// The program failed. The text is for the log.
    #[error("{0}")]
    Internal(String),
}

/// Finds a request in the log, and its answer.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// Returns the id of a request, the same one each time.
    pub fn of(request: &Request<'_>) -> Self {
        *request.local_cache(|| Self(Uuid::new_v4()))
    }
}

impl ApiError {
    /// Refuses a value, and says what would be right.
    pub fn bad_request(field: &'static str, detail: impl Into<String>) -> Self {
        Self::BadRequest {
            field: Some(field),
            detail: detail.into(),
        }
    }

    fn status(&self) -> Status {
        match self {
            Self::NotFound => Status::NotFound,
            Self::Unauthorized(_) => Status::Unauthorized,
            Self::Forbidden(_) => Status::Forbidden,
            Self::BadRequest { .. } => Status::BadRequest,
            Self::Unprocessable { .. } => Status::UnprocessableEntity,
            Self::MethodNotAllowed(_) => Status::MethodNotAllowed,
            Self::TooMany { .. } => Status::TooManyRequests,
            Self::TooLarge(_) => Status::PayloadTooLarge,
            Self::UnsupportedMediaType(_) => Status::UnsupportedMediaType,
            Self::Conflict(_) => Status::Conflict,
            Self::Unavailable(_) | Self::NotReady(_) => Status::ServiceUnavailable,
            Self::Other(status) => *status,
            Self::Internal(_) => Status::InternalServerError,
        }
    }

    fn code(&self) -> &'static str {
        match self.status().code {
            400 => "bad_request",
            401 => "unauthorized",
            403 => "forbidden",
            404 => "not_found",
            405 => "method_not_allowed",
            408 => "timeout",
            409 => "conflict",
            413 => "too_large",
            415 => "unsupported_media_type",
            422 => "unprocessable",
            429 => "too_many_requests",
            503 => "unavailable",
            code if code < 500 => "client_error",
            _ => "internal",
        }
    }

    /// The sentence for the client: of a failure of ours it learns nothing more.
    fn detail(&self) -> String {
        match self {
            Self::Internal(_) => "the server failed; the request id finds the reason in its log".to_owned(),
            Self::Unavailable(_) => "the database is not available just now: try again".to_owned(),
            Self::Other(status) if status.code >= 500 => {
                "the server failed; the request id finds the reason in its log".to_owned()
            }
            other => other.to_string(),
        }
    }

    /// Keeps the error for the catcher: a guard's own error does not reach it otherwise.
    pub(crate) fn keep(self, request: &Request<'_>) -> Status {
        let status = self.status();
        *request
            .local_cache(Kept::default)
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(self);
        status
    }
}

#[derive(Default)]
struct Kept(Mutex<Option<ApiError>>);

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        match &error {
            QueryError::NotFound => Self::NotFound,
            QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
                Self::Conflict("there is one like it already".to_owned())
            }
            QueryError::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            _ if is_outage(&error) => Self::Unavailable(error.to_string()),
            _ if is_unfit_value(&error) => Self::BadRequest {
                field: None,
                detail: "a value of the request cannot be stored: a text with a NUL character, or a number or a \
                         date beyond what the database holds"
                    .to_owned(),
            },
            _ => Self::Internal(format!("a query failed: {error}")),
        }
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        let detail = error.to_string();
        match error {
            SubmitError::Invalid { field, .. } => Self::bad_request(field, detail),
            SubmitError::Quota { ends_in, .. } => Self::TooMany {
                detail,
                retry_after: whole_seconds(ends_in),
            },
            SubmitError::Conflict(_) => Self::Conflict(detail),
            SubmitError::Query(error) => error.into(),
        }
    }
}

impl From<OnceError> for ApiError {
    fn from(error: OnceError) -> Self {
        let detail = error.to_string();
        match error {
            OnceError::Malformed => Self::bad_request("Idempotency-Key", detail),
            OnceError::Taken(_) => Self::Unprocessable {
                field: Some("Idempotency-Key".to_owned()),
                detail,
            },
            OnceError::Answer(_) => Self::Internal(detail),
            OnceError::Query(error) => error.into(),
        }
    }
}

/// Rounds seconds up, for `Retry-After`: a client that comes back then is not too early.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what there may be"
)]
pub(crate) fn whole_seconds(seconds: f64) -> u64 {
    seconds.ceil().clamp(1.0, 100_000.0) as u64
}

impl From<PoolError> for ApiError {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl<'r> Responder<'r, 'static> for ApiError {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let RequestId(request_id) = RequestId::of(request);
        let status = self.status();
        match &self {
            Self::Internal(reason) => log::error!("request {request_id} failed: {reason}"),
            Self::Unavailable(reason) => log::warn!("request {request_id} was turned away: {reason}"),
            _ => {}
        }
        let field = match &self {
            Self::BadRequest { field, .. } => *field,
            Self::Unprocessable { field, .. } => field.as_deref(),
            _ => None,
        };
        let detail = self.detail();
        let problem = Problem {
            r#type: "about:blank",
            title: status.reason_lossy(),
            status: status.code,
            detail: &detail,
            code: self.code(),
            field,
            request_id,
        };
        let body = serde_json::to_vec(&problem).map_err(|_| Status::InternalServerError)?;
        let mut response = Response::build();
        response
            .status(status)
            .header(ContentType::new("application", "problem+json"))
            .sized_body(body.len(), Cursor::new(body));
        match &self {
            Self::Unavailable(_) | Self::NotReady(_) => response.header(Header::new("Retry-After", "1")),
            Self::TooMany { retry_after, .. } => response.header(Header::new("Retry-After", retry_after.to_string())),
            Self::Unauthorized(_) => response.header(Header::new("WWW-Authenticate", "Bearer")),
            Self::MethodNotAllowed(methods) => response.header(Header::new("Allow", methods.join(", "))),
            _ => &mut response,
        };
        response.ok()
    }
}

/// Answers what no handler did, in the same shape.
#[catch(default)]
fn answer(status: Status, request: &Request<'_>) -> ApiError {
    let kept = request
        .local_cache(Kept::default)
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    kept.unwrap_or(match status.code {
        // Rocket forwards with 422 when a path's id cannot be read: then nothing has that id.
        404 | 422 => match other_methods(request) {
            methods if methods.is_empty() => ApiError::NotFound,
            methods => ApiError::MethodNotAllowed(methods),
        },
        400 => ApiError::BadRequest {
            field: None,
            detail: "the request cannot be read".to_owned(),
        },
        _ => ApiError::Other(status),
    })
}

/// Returns the methods that a path is there for, where the one it was asked with is not among them.
fn other_methods(request: &Request<'_>) -> Vec<&'static str> {
    let path: Vec<&str> = request.uri().path().as_str().trim_matches('/').split('/').collect();
    let leads_there = |route: &&Route| {
        let pattern: Vec<&str> = route.uri.path().trim_matches('/').split('/').collect();
        pattern.len() == path.len()
            && pattern
                .iter()
                .zip(&path)
                .all(|(wanted, found)| wanted.starts_with('<') && !found.is_empty() || wanted == found)
    };
    let mut methods: Vec<&'static str> = request
        .rocket()
        .routes()
        .filter(leads_there)
        .map(|route| route.method.as_str())
        .collect();
    if methods.contains(&request.method().as_str()) {
        return Vec::new();
    }
    methods.sort_unstable();
    methods.dedup();
    methods
}

/// Returns the catchers of every failure.
#[must_use]
pub fn catchers() -> Vec<Catcher> {
    catchers![answer]
}
