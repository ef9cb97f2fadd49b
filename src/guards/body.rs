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
    let mut reader = serde_json::Deserializer::from_slice(&body);
    let value = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| wrong(&error.path().to_string(), error.inner()))?;
    reader.end().map_err(|error| wrong(".", &error))?;
    let digest = Sha256::digest(&*body).into();
    Ok(Body { value, digest })
}

/// Says what is wrong with a body, and where.
fn wrong(path: &str, error: &serde_json::Error) -> ApiError {
    match error.classify() {
        Category::Data => {
            // Of what is missing the path names the whole; the sentence names the field.
            let missing = error
                .to_string()
                .strip_prefix("missing field `")
                .and_then(|rest| rest.split_once('`'))
                .map(|(field, _)| field.to_owned());
            let field = match (path, missing) {
                (".", missing) => missing,
                (path, Some(missing)) => Some(format!("{path}.{missing}")),
                (path, None) => Some(path.to_owned()),
            };
            ApiError::Unprocessable {
                field,
                detail: format!("the body has not the right shape: {error}"),
            }
        }
        Category::Syntax | Category::Eof | Category::Io => ApiError::BadRequest {
            field: None,
            detail: format!("the body is no JSON: {error}"),
        },
    }
}

/// A body that may be missing: what it would say is then said elsewhere, in the query.
#[derive(Debug)]
pub struct OptionalBody<T>(pub Option<T>);

#[rocket::async_trait]
impl<'r, T: DeserializeOwned> FromData<'r> for OptionalBody<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, mut data: Data<'r>) -> Outcome<'r, Self> {
        // Old clients announce JSON and send nothing.
        if data.peek(1).await.is_empty() {
            return Outcome::Success(Self(None));
        }
        match read(request, data).await {
            Ok(body) => Outcome::Success(Self(Some(body.value))),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}
