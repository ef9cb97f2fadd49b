//! A JSON body, with failures that say what is wrong with it.

use rocket::data::{Data, FromData, Outcome, ToByteUnit};
use rocket::figment::{self, error::Kind};
use rocket::request::Request;
use serde::de::DeserializeOwned;
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
    let said: serde_json::Value = serde_json::from_slice(&body).map_err(|error| ApiError::BadRequest {
        field: None,
        detail: format!("the body is not valid JSON: {error}"),
    })?;
    let value = figment::value::Value::serialize(said)
        .and_then(|said| said.deserialize())
        .map_err(wrong)?;
    let digest = Sha256::digest(&*body).into();
    Ok(Body { value, digest })
}

/// Returns what is wrong with a body, and where.
fn wrong(error: figment::Error) -> ApiError {
    let mut path = error.path.clone();
    // Of what is missing or unknown the path names the whole, and the kind the field.
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
    ApiError::Unprocessable {
        field: Some(field).filter(|field| !field.is_empty()),
        detail: format!("the body does not have the right shape: {}", error.kind),
    }
}

/// No body, or an empty object: what a client would say in one would be ignored.
#[derive(Debug)]
pub struct EmptyBody;

#[rocket::async_trait]
impl<'r> FromData<'r> for EmptyBody {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, mut data: Data<'r>) -> Outcome<'r, Self> {
        if data.peek(1).await.is_empty() {
            return Outcome::Success(Self);
        }
        let said = read::<serde_json::Map<String, serde_json::Value>>(request, data).await;
        let refused = match said {
            Ok(body) => match body.value.keys().next() {
                None => return Outcome::Success(Self),
                Some(field) => ApiError::Unprocessable {
                    field: Some(field.clone()),
                    detail: format!("unknown field `{field}`: this route takes no fields"),
                },
            },
            Err(error) => error,
        };
        Outcome::Error((refused.keep(request), ()))
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
