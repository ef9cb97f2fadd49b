//! Tenants, which super administrators manage.

use database::models::tenant::{NewTenant, Tenant, TenantChanges};
use database::repo;
use database::repo::paging::Newest;
use rocket::serde::json::Json;
use rocket::{get, patch, post};
use serde_json::json;
use uuid::Uuid;

use super::query::{Asked, PageQuery, PathId};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Db, SuperAdmin};
use crate::views::Page;
use crate::views::answer::Created;
use crate::views::tenant::{TenantPatch, TenantRequest, TenantView};

/// Maximum length of a name, in characters.
const MAX_NAME_CHARS: usize = 200;
/// Maximum length of a description, in characters.
const MAX_DESCRIPTION_CHARS: usize = 10_000;

handlers![list_tenants, get_tenant, create_tenant, update_tenant];

/// Lists all tenants, newest first.
#[utoipa::path(
    tag = "Accounts",
    params(
        PageQuery<'static>,
    ),
    responses((status = 200, body = Page<TenantView>)),
    security(("credential" = ["super admin"]))
)]
#[get("/api/v1/tenants")]
async fn list_tenants(admin: SuperAdmin, db: Db<'_>, page: PageQuery<'_>) -> ApiResult<Page<TenantView>> {
    list(&admin, &db, &page).await
}

/// Lists all tenants.
///
/// # Errors
///
/// [`ApiError::BadRequest`] for a wrong part of the list, and those of the database.
pub(crate) async fn list(admin: &SuperAdmin, db: &Db<'_>, page: &PageQuery<'_>) -> ApiResult<Page<TenantView>> {
    let asked = Asked::read(page, &())?;
    let mut conn = db.system(admin).await?;
    let (tenants, total) = repo::tenants::list_page(&mut conn, &asked.paging).await?;
    asked.page(tenants, Some(total), |tenant: &Tenant| {
        Newest::new(tenant.created_at, tenant.id.get())
    })
}

/// Returns a tenant.
#[utoipa::path(
    tag = "Accounts",
    params(PathId<Uuid>),
    responses((status = 200, body = TenantView)),
    security(("credential" = ["super admin"]))
)]
#[get("/api/v1/tenants/<id>")]
async fn get_tenant(admin: SuperAdmin, db: Db<'_>, id: PathId<Uuid>) -> ApiResult<Json<TenantView>> {
    let mut conn = db.system(&admin).await?;
    let tenant = repo::tenants::find(&mut conn, id.0).await?;
    Ok(Json(tenant.ok_or(ApiError::NotFound)?.into()))
}

/// Creates a tenant. Keys for it are created with `POST /api/v1/keys` and its id in `tenant_id`.
#[utoipa::path(
    tag = "Accounts",
    request_body = TenantRequest,
    responses((status = 201, body = TenantView)),
    security(("credential" = ["super admin"]))
)]
#[post("/api/v1/tenants", data = "<body>")]
async fn create_tenant(admin: SuperAdmin, db: Db<'_>, body: Body<TenantRequest>) -> ApiResult<Created<TenantView>> {
    let tenant = create(&admin, &db, &body.value).await?;
    Ok(Created::new(format!("/api/v1/tenants/{}", tenant.id), tenant))
}

/// Creates a tenant.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which names the field, and those of the database.
pub(crate) async fn create(admin: &SuperAdmin, db: &Db<'_>, request: &TenantRequest) -> ApiResult<TenantView> {
    let TenantRequest { name, description } = request;
    let new = NewTenant {
        name: read_name(name)?,
        description: description.as_deref().map(read_description).transpose()?,
    };
    let mut conn = db.system(admin).await?;
    let tenant = repo::tenants::insert(&mut conn, &new).await?;
    let details = json!({ "name": tenant.name });
    admin.note(&mut conn, tenant.id, "tenant.create", details).await?;
    conn.commit().await?;
    Ok(tenant.into())
}

/// Renames, describes, deactivates or activates a tenant. It takes effect within 5 s.
#[utoipa::path(
    tag = "Accounts",
    params(PathId<Uuid>),
    request_body = TenantPatch,
    responses(
        (status = 200, body = TenantView),
        (status = 409, description = "The caller's own tenant cannot be deactivated.")
    ),
    security(("credential" = ["super admin"]))
)]
#[patch("/api/v1/tenants/<id>", data = "<body>")]
async fn update_tenant(
    admin: SuperAdmin,
    db: Db<'_>,
    id: PathId<Uuid>,
    body: Body<TenantPatch>,
) -> ApiResult<Json<TenantView>> {
    update(&admin, &db, id.0, &body.value).await.map(Json)
}

/// Changes a tenant.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which names the field, [`ApiError::Conflict`] for the caller's own tenant, [`ApiError::NotFound`], and
/// those of the database.
pub(crate) async fn update(admin: &SuperAdmin, db: &Db<'_>, id: Uuid, request: &TenantPatch) -> ApiResult<TenantView> {
    let TenantPatch {
        name,
        description,
        is_active,
    } = request;
    let changes = TenantChanges {
        name: name.as_deref().map(read_name).transpose()?,
        description: match description {
            Some(Some(text)) => Some(Some(read_description(text)?)),
            Some(None) => Some(None),
            None => None,
        },
        is_active: *is_active,
    };
    if changes == TenantChanges::default() {
        let detail = "nothing to change: one of name, description, is_active is required";
        return Err(ApiError::bad_request("name", detail));
    }
    if changes.is_active == Some(false) && id == admin.home().get() {
        return Err(ApiError::Conflict(
            "this is your own tenant: it can be deactivated on the command line, or by an administrator of another tenant"
                .to_owned(),
        ));
    }
    let mut conn = db.system(admin).await?;
    let tenant = repo::tenants::update(&mut conn, id, changes).await?;
    let details = json!({ "name": tenant.name, "is_active": tenant.is_active });
    admin.note(&mut conn, tenant.id, "tenant.update", details).await?;
    conn.commit().await?;
    Ok(tenant.into())
}

fn read_name(name: &str) -> ApiResult<&str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.contains('\0') {
        let detail = format!("name must have 1 to {MAX_NAME_CHARS} characters and no NUL");
        return Err(ApiError::bad_request("name", detail));
    }
    Ok(name)
}

fn read_description(text: &str) -> ApiResult<&str> {
    if text.chars().count() > MAX_DESCRIPTION_CHARS || text.contains('\0') {
        let detail = format!("description must have at most {MAX_DESCRIPTION_CHARS} characters and no NUL");
        return Err(ApiError::bad_request("description", detail));
    }
    Ok(text)
}
