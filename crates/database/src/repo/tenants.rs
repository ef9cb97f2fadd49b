//! Table `tenants`.

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::tenants;
use uuid::Uuid;

use crate::ids::TenantId;
use crate::models::tenant::{NewTenant, Tenant, TenantChanges};
use crate::tenant::{SystemConnection, TenantConnection};

/// The tenant of everything that named none in the old system.
pub const DEFAULT_TENANT: Uuid = Uuid::from_u128(0x550e_8400_e29b_41d4_a716_4466_5544_0000);

/// Returns the tenant of the connection.
///
/// # Errors
///
/// `NotFound` when it has no row, and those of the database.
pub async fn get(conn: &mut TenantConnection) -> QueryResult<Tenant> {
    let tenant = conn.tenant_id();
    Tenant::query().filter(tenants::id.eq(tenant)).first(&mut conn.reading()).await
}

/// Looks a tenant up by the UUID that somebody named.
///
/// # Errors
///
/// Those of the database.
pub async fn find(conn: &mut SystemConnection, id: Uuid) -> QueryResult<Option<Tenant>> {
    Tenant::query().filter(tenants::id.eq(id)).first(&mut conn.reading()).await.optional()
}

/// Lists all tenants by name.
///
/// # Errors
///
/// Those of the database.
pub async fn list(conn: &mut SystemConnection) -> QueryResult<Vec<Tenant>> {
    Tenant::query().order((tenants::name, tenants::id)).load(&mut conn.reading()).await
}

/// Adds a tenant.
///
/// # Errors
///
/// Those of the database.
pub async fn insert(conn: &mut SystemConnection, new: &NewTenant<'_>) -> QueryResult<Tenant> {
    diesel::insert_into(tenants::table)
        .values(new)
        .returning(Tenant::as_returning())
        .get_result(conn)
        .await
}

/// Changes a tenant.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn update(conn: &mut SystemConnection, id: TenantId, changes: &TenantChanges<'_>) -> QueryResult<Tenant> {
    diesel::update(tenants::table.find(id))
        .set((changes, tenants::updated_at.eq(diesel::dsl::now)))
        .returning(Tenant::as_returning())
        .get_result(conn)
        .await
}
