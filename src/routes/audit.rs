//! The audit log of a tenant.

use database::repo;
use rocket::{Route, get, routes};

use super::query::Asked;
use crate::error::ApiResult;
use crate::guards::{Admin, Caller, Db};
use crate::views::Page;
use crate::views::audit::AuditView;

/// Returns the routes of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![list_audit]
}

/// Lists the audit log, newest first: changes of keys, bulk changes and deletions.
#[get("/api/v1/audit?<action>&<limit>&<cursor>")]
async fn list_audit(
    caller: Caller<Admin>,
    db: Db<'_>,
    action: Option<&str>,
    limit: Option<&str>,
    cursor: Option<&str>,
) -> ApiResult<Page<AuditView>> {
    let asked = Asked::read(limit, cursor, &())?;
    let mut conn = db.tenant(&caller).await?;
    let entries = repo::audit_log::list(&mut conn, action, &asked.paging).await?;
    asked.page(entries, None, |entry| entry.id)
}
