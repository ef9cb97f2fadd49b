//! The API keys of a tenant.

use chrono::Utc;
use database::ids::ApiKeyId;
use database::models::api_key::{ApiKey, KeySecret, NewApiKey};
use database::models::enums::Scope;
use database::models::values::TextList;
use database::repo;
use database::repo::paging::Newest;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{delete, get, post};
use serde_json::json;

use super::overlap;
use super::query::{Asked, PageQuery, PathId};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Admin, Body, Caller, Db, OptionalBody};
use crate::views::Page;
use crate::views::answer::Created;
use crate::views::key::{KeyCreated, KeyRequest, KeyView, RotationRequest};

/// Maximum length of a name, in characters.
const MAX_NAME_CHARS: usize = 200;

handlers![list_keys, get_key, create_key, rotate_key, revoke_key];

/// Lists the tenant's keys, newest first, including revoked and expired ones.
#[utoipa::path(
    tag = "Accounts",
    params(
        PageQuery<'static>,
    ),
    responses((status = 200, body = Page<KeyView>)),
    security(("credential" = ["admin"]))
)]
#[get("/api/v1/keys")]
async fn list_keys(caller: Caller<Admin>, db: Db<'_>, page: PageQuery<'_>) -> ApiResult<Page<KeyView>> {
    list(&caller, &db, &page).await
}

/// Lists the tenant's keys.
///
/// # Errors
///
/// [`ApiError::BadRequest`] for a wrong part of the list, and those of the database.
pub(crate) async fn list(caller: &Caller<Admin>, db: &Db<'_>, page: &PageQuery<'_>) -> ApiResult<Page<KeyView>> {
    let asked = Asked::read(page, &())?;
    let mut conn = db.tenant(caller).await?;
    let (keys, total) = repo::api_keys::list_page(&mut conn, &asked.paging).await?;
    asked.page(keys, Some(total), |key| Newest::new(key.created_at, key.id))
}

/// Returns a key without its secret.
#[utoipa::path(
    tag = "Accounts",
    params(PathId<ApiKeyId>),
    responses((status = 200, body = KeyView)),
    security(("credential" = ["admin"]))
)]
#[get("/api/v1/keys/<id>")]
async fn get_key(caller: Caller<Admin>, db: Db<'_>, id: PathId<ApiKeyId>) -> ApiResult<Json<KeyView>> {
    let mut conn = db.tenant(&caller).await?;
    Ok(Json(repo::api_keys::get(&mut conn, id.0).await?.into()))
}

/// Creates a key. Only this response contains the secret: it is not stored, so an `Idempotency-Key` is refused.
#[utoipa::path(
    tag = "Accounts",
    request_body = KeyRequest,
    responses((status = 201, body = KeyCreated)),
    security(("credential" = ["admin"]))
)]
#[post("/api/v1/keys", data = "<body>")]
async fn create_key(caller: Caller<Admin>, db: Db<'_>, body: Body<KeyRequest>) -> ApiResult<Created<KeyCreated>> {
    let caller = caller.acting_for(body.value.tenant_id.as_deref(), db.pool()).await?;
    let (key, secret) = create(&caller, &db, &body.value).await?;
    Ok(created(key, &secret, None))
}

/// Creates a key of the caller's tenant.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which names the field, [`ApiError::Forbidden`] for a scope that the caller does not have, and those of
/// the database.
pub(crate) async fn create(
    caller: &Caller<Admin>,
    db: &Db<'_>,
    request: &KeyRequest,
) -> ApiResult<(ApiKey, KeySecret)> {
    let KeyRequest {
        name,
        scopes,
        expires_at,
        tenant_id: _,
    } = request;
    let (name, expires_at) = (name.as_str(), *expires_at);
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.contains('\0') {
        let detail = format!("name must have 1 to {MAX_NAME_CHARS} characters and no NUL");
        return Err(ApiError::bad_request("name", detail));
    }
    if expires_at.is_some_and(|at| at <= Utc::now()) {
        return Err(ApiError::bad_request(
            "expires_at",
            "expires_at is in the past: it must be in the future",
        ));
    }
    let scopes = read_scopes(caller, scopes)?;
    let secret = KeySecret::generate();
    let hash = KeySecret::hash_of(secret.expose());
    let new = NewApiKey {
        name,
        prefix: secret.prefix(),
        hash: &hash,
        scopes: &scopes,
        expires_at,
    };
    let mut conn = db.tenant(caller).await?;
    let key = repo::api_keys::insert(&mut conn, &new).await?;
    let details = json!({ "name": key.name, "prefix": key.prefix, "scopes": key.scopes.0, "expires_at": expires_at });
    caller
        .note(&mut conn, "key.create", Some(&key.id.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok((key, secret))
}

fn created(key: ApiKey, secret: &KeySecret, replaces: Option<ApiKey>) -> Created<KeyCreated> {
    Created::new(
        format!("/api/v1/keys/{}", key.id),
        KeyCreated::new(key, secret, replaces),
    )
}

/// Parses scopes. Callers can grant only scopes that they have themselves.
fn read_scopes(caller: &Caller<Admin>, scopes: &[String]) -> ApiResult<TextList> {
    let mut read = Vec::new();
    for scope in scopes {
        let scope: Scope = scope.parse().map_err(|_| {
            ApiError::bad_request(
                "scopes",
                format!("{scope:?} is not a scope: expected read, scan, curate or admin"),
            )
        })?;
        caller.require(scope)?;
        if !read.contains(&scope) {
            read.push(scope);
        }
    }
    if read.is_empty() {
        return Err(ApiError::bad_request(
            "scopes",
            "scopes is empty: expected one or more of read, scan, curate, admin",
        ));
    }
    Ok(read.into_iter().map(Scope::label).collect())
}

/// Replaces a key by a new one with the same name and scopes, in whose name the key's schedules run from then on. Both are valid
/// during the overlap.
#[utoipa::path(
    tag = "Accounts",
    params(PathId<ApiKeyId>),
    request_body = Option<RotationRequest>,
    responses((status = 201, body = KeyCreated), (status = 409, description = "The key is revoked or has expired.")),
    security(("credential" = ["admin"]))
)]
#[post("/api/v1/keys/<id>/rotate", data = "<body>")]
async fn rotate_key(
    caller: Caller<Admin>,
    db: Db<'_>,
    id: PathId<ApiKeyId>,
    body: OptionalBody<RotationRequest>,
) -> ApiResult<Created<KeyCreated>> {
    let RotationRequest {
        overlap_seconds,
        tenant_id,
    } = body.0.unwrap_or_default();
    let caller = caller.acting_for(tenant_id.as_deref(), db.pool()).await?;
    let overlap = overlap::read(overlap_seconds)?;
    let mut conn = db.tenant(&caller).await?;
    let old = repo::api_keys::get(&mut conn, id.0).await?;
    for scope in old.scopes.0.iter().filter_map(|label| label.parse().ok()) {
        caller.require(scope)?;
    }
    let ends = repo::api_keys::expire_in(&mut conn, old.id, overlap).await;
    let replaced = match ends {
        Err(repo::QueryError::NotFound) => {
            return Err(ApiError::Conflict(
                "the key is revoked or has expired: create a new one".to_owned(),
            ));
        }
        replaced => replaced?,
    };
    let secret = KeySecret::generate();
    let hash = KeySecret::hash_of(secret.expose());
    let new = NewApiKey {
        name: &old.name,
        prefix: secret.prefix(),
        hash: &hash,
        scopes: &old.scopes,
        expires_at: old.expires_at,
    };
    let key = repo::api_keys::insert(&mut conn, &new).await?;
    repo::schedules::hand_over(&mut conn, old.id, key.id).await?;
    let details = json!({ "by": key.id.get(), "prefix": key.prefix, "ends": replaced.expires_at });
    caller
        .note(&mut conn, "key.rotate", Some(&old.id.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok(created(key, &secret, Some(replaced)))
}

/// Revokes a key permanently. Every process refuses it within 5 s, and schedules that run in its name are paused when they are due.
#[utoipa::path(
    tag = "Accounts",
    params(PathId<ApiKeyId>),
    responses((status = 204, description = "Done.")),
    security(("credential" = ["admin"]))
)]
#[delete("/api/v1/keys/<id>")]
async fn revoke_key(caller: Caller<Admin>, db: Db<'_>, id: PathId<ApiKeyId>) -> ApiResult<Status> {
    revoke(&caller, &db, id.0).await?;
    Ok(Status::NoContent)
}

/// Revokes a key permanently.
///
/// # Errors
///
/// [`ApiError::NotFound`], and those of the database.
pub(crate) async fn revoke(caller: &Caller<Admin>, db: &Db<'_>, id: ApiKeyId) -> ApiResult<()> {
    let mut conn = db.tenant(caller).await?;
    let key = repo::api_keys::revoke(&mut conn, id).await?;
    let details = json!({ "name": key.name, "prefix": key.prefix });
    caller
        .note(&mut conn, "key.revoke", Some(&key.id.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok(())
}
