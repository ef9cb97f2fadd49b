//! Table `audit_log`. Rows can be inserted and read; the database rejects updates and deletes.

use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::audit_log;

use super::paging::Paging;
use crate::ids::{AuditEntryId, TenantId};
use crate::models::audit_entry::{AuditEntry, NewAuditEntry};
use crate::tenant::{SystemConnection, TenantConnection};

/// Inserts an entry, in the transaction of the action it records.
pub async fn insert(conn: &mut TenantConnection, new: &NewAuditEntry<'_>) -> QueryResult<AuditEntry> {
    let tenant = conn.tenant_id();
    diesel::insert_into(audit_log::table)
        .values((new, audit_log::tenant_id.eq(tenant)))
        .returning(AuditEntry::as_returning())
        .get_result(conn)
        .await
}

/// Inserts an entry about a tenant, in the transaction of what was done to it from outside.
pub async fn insert_about(
    conn: &mut SystemConnection,
    tenant: TenantId,
    new: &NewAuditEntry<'_>,
) -> QueryResult<AuditEntry> {
    diesel::insert_into(audit_log::table)
        .values((new, audit_log::tenant_id.eq(tenant)))
        .returning(AuditEntry::as_returning())
        .get_result(conn)
        .await
}

/// Lists entries, newest first.
pub async fn list(
    conn: &mut TenantConnection,
    action: Option<&str>,
    paging: &Paging<AuditEntryId>,
) -> QueryResult<Vec<AuditEntry>> {
    let tenant = conn.tenant_id();
    let mut query = AuditEntry::query()
        .filter(audit_log::tenant_id.eq(tenant))
        .order(audit_log::id.desc())
        .limit(paging.limit)
        .into_boxed();
    if let Some(action) = action {
        query = query.filter(audit_log::action.eq(action));
    }
    if let Some(before) = paging.after {
        query = query.filter(audit_log::id.lt(before));
    }
    query.load(&mut conn.reading()).await
}
