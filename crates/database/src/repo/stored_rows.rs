//! Table `stored_rows`: how many rows a tenant has stored, as entries that add up to it.

use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult};
use diesel_async::RunQueryDsl;
use schema::stored_rows;
use uuid::Uuid;

use crate::models::stored_rows::StoredRows;
use crate::tenant::TenantConnection;

/// The maximum number of entries that are put together at a time.
const MAX_COMPACTED: i64 = 10_000;

/// Lists the entries of the tenant.
pub async fn list(conn: &mut TenantConnection) -> QueryResult<Vec<StoredRows>> {
    let tenant = conn.tenant_id();
    StoredRows::query()
        .filter(stored_rows::tenant_id.eq(tenant))
        .load(&mut conn.reading())
        .await
}

/// Replaces entries of the tenant by one with their sum, and returns how many. Entries that another transaction is
/// replacing are left to it.
pub async fn compact(conn: &mut TenantConnection) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let ids: Vec<Uuid> = stored_rows::table
        .filter(stored_rows::tenant_id.eq(tenant))
        .select(stored_rows::id)
        .limit(MAX_COMPACTED)
        .for_update()
        .skip_locked()
        .load(conn)
        .await?;
    let gone: Vec<i64> = diesel::delete(
        stored_rows::table
            .filter(stored_rows::tenant_id.eq(tenant))
            .filter(stored_rows::id.eq_any(ids)),
    )
    .returning(stored_rows::rows)
    .get_results(conn)
    .await?;
    if !gone.is_empty() {
        let sum = (
            stored_rows::tenant_id.eq(tenant),
            stored_rows::rows.eq(gone.iter().sum::<i64>()),
        );
        diesel::insert_into(stored_rows::table)
            .values(sum)
            .execute(conn)
            .await?;
    }
    Ok(gone.len())
}
