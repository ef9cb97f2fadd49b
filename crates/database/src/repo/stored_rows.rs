//! Table `stored_rows`: how many rows a tenant has stored, as entries that add up to it.

use std::collections::BTreeMap;

use diesel::pg::Pg;
use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult};
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use schema::stored_rows;
use uuid::Uuid;

use crate::ids::TenantId;
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

/// Returns the query of a tenant's entries of one table: all its rows are counted by adding a few numbers, where counting them
/// one by one takes the longer the more there are.
pub(super) fn entries(tenant: TenantId, table: &'static str) -> stored_rows::BoxedQuery<'static, Pg, BigInt> {
    stored_rows::table
        .filter(stored_rows::tenant_id.eq(tenant))
        .filter(stored_rows::table_name.eq(table))
        .select(stored_rows::rows)
        .into_boxed()
}

/// Replaces entries of the tenant by one for each table with their sum, and returns how many. Entries that another transaction is
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
    let gone: Vec<(String, i64)> = diesel::delete(
        stored_rows::table
            .filter(stored_rows::tenant_id.eq(tenant))
            .filter(stored_rows::id.eq_any(ids)),
    )
    .returning((stored_rows::table_name, stored_rows::rows))
    .get_results(conn)
    .await?;
    let mut sums = BTreeMap::new();
    for (table, rows) in &gone {
        *sums.entry(table).or_insert(0) += rows;
    }
    let sums: Vec<_> = sums
        .into_iter()
        .map(|(table, rows)| {
            (
                stored_rows::tenant_id.eq(tenant),
                stored_rows::table_name.eq(table),
                stored_rows::rows.eq(rows),
            )
        })
        .collect();
    if !sums.is_empty() {
        diesel::insert_into(stored_rows::table)
            .values(sums)
            .execute(conn)
            .await?;
    }
    Ok(gone.len())
}
