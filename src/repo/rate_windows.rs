//! Table `rate_windows`: how often a tenant and each of its callers asked within the present minute.
//!
//! A window begins with the first request behind the end of the last one, so that no minute that begins with a request
//! sees more than the limit. It is counted in the database since any number of processes share it.

use diesel::dsl::{IntervalDsl, now};
use diesel::prelude::{ExpressionMethods, IntoSql, QueryDsl, QueryResult, QueryableByName};
use diesel::sql_types::{Array, Double, Integer, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use crate::db::tenant::TenantConnection;
use crate::models::enums::RateKind;
use crate::models::ids::TenantId;
use crate::schema::rate_windows;

/// How a window stands.
#[derive(Clone, Copy, Debug, PartialEq, QueryableByName)]
pub struct RateWindow {
    /// Whose window it is.
    #[diesel(sql_type = Uuid)]
    pub tenant_id: TenantId,
    /// The caller, or the nil UUID for the tenant as a whole.
    #[diesel(sql_type = Uuid)]
    pub caller: uuid::Uuid,
    /// How many were counted in it, this one included.
    #[diesel(sql_type = Integer)]
    pub used: i32,
    /// In how many seconds it ends.
    #[diesel(sql_type = Double)]
    pub ends_in: f64,
}

/// Counts one for the caller and one for the tenant as a whole, and returns both windows.
///
/// The row of the tenant is taken last by everybody, so that no two wait for each other. Whoever finds a window full
/// rolls back: what is refused is not counted.
///
/// # Errors
///
/// Those of the database.
pub async fn count(conn: &mut TenantConnection, kind: RateKind, caller: uuid::Uuid) -> QueryResult<Vec<RateWindow>> {
    let tenant = conn.tenant_id();
    diesel::sql_query(
        "INSERT INTO rate_windows AS w (tenant_id, kind, caller, started_at, used)
         SELECT $1, $2, c.caller, now(), 1 FROM unnest($3) WITH ORDINALITY c(caller, place) ORDER BY c.place
         ON CONFLICT (tenant_id, kind, caller) DO UPDATE SET
             used = CASE WHEN w.started_at <= excluded.started_at - interval '1 minute' THEN 1 ELSE w.used + 1 END,
             started_at = CASE WHEN w.started_at <= excluded.started_at - interval '1 minute'
                 THEN excluded.started_at ELSE w.started_at END
         RETURNING w.tenant_id, w.caller, w.used, extract(epoch FROM w.started_at - now())::float8 + 60 AS ends_in",
    )
    .bind::<Uuid, _>(tenant)
    .bind::<Text, _>(kind)
    .bind::<Array<Uuid>, _>(vec![caller, uuid::Uuid::nil()])
    .load(conn)
    .await
}

/// Forgets the tenant's windows that ended an hour ago. Returns how many.
///
/// # Errors
///
/// Those of the database.
pub async fn delete_ended(conn: &mut TenantConnection) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    diesel::delete(
        rate_windows::table
            .filter(rate_windows::tenant_id.eq(tenant))
            .filter(rate_windows::started_at.lt(now.into_sql::<Timestamptz>() - 1.hour())),
    )
    .execute(conn)
    .await
}
