//! Table `rate_windows`: the requests of a tenant and each of its callers in the current minute.
//!
//! A window starts with the first request after the end of the previous one, so no window exceeds the limit. Requests
//! are counted in the database because several processes share the limit.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{IntervalDsl, case_when, now};
use diesel::prelude::{ExpressionMethods, IntoSql, QueryDsl, QueryResult};
use diesel::sql_types::Timestamptz;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use schema::rate_windows;
use uuid::Uuid;

use crate::ids::TenantId;
use crate::models::enums::RateKind;
use crate::tenant::TenantConnection;

/// A window as the statement returns it: tenant, caller, count, start, and the current time.
type Row = (TenantId, Uuid, i32, DateTime<Utc>, DateTime<Utc>);

/// The state of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateWindow {
    /// The window's tenant.
    pub tenant_id: TenantId,
    /// The caller, or the nil UUID for the tenant as a whole.
    pub caller: Uuid,
    /// The number of requests counted, including this one.
    pub used: i32,
    /// The number of seconds until it ends.
    pub ends_in: f64,
}

/// Counts one request for the caller and one for the tenant, and returns both windows.
///
/// The tenant's row is always locked last, which avoids deadlocks. If a window is full, the caller rolls back, so
/// refused requests are not counted.
pub async fn count(conn: &mut TenantConnection, kind: RateKind, caller: Uuid) -> QueryResult<Vec<RateWindow>> {
    let tenant = conn.tenant_id();
    let window = |caller: Uuid| {
        (
            rate_windows::tenant_id.eq(tenant),
            rate_windows::kind.eq(kind),
            rate_windows::caller.eq(caller),
            rate_windows::started_at.eq(now),
            rate_windows::used.eq(1),
        )
    };
    let is_over = || (rate_windows::started_at + 1.minute()).le(excluded(rate_windows::started_at));
    let windows: Vec<Row> = diesel::insert_into(rate_windows::table)
        .values(vec![window(caller), window(Uuid::nil())])
        .on_conflict((rate_windows::tenant_id, rate_windows::kind, rate_windows::caller))
        .do_update()
        .set((
            rate_windows::used.eq(case_when(is_over(), excluded(rate_windows::used)).otherwise(rate_windows::used + 1)),
            rate_windows::started_at
                .eq(case_when(is_over(), excluded(rate_windows::started_at)).otherwise(rate_windows::started_at)),
        ))
        .returning((
            rate_windows::tenant_id,
            rate_windows::caller,
            rate_windows::used,
            rate_windows::started_at,
            now.into_sql::<Timestamptz>(),
        ))
        .get_results(conn)
        .await?;
    let window = |(tenant_id, caller, used, started_at, at): Row| RateWindow {
        tenant_id,
        caller,
        used,
        ends_in: (started_at + TimeDelta::minutes(1) - at).as_seconds_f64(),
    };
    Ok(windows.into_iter().map(window).collect())
}

/// Deletes the tenant's windows that ended more than an hour ago, and returns how many.
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
