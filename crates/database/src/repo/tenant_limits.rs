//! Table `tenant_limits`: set by the operator, read with each caller.

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use schema::tenant_limits;

use crate::ids::TenantId;
use crate::models::tenant_limits::{NewTenantLimits, TenantLimits};
use crate::tenant::{SystemConnection, TenantConnection};

/// Finds the limits of the tenant; `None` where all are those of the settings.
pub async fn find(conn: &mut TenantConnection) -> QueryResult<Option<TenantLimits>> {
    let tenant = conn.tenant_id();
    TenantLimits::query()
        .filter(tenant_limits::tenant_id.eq(tenant))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Sets a tenant's limits; they take effect within 5 s.
pub async fn set(conn: &mut SystemConnection, tenant: TenantId, limits: NewTenantLimits) -> QueryResult<TenantLimits> {
    diesel::insert_into(tenant_limits::table)
        .values((&limits, tenant_limits::tenant_id.eq(tenant)))
        .on_conflict(tenant_limits::tenant_id)
        .do_update()
        .set((
            &limits,
            tenant_limits::updated_at.eq(excluded(tenant_limits::updated_at)),
        ))
        .returning(TenantLimits::as_returning())
        .get_result(conn)
        .await
}
