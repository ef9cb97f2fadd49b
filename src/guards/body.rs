//! JSON bodies, whose errors name the invalid field.

use rocket::data::{Data, FromData, Outcome, ToByteUnit};
use rocket::figment::{self, error::Kind};
use rocket::request::Request;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::config::nearest;
use crate::error::{ApiError, ApiResult};
use crate::views::fields::Fields;

/// A body parsed as JSON, limited in size by Rocket's limit `json` (1 MiB by default).
#[derive(Debug)]
pub struct Body<T> {
    /// The parsed value.
    pub value: T,
    /// The SHA-256 of the body's bytes.
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
            "the Content-Type is {given}: it must be application/json"
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
        return Err(ApiError::TooLarge(format!("the body is too large: at most {limit}")));
    }
    let value = parse(&body)?;
    let digest = Sha256::digest(&*body).into();
    Ok(Body { value, digest })
}

/// Parses a body as JSON.
///
/// # Errors
///
/// [`ApiError::BadRequest`] if it is not JSON, [`ApiError::Unprocessable`] with the field if it has the wrong shape.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> ApiResult<T> {
    let json: serde_json::Value = serde_json::from_slice(body).map_err(|error| ApiError::BadRequest {
        field: None,
        detail: format!("the body is not valid JSON: {error}"),
    })?;
    let json = figment::value::Value::serialize(json).map_err(invalid_shape)?;
    let Fields(value) = json.deserialize().map_err(invalid_shape)?;
    Ok(value)
}

/// Returns the error for a body of the wrong shape, with the path of the field.
fn invalid_shape(error: figment::Error) -> ApiError {
    let mut path = error.path.clone();
    // For a missing or unknown field, the path ends at its parent, and the kind of error names the field.
    match &error.kind {
        Kind::MissingField(field) => path.push(field.to_string()),
        Kind::UnknownField(field, _) if path.last() != Some(field) => path.push(field.clone()),
        _ => {}
    }
    let mut field = String::new();
    for part in &path {
        match part.parse::<usize>() {
            Ok(index) => field.push_str(&format!("[{index}]")),
            Err(_) if field.is_empty() => field.push_str(part),
            Err(_) => field.push_str(&format!(".{part}")),
        }
    }
    let detail = match &error.kind {
        Kind::UnknownField(_, known) => nearest::unknown("field", &field, known),
        kind => format!("invalid body: {kind}"),
    };
    ApiError::Unprocessable {
        field: Some(field).filter(|field| !field.is_empty()),
        detail,
    }
}

/// The fields of a body that must have none: any would be ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

/// A body that may be missing, because the query can carry the same fields.
#[derive(Debug)]
pub struct OptionalBody<T>(pub Option<T>);

#[rocket::async_trait]
impl<'r, T: DeserializeOwned> FromData<'r> for OptionalBody<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, mut data: Data<'r>) -> Outcome<'r, Self> {
        // Old clients send the Content-Type of JSON with an empty body.
        if data.peek(1).await.is_empty() {
            return Outcome::Success(Self(None));
        }
        match read(request, data).await {
            Ok(body) => Outcome::Success(Self(Some(body.value))),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}
