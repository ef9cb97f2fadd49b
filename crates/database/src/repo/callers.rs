//! Looks up callers across tenants, before a request's tenant is known.

use diesel::prelude::{ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::{profiles, tenant_limits, tenants};
use uuid::Uuid;

use crate::ids::UserId;
use crate::models::profile::Profile;
use crate::models::tenant::Tenant;
use crate::models::tenant_limits::TenantLimits;
use crate::tenant::SystemConnection;

/// Finds a signed-in person with the person's tenant and its limits.
pub async fn find_person(
    conn: &mut SystemConnection,
    id: UserId,
) -> QueryResult<Option<(Profile, Tenant, Option<TenantLimits>)>> {
    profiles::table
        .inner_join(tenants::table.on(tenants::id.eq(profiles::tenant_id)))
        .left_join(tenant_limits::table.on(tenant_limits::tenant_id.eq(profiles::tenant_id)))
        .filter(profiles::id.eq(id))
        .select((
            Profile::as_select(),
            Tenant::as_select(),
            Option::<TenantLimits>::as_select(),
        ))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Finds the tenant named by a credential or a super admin, with its limits.
pub async fn find_tenant(conn: &mut SystemConnection, id: Uuid) -> QueryResult<Option<(Tenant, Option<TenantLimits>)>> {
    tenants::table
        .left_join(tenant_limits::table.on(tenant_limits::tenant_id.eq(tenants::id)))
        .filter(tenants::id.eq(id))
        .select((Tenant::as_select(), Option::<TenantLimits>::as_select()))
        .first(&mut conn.reading())
        .await
        .optional()
}
