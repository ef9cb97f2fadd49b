//! The webhooks of a tenant: URLs to which events are posted.

use chrono::TimeDelta;
use database::ids::WebhookId;
use database::models::enums::{DisabledBecause, EventKind};
use database::models::values::TextList;
use database::models::webhook::{NewWebhook, Webhook, WebhookChanges};
use database::models::webhook_secret::WebhookSecret;
use database::repo::paging::{Newest, Paging};
use database::repo::{self, QueryResult};
use database::tenant::TenantConnection;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{State, delete, get, patch, post};
use serde_json::json;
use web::fetch::{FetchConfig, Poster};

use super::overlap;
use super::query::{Asked, PageQuery, PathId, parsed, word};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Admin, Body, Caller, Db, OptionalBody};
use crate::views::Page;
use crate::views::answer::Created;
use crate::views::webhook::{SecretRequest, WebhookPatch, WebhookRequest, WebhookView, WebhookWithSecret};

/// Maximum number of webhooks of a tenant: each event is written once for each that wants it.
const MAX_WEBHOOKS: i64 = 50;
/// Why not everything of a webhook of requests can be changed.
const FOR_REQUESTS: &str =
    "requests named this URL as `webhook_url`: only its description and whether it is enabled can change";
const NO_SECRET_OF_ITS_OWN: &str = "requests named this URL as `webhook_url`: its posts are signed by the secret of requests, which \
                                    POST /api/v1/webhooks/secret replaces";
/// Maximum length of a description, in characters.
const MAX_DESCRIPTION_CHARS: usize = 1000;

handlers![
    list_webhooks,
    get_webhook,
    create_webhook,
    update_webhook,
    rotate_webhook,
    delete_webhook
];

/// Where posts may go, by the settings.
#[derive(Clone, Debug)]
pub struct Targets(pub FetchConfig);

impl Targets {
    /// Reads a URL to post to, the value of `field`.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`] if nothing is posted there.
    pub(crate) fn read(&self, field: &'static str, url: &str) -> ApiResult<String> {
        let admitted = Poster::admit(&self.0, url.trim());
        admitted
            .map(String::from)
            .map_err(|error| ApiError::bad_request(field, format!("{field} cannot be posted to: {error}")))
    }
}

/// Lists the tenant's webhooks, newest first: those that were created, or the URLs that requests named.
#[utoipa::path(
    tag = "Webhooks",
    params(
        PageQuery<'static>,
        ("for_requests" = Option<bool>, Query, description = "Whether to list the URLs that requests named as `webhook_url`; false by default."),
    ),
    responses((status = 200, body = Page<WebhookView>)),
    security(("credential" = ["admin"]))
)]
#[get("/api/v1/webhooks?<for_requests>")]
async fn list_webhooks(
    caller: Caller<Admin>,
    db: Db<'_>,
    page: PageQuery<'_>,
    for_requests: Option<&str>,
) -> ApiResult<Page<WebhookView>> {
    let for_requests = parsed("for_requests", for_requests)?.unwrap_or(false);
    let asked = Asked::read(&page, &())?;
    let mut conn = db.tenant(&caller).await?;
    let (webhooks, total) = repo::webhooks::list(&mut conn, for_requests, &asked.paging).await?;
    asked.page(webhooks, Some(total), |webhook| {
        Newest::new(webhook.created_at, webhook.id)
    })
}

/// Returns a webhook without its secret.
#[utoipa::path(
    tag = "Webhooks",
    params(PathId<WebhookId>),
    responses((status = 200, body = WebhookView)),
    security(("credential" = ["admin"]))
)]
#[get("/api/v1/webhooks/<id>")]
async fn get_webhook(caller: Caller<Admin>, db: Db<'_>, id: PathId<WebhookId>) -> ApiResult<Json<WebhookView>> {
    let mut conn = db.tenant(&caller).await?;
    Ok(Json(repo::webhooks::get(&mut conn, id.0).await?.into()))
}

/// Creates a webhook, which gets what happens from now on. Only this response contains its secret, so an `Idempotency-Key` is
/// refused.
#[utoipa::path(
    tag = "Webhooks",
    request_body = WebhookRequest,
    responses(
        (status = 201, body = WebhookWithSecret),
        (status = 409, description = "The tenant has as many webhooks as it may."),
    ),
    security(("credential" = ["admin"]))
)]
#[post("/api/v1/webhooks", data = "<body>")]
async fn create_webhook(
    caller: Caller<Admin>,
    db: Db<'_>,
    targets: &State<Targets>,
    body: Body<WebhookRequest>,
) -> ApiResult<Created<WebhookWithSecret>> {
    let caller = caller.acting_for(body.value.tenant_id.as_deref(), db.pool()).await?;
    let (webhook, secret) = create(&caller, &db, targets, &body.value).await?;
    let path = format!("/api/v1/webhooks/{}", webhook.id);
    Ok(Created::new(path, WebhookWithSecret::new(webhook, &secret)))
}

/// Creates a webhook.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which names the field, [`ApiError::Conflict`] if there are as many as may be, and those of the
/// database.
pub(crate) async fn create(
    caller: &Caller<Admin>,
    db: &Db<'_>,
    targets: &Targets,
    request: &WebhookRequest,
) -> ApiResult<(Webhook, WebhookSecret)> {
    let WebhookRequest {
        url,
        kinds,
        job_kinds,
        description,
        tenant_id: _,
    } = request;
    let url = targets.read("url", url)?;
    check_description(description.as_deref())?;
    let (kinds, job_kinds) = (read_kinds(kinds)?, read_job_kinds(job_kinds)?);
    let new = NewWebhook {
        url: &url,
        description: description.as_deref(),
        kinds: &kinds,
        job_kinds: &job_kinds,
    };
    let mut conn = db.tenant(caller).await?;
    let (_, count) = repo::webhooks::list(&mut conn, false, &Paging::first(1)).await?;
    if count >= MAX_WEBHOOKS {
        let detail = format!("the tenant has {MAX_WEBHOOKS} webhooks, the maximum: delete one first");
        return Err(ApiError::Conflict(detail));
    }
    let (webhook, secret) = insert(&mut conn, &new).await?;
    // Not the URL: who knows those of some receivers may post to them.
    let details = json!({ "kinds": webhook.kinds.0, "job_kinds": webhook.job_kinds.0 });
    caller
        .note(&mut conn, "webhook.create", Some(&webhook.id.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok((webhook, secret))
}

/// Inserts a webhook with a secret, and returns both.
///
/// # Errors
///
/// Those of the database.
pub(crate) async fn insert(conn: &mut TenantConnection, new: &NewWebhook<'_>) -> QueryResult<(Webhook, WebhookSecret)> {
    let webhook = repo::webhooks::insert(conn, new).await?;
    let secret = WebhookSecret::generate();
    repo::webhook_secrets::insert(conn, webhook.id, &secret).await?;
    Ok((webhook, secret))
}

fn check_description(text: Option<&str>) -> ApiResult<()> {
    let text = text.unwrap_or_default();
    if text.chars().count() > MAX_DESCRIPTION_CHARS || text.contains('\0') {
        let detail = format!("description must be a text of at most {MAX_DESCRIPTION_CHARS} characters");
        return Err(ApiError::bad_request("description", detail));
    }
    Ok(())
}

/// Reads the kinds of events that a webhook gets.
///
/// # Errors
///
/// [`ApiError::BadRequest`] if there are none, or one is not known.
pub(crate) fn read_kinds(words: &[String]) -> ApiResult<TextList> {
    let kinds: Vec<EventKind> = words.iter().map(|kind| word("kinds", kind)).collect::<ApiResult<_>>()?;
    if kinds.is_empty() {
        let detail = "kinds is empty: expected one or more kinds of events, such as job.ended";
        return Err(ApiError::bad_request("kinds", detail));
    }
    Ok(without_repetitions(kinds.into_iter().map(EventKind::label)))
}

/// Reads the kinds of jobs whose events a webhook gets.
///
/// # Errors
///
/// [`ApiError::BadRequest`] if one is not known.
pub(crate) fn read_job_kinds(words: &[String]) -> ApiResult<TextList> {
    let known = scans::registry().kinds();
    if let Some(unknown) = words.iter().find(|kind| !known.contains(&kind.as_str())) {
        let detail = format!(
            "{unknown:?} is not a kind of jobs: expected one of {}",
            known.join(", ")
        );
        return Err(ApiError::bad_request("job_kinds", detail));
    }
    Ok(without_repetitions(words.iter().map(String::as_str)))
}

fn without_repetitions<'a>(words: impl Iterator<Item = &'a str>) -> TextList {
    let mut read: Vec<&str> = Vec::new();
    for word in words {
        if !read.contains(&word) {
            read.push(word);
        }
    }
    read.into_iter().collect()
}

/// Changes a webhook. One that is disabled drops what waits for it.
#[utoipa::path(
    tag = "Webhooks",
    params(PathId<WebhookId>),
    request_body = WebhookPatch,
    responses(
        (status = 200, body = WebhookView),
        (status = 409, description = "Requests named its URL: only its description and whether it is enabled can change."),
    ),
    security(("credential" = ["admin"]))
)]
#[patch("/api/v1/webhooks/<id>", data = "<body>")]
async fn update_webhook(
    caller: Caller<Admin>,
    db: Db<'_>,
    targets: &State<Targets>,
    id: PathId<WebhookId>,
    body: Body<WebhookPatch>,
) -> ApiResult<Json<WebhookView>> {
    let caller = caller.acting_for(body.value.tenant_id.as_deref(), db.pool()).await?;
    let webhook = update(&caller, &db, targets, id.0, body.value).await?;
    Ok(Json(webhook.into()))
}

/// Changes a webhook.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which names the field, [`ApiError::NotFound`], [`ApiError::Conflict`] for what requests decide, and those
/// of the database.
pub(crate) async fn update(
    caller: &Caller<Admin>,
    db: &Db<'_>,
    targets: &Targets,
    id: WebhookId,
    request: WebhookPatch,
) -> ApiResult<Webhook> {
    let WebhookPatch {
        url,
        kinds,
        job_kinds,
        description,
        is_enabled,
        tenant_id: _,
    } = request;
    let url = url.map(|url| targets.read("url", &url)).transpose()?;
    check_description(description.as_ref().and_then(Option::as_deref))?;
    let changes = WebhookChanges {
        url: url.as_deref(),
        description: description.as_ref().map(Option::as_deref),
        kinds: kinds.map(|kinds| read_kinds(&kinds)).transpose()?,
        job_kinds: job_kinds.map(|kinds| read_job_kinds(&kinds)).transpose()?,
    };
    let mut conn = db.tenant(caller).await?;
    let is_of_request = url.is_some() || changes.kinds.is_some() || changes.job_kinds.is_some();
    if is_of_request && repo::webhooks::get(&mut conn, id).await?.for_requests {
        return Err(ApiError::Conflict(FOR_REQUESTS.to_owned()));
    }
    repo::webhooks::update(&mut conn, id, &changes).await?;
    match is_enabled {
        Some(true) => repo::webhooks::enable(&mut conn, id).await?,
        Some(false) => repo::webhooks::disable(&mut conn, id, DisabledBecause::Request).await?,
        None => false,
    };
    let webhook = repo::webhooks::get(&mut conn, id).await?;
    let details = json!({
        "kinds": webhook.kinds.0, "job_kinds": webhook.job_kinds.0,
        "is_enabled": webhook.disabled_at.is_none(), "url_changed": url.is_some(),
    });
    caller
        .note(&mut conn, "webhook.update", Some(&webhook.id.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok(webhook)
}

/// Replaces the secret of a webhook. During the overlap each post has two signatures, the new one first. Only this response contains
/// the new secret.
#[utoipa::path(
    tag = "Webhooks",
    params(PathId<WebhookId>),
    request_body = Option<SecretRequest>,
    responses(
        (status = 200, body = WebhookWithSecret),
        (status = 409, description = "Requests named its URL: its posts are signed by the secret of requests."),
    ),
    security(("credential" = ["admin"]))
)]
#[post("/api/v1/webhooks/<id>/rotate", data = "<body>")]
async fn rotate_webhook(
    caller: Caller<Admin>,
    db: Db<'_>,
    id: PathId<WebhookId>,
    body: OptionalBody<SecretRequest>,
) -> ApiResult<Json<WebhookWithSecret>> {
    let SecretRequest {
        overlap_seconds,
        tenant_id,
    } = body.0.unwrap_or_default();
    let caller = caller.acting_for(tenant_id.as_deref(), db.pool()).await?;
    let (webhook, secret) = rotate(&caller, &db, id.0, overlap_seconds).await?;
    Ok(Json(WebhookWithSecret::new(webhook, &secret)))
}

/// Replaces the secret of a webhook.
///
/// # Errors
///
/// [`ApiError::BadRequest`] if the overlap is out of range, [`ApiError::NotFound`], [`ApiError::Conflict`] for a webhook of requests, and
/// those of the database.
pub(crate) async fn rotate(
    caller: &Caller<Admin>,
    db: &Db<'_>,
    id: WebhookId,
    overlap_seconds: Option<i64>,
) -> ApiResult<(Webhook, WebhookSecret)> {
    let overlap = overlap::read(overlap_seconds)?;
    let mut conn = db.tenant(caller).await?;
    let webhook = repo::webhooks::get(&mut conn, id).await?;
    if webhook.for_requests {
        return Err(ApiError::Conflict(NO_SECRET_OF_ITS_OWN.to_owned()));
    }
    let secret = replace_secret(&mut conn, Some(webhook.id), overlap).await?;
    let details = json!({ "overlap_seconds": overlap.num_seconds() });
    caller
        .note(&mut conn, "webhook.rotate", Some(&webhook.id.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok((webhook, secret))
}

/// Replaces the secret of a webhook, or that of requests, by a new one, and returns it. The old one signs as well for `overlap`.
///
/// # Errors
///
/// Those of the database.
pub(super) async fn replace_secret(
    conn: &mut TenantConnection,
    webhook: Option<WebhookId>,
    overlap: TimeDelta,
) -> QueryResult<WebhookSecret> {
    repo::webhook_secrets::expire_in(conn, webhook, overlap).await?;
    let secret = WebhookSecret::generate();
    repo::webhook_secrets::insert(conn, webhook, &secret).await?;
    Ok(secret)
}

/// Deletes a webhook with its deliveries.
#[utoipa::path(
    tag = "Webhooks",
    params(PathId<WebhookId>),
    responses((status = 204, description = "Done.")),
    security(("credential" = ["admin"]))
)]
#[delete("/api/v1/webhooks/<id>")]
async fn delete_webhook(caller: Caller<Admin>, db: Db<'_>, id: PathId<WebhookId>) -> ApiResult<Status> {
    delete(&caller, &db, id.0).await?;
    Ok(Status::NoContent)
}

/// Deletes a webhook with its deliveries.
///
/// # Errors
///
/// [`ApiError::NotFound`], and those of the database.
pub(crate) async fn delete(caller: &Caller<Admin>, db: &Db<'_>, id: WebhookId) -> ApiResult<()> {
    let mut conn = db.tenant(caller).await?;
    repo::webhooks::delete(&mut conn, id).await?;
    caller
        .note(&mut conn, "webhook.delete", Some(&id.to_string()), json!({}))
        .await?;
    conn.commit().await?;
    Ok(())
}
