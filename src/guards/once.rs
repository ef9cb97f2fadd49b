//! `Idempotency-Key`: the same request, sent again, is done once and answered the same.

use std::convert::Infallible;

use rocket::request::{FromRequest, Outcome, Request};
use sha2::{Digest, Sha256};

use super::Body;
use crate::error::ApiResult;
use crate::jobs::RequestKey;

/// The name of the header.
const HEADER: &str = "Idempotency-Key";

/// The client's name for a request, if it gave one. A handler that asks for it does the request once.
#[derive(Debug)]
pub struct Once {
    key: Option<String>,
    route: String,
}

/// Set by the guard: this request's handler heeds the header.
struct IsHeeded(bool);

impl Once {
    /// Names a request by what its body says.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`](crate::error::ApiError::BadRequest) when the header's value cannot be a name.
    pub fn of<T>(&self, body: &Body<T>) -> ApiResult<Option<RequestKey>> {
        self.with_digest(&body.digest)
    }

    /// Names a request that has no body.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn without_body(&self) -> ApiResult<Option<RequestKey>> {
        self.with_digest(&Sha256::digest([]).into())
    }

    /// Names a request whose body has this SHA-256.
    ///
    /// # Errors
    ///
    /// As [`of`](Self::of).
    pub fn with_digest(&self, body: &[u8; 32]) -> ApiResult<Option<RequestKey>> {
        let key = self.key.as_deref().map(|key| RequestKey::new(key, &self.route, body));
        Ok(key.transpose()?)
    }
}

/// Returns whether a request has the header and its handler does not ask for it.
pub(super) fn is_ignored(request: &Request<'_>) -> bool {
    request.headers().contains(HEADER) && !request.local_cache(|| IsHeeded(false)).0
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Once {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        request.local_cache(|| IsHeeded(true));
        Outcome::Success(Self {
            key: request.headers().get_one(HEADER).map(str::to_owned),
            route: format!("{} {}\n", request.method(), request.uri()),
        })
    }
}
