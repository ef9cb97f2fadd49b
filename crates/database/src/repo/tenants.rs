//! Table `tenants`.

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::tenants;
use uuid::Uuid;

use crate::models::tenant::{NewTenant, Tenant};
use crate::tenant::SystemConnection;

/// The tenant of rows that had none in the old system.
pub const DEFAULT_TENANT: Uuid = Uuid::from_u128(0x550e_8400_e29b_41d4_a716_4466_5544_0000);

/// Finds a tenant by a UUID from outside.
pub async fn find(conn: &mut SystemConnection, id: Uuid) -> QueryResult<Option<Tenant>> {
    Tenant::query()
        .filter(tenants::id.eq(id))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Lists all tenants by name.
pub async fn list(conn: &mut SystemConnection) -> QueryResult<Vec<Tenant>> {
    Tenant::query()
        .order((tenants::name, tenants::id))
        .load(&mut conn.reading())
        .await
}

/// Inserts a tenant.
pub async fn insert(conn: &mut SystemConnection, new: &NewTenant<'_>) -> QueryResult<Tenant> {
    diesel::insert_into(tenants::table)
        .values(new)
        .returning(Tenant::as_returning())
        .get_result(conn)
        .await
}
