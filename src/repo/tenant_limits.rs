//! Table `tenant_limits`: set by the operator, read with the caller.

use diesel::prelude::{ExpressionMethods, QueryResult, SelectableHelper};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use crate::db::tenant::SystemConnection;
use crate::models::ids::TenantId;
use crate::models::tenant_limits::{NewTenantLimits, TenantLimits};
use crate::schema::tenant_limits;

/// Sets what a tenant may do; every process knows within seconds.
///
/// # Errors
///
/// Those of the database.
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
