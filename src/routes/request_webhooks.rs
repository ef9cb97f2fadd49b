//! `webhook_url` of requests: the end of what one starts is posted to a URL of its own.

use database::models::webhook_secret::WebhookSecret;
use rocket::post;
use rocket::serde::json::Json;
use serde_json::json;

use super::overlap;
use super::webhooks::{Targets, replace_secret};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Admin, Caller, Db, OptionalBody};
use crate::views::webhook::{RequestSecret, SecretRequest};

/// Maximum length of a URL, in characters: URLs are found by an index.
const MAX_URL_CHARS: usize = 2000;

handlers![replace_request_secret];

impl Targets {
    /// Reads the `webhook_url` of a request.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`] if nothing is posted there.
    pub(super) fn of_request(&self, url: Option<&str>) -> ApiResult<Option<String>> {
        let Some(url) = url else { return Ok(None) };
        let url = self.read("webhook_url", url)?;
        if url.len() > MAX_URL_CHARS {
            let detail = format!("webhook_url has {} characters: at most {MAX_URL_CHARS}", url.len());
            return Err(ApiError::bad_request("webhook_url", detail));
        }
        Ok(Some(url))
    }
}

/// Makes the secret that signs what is posted to the `webhook_url` of requests, or replaces it. During the overlap each post has two
/// signatures, the new one first. Only this response contains the secret.
#[utoipa::path(
    tag = "Webhooks",
    request_body = Option<SecretRequest>,
    responses((status = 200, body = RequestSecret)),
    security(("credential" = ["admin"]))
)]
#[post("/api/v1/webhooks/secret", data = "<body>")]
async fn replace_request_secret(
    caller: Caller<Admin>,
    db: Db<'_>,
    body: OptionalBody<SecretRequest>,
) -> ApiResult<Json<RequestSecret>> {
    let SecretRequest {
        overlap_seconds,
        tenant_id,
    } = body.0.unwrap_or_default();
    let caller = caller.acting_for(tenant_id.as_deref(), db.pool()).await?;
    let secret = replace(&caller, &db, overlap_seconds).await?;
    Ok(Json(RequestSecret::new(&secret)))
}

/// Makes or replaces the secret of requests, and returns it.
///
/// # Errors
///
/// [`ApiError::BadRequest`] if the overlap is out of range, and those of the database.
pub(crate) async fn replace(
    caller: &Caller<Admin>,
    db: &Db<'_>,
    overlap_seconds: Option<i64>,
) -> ApiResult<WebhookSecret> {
    let overlap = overlap::read(overlap_seconds)?;
    let mut conn = db.tenant(caller).await?;
    let secret = replace_secret(&mut conn, None, overlap).await?;
    let details = json!({ "overlap_seconds": overlap.num_seconds() });
    caller.note(&mut conn, "webhook_secret.replace", None, details).await?;
    conn.commit().await?;
    Ok(secret)
}
