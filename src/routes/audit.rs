//! The audit log of a tenant.

use database::ids::AuditEntryId;
use database::repo;
use rocket::serde::json::Json;
use rocket::{get};

use super::query::{cursor_behind, paging, parsed};
use crate::error::ApiResult;
use crate::guards::{Admin, Caller, Db};
use crate::views::audit::{AuditPage, AuditView};

handlers![list_audit];

/// Lists the audit log, newest first: changes of keys, bulk changes and deletions.
#[utoipa::path(
    tag = "Accounts",
    params(
        ("action" = Option<String>, Query, description = "Only entries of this action, such as `key.create`."),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "Maximum number of rows; 100 by default."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the previous page."),
    ),
    responses((status = 200, body = AuditPage)),
    security(("credential" = ["admin"]))
)]
#[get("/api/v1/audit?<action>&<limit>&<cursor>")]
async fn list_audit(
    caller: Caller<Admin>,
    db: Db<'_>,
    action: Option<&str>,
    limit: Option<&str>,
    cursor: Option<&str>,
) -> ApiResult<Json<AuditPage>> {
    let limit = paging(limit, None)?.limit;
    let before = parsed::<i64>("cursor", cursor)?.map(AuditEntryId::from);
    let mut conn = db.tenant(&caller).await?;
    let entries = repo::audit_log::list(&mut conn, action, before, limit).await?;
    let next_cursor = cursor_behind(&entries, limit, |entry| entry.id.to_string());
    Ok(Json(AuditPage {
        items: entries.into_iter().map(AuditView::from).collect(),
        next_cursor,
    }))
}
