//! Files sent as bodies.

use rocket::data::{Data, FromData, Outcome, ToByteUnit};
use rocket::http::ContentType;
use rocket::request::Request;

use crate::error::{ApiError, ApiResult};

/// Maximum size of a file, unless Rocket's limit `csv` is set.
const MAX_MEBIBYTES: u64 = 16;

/// A body of any type, limited in size by Rocket's limit `csv` (16 MiB by default).
#[derive(Debug)]
pub struct Upload {
    /// The body.
    pub bytes: Vec<u8>,
    /// Its declared type.
    pub content_type: Option<ContentType>,
}

impl Upload {
    /// Returns the declared encoding.
    #[must_use]
    pub fn charset(&self) -> Option<String> {
        let kind = self.content_type.as_ref()?;
        kind.param("charset").map(str::to_owned)
    }

    /// Returns a field of a form, as browsers send it unless they are told otherwise. Forms that are read by Rocket have to be
    /// small.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(&self.bytes);
        let found = fields.find(|(known, _)| known == name);
        found.map(|(_, value)| value.into_owned())
    }
}

#[rocket::async_trait]
impl<'r> FromData<'r> for Upload {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r, Self> {
        match read(request, data).await {
            Ok(upload) => Outcome::Success(upload),
            Err(error) => Outcome::Error((error.keep(request), ())),
        }
    }
}

async fn read(request: &Request<'_>, data: Data<'_>) -> ApiResult<Upload> {
    let limit = request.limits().get("csv").unwrap_or_else(|| MAX_MEBIBYTES.mebibytes());
    let file = data
        .open(limit)
        .into_bytes()
        .await
        .map_err(|error| ApiError::BadRequest {
            field: None,
            detail: format!("the file could not be read: {error}"),
        })?;
    if !file.is_complete() {
        return Err(ApiError::TooLarge(format!("the file is too large: at most {limit}")));
    }
    Ok(Upload {
        bytes: file.into_inner(),
        content_type: request.content_type().cloned(),
    })
}
