//! Failures of requests.
//!
//! Errors by layer: `repo` returns Diesel's `QueryResult`, `jobs` and `cli` use `anyhow`, routes return [`ApiResult`].
//! Clients learn only what they can act on; anything else, such as a database's message, is logged under the request's
//! id.

use std::borrow::Cow;
use std::io::Cursor;
use std::sync::Mutex;
use std::sync::PoisonError;

use database::connection::{is_outage, is_unfit_value, shortage};
use database::pool::PoolError;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use jobs::{OnceError, SubmitError, Trace};
use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};
use rocket::{Catcher, Route, catch, catchers};
use uuid::Uuid;

use crate::views::problem::{Problem, ProblemKind};

/// The text that clients get for an internal failure.
const INTERNAL: &str = "internal error: the server's log has the cause under this request_id";

/// When to try again where rows have to be deleted first, in seconds.
const AFTER_DELETION: u64 = 3600;

/// The result of a handler.
pub type ApiResult<T> = Result<T, ApiError>;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The row does not exist or belongs to another tenant: clients cannot distinguish the two.
    #[error("not found")]
    NotFound,
    /// The credential is missing or not valid.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// The caller may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// A value of the request is not valid.
    #[error("{detail}")]
    BadRequest {
        /// Name of the value.
        field: Option<Cow<'static, str>>,
        /// What is wrong with the value, and what would be valid.
        detail: String,
    },
    /// The body does not match the expected shape.
    #[error("{detail}")]
    Unprocessable {
        /// Path of the part at fault, such as `filter.near[0]`.
        field: Option<String>,
        /// What is wrong with that part.
        detail: String,
    },
    /// The path exists only for other methods, which are listed.
    #[error("method not allowed; allowed: {}", .0.join(", "))]
    MethodNotAllowed(Vec<&'static str>),
    /// A limit is reached.
    #[error("{detail}")]
    TooMany {
        /// The limit, and when to try again.
        detail: String,
        /// Seconds until a retry may succeed.
        retry_after: u64,
    },
    /// The body is larger than the limit.
    #[error("{0}")]
    TooLarge(String),
    /// The content type of the body is not supported.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// The state of the resource does not allow the request.
    #[error("{0}")]
    Conflict(String),
    /// No database connection is available. The text is only logged.
    #[error("{0}")]
    Unavailable(String),
    /// The program is not ready. The text contains no foreign messages and is shown to the client.
    #[error("{0}")]
    NotReady(String),
    /// Rocket failed the request itself.
    #[error("{}", .0.reason_lossy())]
    Other(Status),
    /// The program failed. The text is only logged.
    #[error("{0}")]
    Internal(String),
}

/// Identifies a request in the log and in its response.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub Uuid);

impl RequestId {
    /// Returns the id of a request, which is the same on each call.
    pub fn of(request: &Request<'_>) -> Self {
        *request.local_cache(|| Self(Uuid::new_v4()))
    }
}

/// Returns the trace that a request is part of, as its header `traceparent` says. An invalid one is ignored, as W3C Trace Context asks
/// for, and so are several.
pub(crate) fn trace_of(request: &Request<'_>) -> Option<Trace> {
    let mut given = request.headers().get("traceparent");
    let trace = given.next()?.trim().parse().ok();
    trace.filter(|_| given.next().is_none())
}

impl ApiError {
    /// Returns the error for an invalid value of `field`; `detail` describes a valid one.
    pub fn bad_request(field: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::BadRequest {
            field: Some(field.into()),
            detail: detail.into(),
        }
    }

    /// Returns the error that the route of a request calls for: where it matches only because an id in its path may be any
    /// text, not the request is wrong but its method.
    pub(crate) fn of_route(self, request: &Request<'_>) -> Self {
        match self {
            Self::BadRequest { .. } => match other_methods(request) {
                methods if methods.is_empty() => self,
                methods => Self::MethodNotAllowed(methods),
            },
            other => other,
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
        ProblemKind::of(self.status().code).code
    }

    /// Returns the text for the client, which hides the cause of internal failures.
    fn detail(&self) -> String {
        match self {
            Self::Internal(_) => INTERNAL.to_owned(),
            Self::Other(status) if status.code >= 500 => INTERNAL.to_owned(),
            Self::Unavailable(_) => "the database is temporarily unavailable: try again".to_owned(),
            other => other.to_string(),
        }
    }

    /// Writes one line about a failed request, without what the client sent: the route stands for the path.
    fn log(&self, request: &Request<'_>) {
        let RequestId(id) = RequestId::of(request);
        let (status, code, method) = (self.status().code, self.code(), request.method());
        let route = request.route().map_or("no route", |route| route.uri.path());
        match self {
            Self::Internal(reason) => log::error!("request {id}: {status} {code}, {method} {route}: {reason}"),
            Self::Other(_) if status >= 500 => log::error!("request {id}: {status} {code}, {method} {route}"),
            Self::Unavailable(reason) => log::warn!("request {id}: {status} {code}, {method} {route}: {reason}"),
            // Probes come every second, and `/ready` says why.
            Self::NotReady(_) => log::debug!("request {id}: {status} {code}, {method} {route}"),
            _ => log::info!("request {id}: {status} {code}, {method} {route}"),
        }
    }

    /// Stores the error for the catcher, which does not receive a guard's error otherwise, and returns its status.
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
                Self::Conflict("it conflicts with one that already exists".to_owned())
            }
            QueryError::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            _ if is_outage(&error) || shortage(&error).is_some() => Self::Unavailable(error.to_string()),
            _ if is_unfit_value(&error) => Self::BadRequest {
                field: None,
                detail: "a value of the request cannot be stored: texts must not contain NUL characters, numbers and \
                         dates must be within the database's range"
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
            SubmitError::Storage { .. } => Self::TooMany {
                detail,
                retry_after: AFTER_DELETION,
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
    reason = "clamped to the range of the type"
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
        let kind = ProblemKind::of(status.code);
        Trace::sync_scope(trace_of(request), || self.log(request));
        let field = match &self {
            Self::BadRequest { field, .. } => field.as_deref(),
            Self::Unprocessable { field, .. } => field.as_deref(),
            _ => None,
        };
        let detail = self.detail();
        let problem = Problem {
            r#type: kind.uri(),
            title: status.reason_lossy(),
            status: status.code,
            detail: &detail,
            code: kind.code,
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

/// Returns the error for a failure that no handler reported.
#[catch(default)]
fn answer(status: Status, request: &Request<'_>) -> ApiError {
    let kept = request
        .local_cache(Kept::default)
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    kept.unwrap_or(match status.code {
        // Rocket forwards with 422 if an id in a path cannot be parsed: no row has that id.
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

/// Returns the methods that a path supports, or none if the request's method is among them.
///
/// Of the routes that match the path, those with the most literal parts decide: `/contacts/export.csv` is not a contact.
fn other_methods(request: &Request<'_>) -> Vec<&'static str> {
    let path: Vec<&str> = request.uri().path().as_str().trim_matches('/').split('/').collect();
    let literal_parts = |route: &Route| {
        let pattern: Vec<&str> = route.uri.path().trim_matches('/').split('/').collect();
        let mut parts = pattern.iter().zip(&path);
        let matches = pattern.len() == path.len()
            && parts.all(|(wanted, found)| wanted.starts_with('<') && !found.is_empty() || wanted == found);
        matches.then(|| pattern.iter().filter(|part| !part.starts_with('<')).count())
    };
    let routes = || request.rocket().routes();
    let most = routes().filter_map(literal_parts).max();
    let mut methods: Vec<&'static str> = routes()
        .filter(|route| most.is_some() && literal_parts(route) == most)
        .map(|route| route.method.as_str())
        .collect();
    if methods.contains(&request.method().as_str()) {
        return Vec::new();
    }
    methods.sort_unstable();
    methods.dedup();
    methods
}

/// Returns the catchers, which give every failure its response.
#[must_use]
pub fn catchers() -> Vec<Catcher> {
    catchers![answer]
}
