//! How many rows a tenant has stored.

use database::repo::{QueryResult, stored_rows};
use database::tenant::TenantConnection;

/// How many entries of the count are left as they are.
const MAX_ENTRIES: usize = 200;

/// Returns how many rows the tenant has stored, in the tables that grow with what is found: exact as of the
/// transaction's view, without waiting for writers. Puts the entries of the count together where there are many, which
/// takes effect when the transaction commits.
///
/// # Errors
///
/// Those of the database.
pub async fn count_stored_rows(conn: &mut TenantConnection) -> QueryResult<i64> {
    let entries = stored_rows::list(conn).await?;
    if entries.len() > MAX_ENTRIES {
        stored_rows::compact(conn).await?;
    }
    Ok(entries.iter().map(|entry| entry.rows).sum())
}
