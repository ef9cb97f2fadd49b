//! Table `tenants`.

use diesel::dsl::now;
use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use schema::tenants;
use uuid::Uuid;

use super::paging::{Newest, Paging, before, page};
use crate::models::tenant::{NewTenant, Tenant, TenantChanges};
use crate::tenant::{SystemConnection, TenantConnection};

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

/// Returns the tenant of the connection.
pub async fn get(conn: &mut TenantConnection) -> QueryResult<Tenant> {
    let tenant = conn.tenant_id();
    Tenant::query()
        .filter(tenants::id.eq(tenant))
        .first(&mut conn.reading())
        .await
}

/// Lists a page of all tenants, newest first, with their total number.
pub async fn list_page(conn: &mut SystemConnection, paging: &Paging<Newest<Uuid>>) -> QueryResult<(Vec<Tenant>, i64)> {
    let mut rows = tenants::table.select(Tenant::as_select()).into_boxed();
    if let Some(Newest { at, id }) = paging.after {
        rows = rows.filter(before::<(Timestamptz, SqlUuid), _, _>(
            (tenants::created_at, tenants::id),
            (at, id),
        ));
    }
    let rows = rows.order((tenants::created_at.desc(), tenants::id.desc()));
    page!(conn, rows, tenants::table, paging.limit)
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

/// Updates a tenant named by a UUID from outside.
///
/// # Errors
///
/// `NotFound`.
pub async fn update(conn: &mut SystemConnection, id: Uuid, changes: TenantChanges<'_>) -> QueryResult<Tenant> {
    diesel::update(tenants::table.filter(tenants::id.eq(id)))
        .set((changes, tenants::updated_at.eq(now)))
        .returning(Tenant::as_returning())
        .get_result(conn)
        .await
}
