//! How many rows a tenant has stored.

use std::time::Duration;

use database::ids::TenantId;
use database::repo::{QueryResult, stored_rows};
use database::tenant::TenantConnection;
use moka::sync::Cache;

/// How many entries of the count are left as they are.
const MAX_ENTRIES: usize = 200;
/// How long a count far below the quota is taken for right.
const KNOWN_FOR: Duration = Duration::from_secs(1);
/// How far: more than a tenant stores in that time.
const FAR: i64 = 1_000_000;
/// The maximum number of tenants whose counts are remembered.
const MAX_TENANTS: u64 = 10_000;

/// What tenants have stored, for requests that ask often: remembered for a second while it is far below the quota.
#[derive(Clone, Debug)]
pub struct StoredRowCounts(Cache<TenantId, i64>);

impl Default for StoredRowCounts {
    fn default() -> Self {
        Self(
            Cache::builder()
                .max_capacity(MAX_TENANTS)
                .time_to_live(KNOWN_FOR)
                .build(),
        )
    }
}

impl StoredRowCounts {
    /// Returns how many rows the tenant has stored, exactly if the number is near `quota` or above it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn near(&self, conn: &mut TenantConnection, quota: i64) -> QueryResult<i64> {
        let tenant = conn.tenant_id();
        if let Some(stored) = self.0.get(&tenant)
            && stored.saturating_add(FAR) < quota
        {
            return Ok(stored);
        }
        let stored = count_stored_rows(conn).await?;
        self.0.insert(tenant, stored);
        Ok(stored)
    }
}

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
