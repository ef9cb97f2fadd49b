//! Advisory locks per tenant, held until the transaction ends.

use diesel::prelude::QueryResult;
use diesel_async::RunQueryDsl;

use super::functions::{hashtextextended, pg_advisory_xact_lock, pg_advisory_xact_lock_shared};
use crate::tenant::TenantConnection;

/// Takes an exclusive lock.
pub(super) async fn exclusive(conn: &mut TenantConnection, name: &str) -> QueryResult<()> {
    let key = hashtextextended(format!("{name} {}", conn.tenant_id()), 0);
    diesel::select(pg_advisory_xact_lock(key)).execute(conn).await.map(drop)
}

/// Takes a shared lock.
pub(super) async fn shared(conn: &mut TenantConnection, name: &str) -> QueryResult<()> {
    let key = hashtextextended(format!("{name} {}", conn.tenant_id()), 0);
    diesel::select(pg_advisory_xact_lock_shared(key))
        .execute(conn)
        .await
        .map(drop)
}
