//! `Idempotency-Key`: a repeated request runs once and gets the same response.

use std::convert::Infallible;

use jobs::RequestKey;
use rocket::request::{FromRequest, Outcome, Request};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::Body;
use crate::error::ApiResult;

/// The name of the header.
const HEADER: &str = "Idempotency-Key";

/// The client's `Idempotency-Key`, if it sent one. A handler that takes this guard supports the header.
#[derive(Debug)]
pub struct Once {
    key: Option<String>,
    route: String,
}

impl IntoParams for Once {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[!-~]{1,255}$"));
        vec![
            ParameterBuilder::new()
                .name(HEADER)
                .parameter_in(ParameterIn::Header)
                .description(Some(
                    "The request is done once under this key: sent again within a day it gets the same answer.",
                ))
                .schema(Some(key))
                .build(),
        ]
    }
}

/// Whether the handler of this request supports the header; set by the guard.
struct IsSupported(bool);

impl Once {
    /// Returns the key of a request with this body.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`](crate::error::ApiError::BadRequest) if the header is malformed.
    pub fn of<T>(&self, body: &Body<T>) -> ApiResult<Option<RequestKey>> {
        self.with_digest(&body.digest)
    }

    /// Returns the key of a request without a body.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn without_body(&self) -> ApiResult<Option<RequestKey>> {
        self.with_digest(&Sha256::digest([]).into())
    }

    /// Returns the key of a request whose body has this SHA-256.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn with_digest(&self, body: &[u8; 32]) -> ApiResult<Option<RequestKey>> {
        let key = self.key.as_deref().map(|key| RequestKey::new(key, &self.route, body));
        Ok(key.transpose()?)
    }
}

/// Returns whether a request has the header but its handler does not support it.
pub(super) fn is_ignored(request: &Request<'_>) -> bool {
    request.headers().contains(HEADER) && !request.local_cache(|| IsSupported(false)).0
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Once {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        request.local_cache(|| IsSupported(true));
        // Several fields are one list (RFC 9110, 5.3), whose separator no key may contain.
        let keys: Vec<&str> = request.headers().get(HEADER).collect();
        Outcome::Success(Self {
            key: (!keys.is_empty()).then(|| keys.join(", ")),
            route: format!("{} {}\n", request.method(), request.uri()),
        })
    }
}
