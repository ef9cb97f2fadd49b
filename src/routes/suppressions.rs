//! Suppressions and erasures: what a tenant must not store.

use std::sync::Arc;
use std::time::Duration;

use database::ids::{SuppressionId, TenantId};
use database::models::enums::SuppressionKind;
use database::models::suppression::NewSuppression;
use database::repo;
use database::repo::paging::Newest;
use moka::sync::Cache;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post};
use serde_json::json;
use tokio::sync::{Mutex, OwnedMutexGuard};
use web::names::DomainName;

use super::query::{Asked, PageQuery, PathId};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Admin, Body, Caller, Curate, Db, Read};
use crate::views::Page;
use crate::views::answer::Created;
use crate::views::contact::{ErasureView, SuppressionRequest, SuppressionView};

/// Maximum length of an address, in bytes (RFC 5321).
const MAX_ADDRESS_BYTES: usize = 254;

/// How long an erasure waits for those before it: as long as for a connection.
const TURN_WITHIN: Duration = Duration::from_secs(30);
/// Maximum number of tenants whose turns are in memory.
const MAX_TENANTS: u64 = 10_000;

/// Lets the erasures of a tenant run one after the other in this process. In the database they wait for one another anyway,
/// each of them with a connection that other requests need.
#[derive(Debug)]
pub struct Turns(Cache<TenantId, Arc<Mutex<()>>>);

impl Default for Turns {
    fn default() -> Self {
        Self(Cache::new(MAX_TENANTS))
    }
}

impl Turns {
    pub(super) async fn take(&self, tenant: TenantId) -> ApiResult<OwnedMutexGuard<()>> {
        let turn = self.0.get_with(tenant, Arc::default).lock_owned();
        let late = |_| ApiError::Unavailable("earlier erasures of the tenant have not ended in time".to_owned());
        tokio::time::timeout(TURN_WITHIN, turn).await.map_err(late)
    }
}

handlers![
    create_suppression,
    list_suppressions,
    get_suppression,
    delete_suppression,
    create_erasure
];

/// Suppresses an address or a whole domain: it is no longer stored or exported.
#[utoipa::path(
    tag = "Suppressions",
    request_body = SuppressionRequest,
    responses((status = 201, body = SuppressionView)),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/suppressions", data = "<body>")]
async fn create_suppression(
    caller: Caller<Curate>,
    db: Db<'_>,
    body: Body<SuppressionRequest>,
) -> ApiResult<Created<SuppressionView>> {
    let caller = caller.acting_for(body.value.tenant_id.as_deref(), db.pool()).await?;
    let view = create(&caller, &db, &body.value).await?;
    Ok(Created::new(format!("/api/v1/suppressions/{}", view.id), view))
}

/// Suppresses an address or a whole domain.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which names the field, and those of the database.
pub(crate) async fn create(
    caller: &Caller<Curate>,
    db: &Db<'_>,
    request: &SuppressionRequest,
) -> ApiResult<SuppressionView> {
    let (kind, value) = read_value(request.email.as_deref(), request.domain.as_deref())?;
    let mut conn = db.tenant(caller).await?;
    let new = NewSuppression {
        kind,
        value: &value,
        keeps_value: true,
        reason: request.reason.as_deref(),
    };
    let row = repo::suppressions::upsert(&mut conn, new).await?;
    // Other rows that are shown or exported may mention it.
    repo::erasures::hide(&mut conn, &[(kind, &value)]).await?;
    caller
        .note(
            &mut conn,
            "suppression.create",
            Some(&row.id.to_string()),
            json!({ "kind": kind.label() }),
        )
        .await?;
    conn.commit().await?;
    Ok(row.into())
}

/// Erases an address or a whole domain from the tenant's rows, and suppresses it by its hash.
#[utoipa::path(
    tag = "Suppressions",
    request_body = SuppressionRequest,
    responses((status = 200, body = ErasureView)),
    security(("credential" = ["admin"]))
)]
#[post("/api/v1/erasures", data = "<body>")]
async fn create_erasure(
    caller: Caller<Admin>,
    db: Db<'_>,
    turns: &State<Turns>,
    body: Body<SuppressionRequest>,
) -> ApiResult<Json<ErasureView>> {
    let caller = caller.acting_for(body.value.tenant_id.as_deref(), db.pool()).await?;
    let (kind, value) = read_value(body.value.email.as_deref(), body.value.domain.as_deref())?;
    let _turn = turns.take(caller.tenant()).await?;
    let mut conn = db.tenant(&caller).await?;
    // This comes first: it waits for scans that are writing, and later scans see it.
    let new = NewSuppression {
        kind,
        value: &value,
        keeps_value: false,
        reason: body.value.reason.as_deref(),
    };
    let suppression = repo::suppressions::upsert(&mut conn, new).await?;
    let erased = repo::erasures::erase(&mut conn, kind, &value).await?;
    // The erased value is left out, since the audit log is kept.
    let details = json!({ "kind": kind.label(), "contacts": erased.contacts, "other_rows": erased.other_rows });
    caller
        .note(&mut conn, "erasure", Some(&suppression.id.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok(Json(ErasureView {
        suppression: suppression.into(),
        contacts: erased.contacts,
        other_rows: erased.other_rows,
    }))
}

/// Lists suppressions, newest first.
#[utoipa::path(
    tag = "Suppressions",
    params(
        PageQuery<'static>,
    ),
    responses((status = 200, body = Page<SuppressionView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/suppressions")]
async fn list_suppressions(caller: Caller<Read>, db: Db<'_>, page: PageQuery<'_>) -> ApiResult<Page<SuppressionView>> {
    list(&caller, &db, &page).await
}

/// Lists suppressions.
///
/// # Errors
///
/// [`ApiError::BadRequest`] for a wrong part of the list, and those of the database.
pub(crate) async fn list(caller: &Caller<Read>, db: &Db<'_>, page: &PageQuery<'_>) -> ApiResult<Page<SuppressionView>> {
    let asked = Asked::read(page, &())?;
    let mut conn = db.reading(caller).await?;
    let (rows, total) = repo::suppressions::list(&mut conn, &asked.paging).await?;
    asked.page(rows, Some(total), |row| Newest::new(row.created_at, row.id))
}

/// Returns a suppression.
#[utoipa::path(
    tag = "Suppressions",
    params(PathId<SuppressionId>),
    responses((status = 200, body = SuppressionView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/suppressions/<id>")]
async fn get_suppression(
    caller: Caller<Read>,
    db: Db<'_>,
    id: PathId<SuppressionId>,
) -> ApiResult<Json<SuppressionView>> {
    let mut conn = db.reading(&caller).await?;
    Ok(Json(repo::suppressions::get(&mut conn, id.0).await?.into()))
}

/// Lifts a suppression.
#[utoipa::path(
    tag = "Suppressions",
    params(PathId<SuppressionId>),
    responses((status = 204, description = "Done.")),
    security(("credential" = ["admin"]))
)]
#[delete("/api/v1/suppressions/<id>")]
async fn delete_suppression(caller: Caller<Admin>, db: Db<'_>, id: PathId<SuppressionId>) -> ApiResult<Status> {
    delete(&caller, &db, id.0).await?;
    Ok(Status::NoContent)
}

/// Lifts a suppression.
///
/// # Errors
///
/// [`ApiError::NotFound`], and those of the database.
pub(crate) async fn delete(caller: &Caller<Admin>, db: &Db<'_>, id: SuppressionId) -> ApiResult<()> {
    let mut conn = db.tenant(caller).await?;
    repo::suppressions::delete(&mut conn, id).await?;
    caller
        .note(&mut conn, "suppression.delete", Some(&id.to_string()), json!({}))
        .await?;
    conn.commit().await?;
    Ok(())
}

/// Reads the address or domain, in normalized form.
pub(super) fn read_value(email: Option<&str>, domain: Option<&str>) -> ApiResult<(SuppressionKind, String)> {
    match (email, domain) {
        (Some(email), None) => {
            let email = email.trim();
            let wrong = || {
                ApiError::bad_request(
                    "email",
                    format!("email is {email:?}: it must be an address such as jane@example.com"),
                )
            };
            let (local, host) = email.split_once('@').ok_or_else(wrong)?;
            let host = DomainName::parse(host).map_err(|_| wrong())?;
            let is_name = !local.is_empty() && !local.contains(|c: char| c.is_whitespace() || c.is_control());
            if !is_name || email.len() > MAX_ADDRESS_BYTES {
                return Err(wrong());
            }
            Ok((SuppressionKind::Address, format!("{}@{host}", local.to_lowercase())))
        }
        (None, Some(domain)) => {
            let name = DomainName::parse(domain).map_err(|error| ApiError::bad_request("domain", error.to_string()))?;
            Ok((SuppressionKind::Domain, name.as_str().to_owned()))
        }
        _ => Err(ApiError::bad_request("email", "either `email` or `domain` is required")),
    }
}
