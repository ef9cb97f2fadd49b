//! The audit log of a tenant.

use database::repo;
use rocket::get;

use super::names::names_of;
use super::query::{Asked, PageQuery};
use crate::error::ApiResult;
use crate::guards::{Admin, Caller, Db};
use crate::views::Page;
use crate::views::audit::AuditView;
use crate::views::who::id_in;

handlers![list_audit];

/// Lists the audit log, newest first: changes of keys, bulk changes and deletions.
#[utoipa::path(
    tag = "Accounts",
    params(
        ("action" = Option<String>, Query, description = "Only entries of this action, such as `key.create`."),
        PageQuery<'static>,
    ),
    responses((status = 200, body = Page<AuditView>)),
    security(("credential" = ["admin"]))
)]
#[get("/api/v1/audit?<action>")]
async fn list_audit(
    caller: Caller<Admin>,
    db: Db<'_>,
    action: Option<&str>,
    page: PageQuery<'_>,
) -> ApiResult<Page<AuditView>> {
    list(&caller, &db, action, &page).await
}

/// Lists the audit log.
///
/// # Errors
///
/// [`ApiError::BadRequest`](crate::error::ApiError::BadRequest) for a wrong part of the list, and those of the database.
pub(crate) async fn list(
    caller: &Caller<Admin>,
    db: &Db<'_>,
    action: Option<&str>,
    page: &PageQuery<'_>,
) -> ApiResult<Page<AuditView>> {
    let asked = Asked::read(page, &())?;
    let mut conn = db.reading(caller).await?;
    let mut entries = repo::audit_log::list(&mut conn, action, &asked.paging).await?;
    let next_cursor = asked.cut(&mut entries, |entry| entry.id)?;
    let names = names_of(&mut conn, entries.iter().filter_map(|entry| id_in(&entry.actor))).await?;
    Ok(Page {
        items: entries.into_iter().map(|entry| AuditView::new(entry, &names)).collect(),
        next_cursor,
        total: None,
    })
}
