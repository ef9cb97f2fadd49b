//! A JSON body, with failures that say what is wrong with it.

use rocket::data::{Data, FromData, Outcome, ToByteUnit};
use rocket::request::Request;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use sha2::{Digest, Sha256};

use crate::error::{ApiError, ApiResult};

/// A body read as JSON. Its size is limited by Rocket's limit `json`, 1 MiB by default.
#[derive(Debug)]
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// The SHA-256 of its bytes.
    pub digest: [u8; 32],
}

#[rocket::async_trait]
impl<'r, T: DeserializeOwned> FromData<'r> for Body<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        match read(request, data).await {
            Ok(body) => Outcome::Success(body),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}

async fn read<T: DeserializeOwned>(request: &Request<'_>, data: Data<'_>) -> ApiResult<Body<T>> {
    if let Some(given) = request.content_type()
        && !given.is_json()
    {
        return Err(ApiError::UnsupportedMediaType(format!(
            "the body is {given}: it must be application/json"
        )));
    }
    let limit = request.limits().get("json").unwrap_or_else(|| 1.mebibytes());
    let body = data
        .open(limit)
        .into_bytes()
        .await
        .map_err(|error| ApiError::BadRequest {
            field: None,
            detail: format!("the body could not be read: {error}"),
        })?;
    if !body.is_complete() {
        return Err(ApiError::TooLarge(format!("the body is larger than {limit}")));
    }
    let value = serde_json::from_slice(&body).map_err(|error| match error.classify() {
        Category::Data => ApiError::Unprocessable(format!("the body has not the right shape: {error}")),
        Category::Syntax | Category::Eof | Category::Io => ApiError::BadRequest {
            field: None,
            detail: format!("the body is no JSON: {error}"),
        },
    })?;
    let digest = Sha256::digest(&*body).into();
    Ok(Body { value, digest })
}
