//! How many rows a tenant has stored.

use database::repo::{QueryResult, stored_rows};
use database::tenant::TenantConnection;

/// How many entries of the count are left as they are.
const MAX_ENTRIES: usize = 200;

/// Returns how many rows the tenant has stored, in the tables that grow with what is found.
///
/// The number is exact as of the transaction's view, and no writer is waited for. Many entries of the count are replaced
/// by their sum, which takes effect when the transaction commits.
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
