//! `Idempotency-Key`: the same request, sent again, is done once and answered the same.

use std::convert::Infallible;

use database::repo;
use database::tenant::TenantConnection;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Body;
use crate::error::{ApiError, ApiResult};
use crate::views::answer::Answer;

/// The longest key that is taken.
const LONGEST_KEY: usize = 255;

/// The client's name for a request, if it gave one.
///
/// A handler asks for [`earlier`](Self::earlier) first thing in its transaction, and passes what it answers
/// through [`keep`](Begun::keep) before it commits: what was done and that it was done are written together.
#[derive(Debug)]
pub struct Once {
    key: Option<String>,
    route: String,
}

/// A request under way, which may have a name.
#[derive(Debug)]
pub struct Begun(Option<String>);

impl Once {
    /// Returns what this request was answered before, or notes it as begun.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`] when the key is none, [`ApiError::Unprocessable`] when another request has it, and
    /// those of the database.
    pub async fn earlier<T>(&self, conn: &mut TenantConnection, body: &Body<T>) -> ApiResult<Result<Answer, Begun>> {
        self.earlier_of(conn, &body.digest).await
    }

    /// As [`earlier`](Self::earlier), for a request that has no body.
    ///
    /// # Errors
    ///
    /// As [`earlier`](Self::earlier).
    pub async fn earlier_without_body(&self, conn: &mut TenantConnection) -> ApiResult<Result<Answer, Begun>> {
        self.earlier_of(conn, &Sha256::digest([]).into()).await
    }

    /// As [`earlier`](Self::earlier), for a request whose body has this SHA-256.
    ///
    /// # Errors
    ///
    /// As [`earlier`](Self::earlier).
    pub async fn earlier_of(&self, conn: &mut TenantConnection, body: &[u8; 32]) -> ApiResult<Result<Answer, Begun>> {
        let Some(key) = &self.key else {
            return Ok(Err(Begun(None)));
        };
        if key.is_empty() || key.len() > LONGEST_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let detail =
                format!("Idempotency-Key must be 1 to {LONGEST_KEY} printable ASCII characters without spaces");
            return Err(ApiError::bad_request("Idempotency-Key", detail));
        }
        let hash: [u8; 32] = Sha256::new()
            .chain_update(&self.route)
            .chain_update(body)
            .finalize()
            .into();
        let Some(known) = repo::idempotency_keys::begin(conn, key, &hash).await? else {
            return Ok(Err(Begun(Some(key.clone()))));
        };
        if known.request_hash != hash {
            return Err(ApiError::Unprocessable {
                field: Some("Idempotency-Key".to_owned()),
                detail: format!("Idempotency-Key {key:?} was used for another request: a new request needs a new key"),
            });
        }
        match (
            known.status.and_then(|status| u16::try_from(status).ok()),
            known.response,
        ) {
            (Some(status), Some(body)) => Ok(Ok(Answer {
                status: Status::new(status),
                body,
            })),
            _ => Err(ApiError::Internal("an idempotency key without its answer".to_owned())),
        }
    }
}

impl Begun {
    /// Makes the answer, and keeps it where the request has a name.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn keep(self, conn: &mut TenantConnection, status: Status, view: &impl Serialize) -> ApiResult<Answer> {
        let answer =
            Answer::json(status, view).map_err(|error| ApiError::Internal(format!("an answer as JSON: {error}")))?;
        if let Self(Some(key)) = self {
            let status =
                i16::try_from(answer.status.code).map_err(|_| ApiError::Internal("a status beyond 999".to_owned()))?;
            repo::idempotency_keys::finish(conn, &key, status, &answer.body).await?;
        }
        Ok(answer)
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Once {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self {
            key: request.headers().get_one("Idempotency-Key").map(str::to_owned),
            route: format!("{} {}\n", request.method(), request.uri()),
        })
    }
}
