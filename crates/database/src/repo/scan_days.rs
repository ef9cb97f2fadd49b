//! Table `scan_days`: how many scans a tenant has queued today.

use diesel::prelude::{QueryResult, QueryableByName};
use diesel::sql_types::{BigInt, Double, Uuid};
use diesel_async::RunQueryDsl;

use crate::tenant::TenantConnection;

/// How a tenant's day stands.
#[derive(Clone, Copy, Debug, PartialEq, QueryableByName)]
pub struct ScanDay {
    /// How many scans were queued on it, those just counted among them.
    #[diesel(sql_type = BigInt)]
    pub scans: i64,
    /// In how many seconds it ends; days are UTC's.
    #[diesel(sql_type = Double)]
    pub ends_in: f64,
}

/// Counts scans in the transaction that queues them.
///
/// # Errors
///
/// Those of the database.
pub async fn count(conn: &mut TenantConnection, scans: i64) -> QueryResult<ScanDay> {
    let tenant = conn.tenant_id();
    diesel::sql_query(
        "INSERT INTO scan_days AS d (tenant_id, day, scans) VALUES ($1, (now() AT TIME ZONE 'UTC')::date, $2)
         ON CONFLICT (tenant_id) DO UPDATE SET
             scans = CASE WHEN d.day = excluded.day THEN d.scans ELSE 0 END + excluded.scans,
             day = excluded.day
         RETURNING d.scans, extract(epoch FROM date_trunc('day', now(), 'UTC') + interval '1 day' - now())::float8 AS ends_in",
    )
    .bind::<Uuid, _>(tenant)
    .bind::<BigInt, _>(scans)
    .get_result(conn)
    .await
}
