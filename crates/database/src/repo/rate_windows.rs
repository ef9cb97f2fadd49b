//! Table `rate_windows`: the requests of a tenant and each of its callers in the current minute.
//!
//! A window starts with the first request after the end of the previous one, so no window exceeds the limit. Requests
//! are counted in the database because several processes share the limit; a process takes some in advance, so that it
//! does not write for each of them.

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

/// A window as the statement returns it: tenant, count, start, and the current time.
type Row = (TenantId, i32, DateTime<Utc>, DateTime<Utc>);

/// Requests that a process took from a window in advance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taken {
    /// The window's tenant.
    pub tenant_id: TenantId,
    /// The number of requests taken; 0 if the window is full.
    pub count: i32,
    /// The number of requests that all processes together have taken.
    pub used: i32,
    /// When the window started.
    pub started_at: DateTime<Utc>,
    /// The number of seconds until it ends.
    pub ends_in: f64,
}

/// Takes requests from the window of a caller, or with the nil UUID of the whole tenant. `share` says how many of those
/// that are left.
pub async fn take(
    conn: &mut TenantConnection,
    kind: RateKind,
    caller: Uuid,
    limit: i32,
    share: impl FnOnce(i32) -> i32,
) -> QueryResult<Taken> {
    let tenant = conn.tenant_id();
    let is_over = || (rate_windows::started_at + 1.minute()).le(excluded(rate_windows::started_at));
    // Locks the window, and begins it anew where it has ended.
    let (tenant_id, used, started_at, at): Row = diesel::insert_into(rate_windows::table)
        .values((
            rate_windows::tenant_id.eq(tenant),
            rate_windows::kind.eq(kind),
            rate_windows::caller.eq(caller),
            rate_windows::started_at.eq(now),
            rate_windows::used.eq(0),
        ))
        .on_conflict((rate_windows::tenant_id, rate_windows::kind, rate_windows::caller))
        .do_update()
        .set((
            rate_windows::used.eq(case_when(is_over(), excluded(rate_windows::used)).otherwise(rate_windows::used)),
            rate_windows::started_at
                .eq(case_when(is_over(), excluded(rate_windows::started_at)).otherwise(rate_windows::started_at)),
        ))
        .returning((
            rate_windows::tenant_id,
            rate_windows::used,
            rate_windows::started_at,
            now.into_sql::<Timestamptz>(),
        ))
        .get_result(conn)
        .await?;
    let left = (limit - used).max(0);
    let count = share(left).clamp(0, left);
    if count > 0 {
        diesel::update(
            rate_windows::table
                .filter(rate_windows::tenant_id.eq(tenant))
                .filter(rate_windows::kind.eq(kind))
                .filter(rate_windows::caller.eq(caller)),
        )
        .set(rate_windows::used.eq(rate_windows::used + count))
        .execute(conn)
        .await?;
    }
    Ok(Taken {
        tenant_id,
        count,
        used: used + count,
        started_at,
        ends_in: (started_at + TimeDelta::minutes(1) - at).as_seconds_f64(),
    })
}

/// Gives back requests that were taken from the window that started at this time and not used. Returns how many windows
/// that are: none if it has ended.
pub async fn give_back(
    conn: &mut TenantConnection,
    kind: RateKind,
    caller: Uuid,
    started_at: DateTime<Utc>,
    count: i32,
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    diesel::update(
        rate_windows::table
            .filter(rate_windows::tenant_id.eq(tenant))
            .filter(rate_windows::kind.eq(kind))
            .filter(rate_windows::caller.eq(caller))
            .filter(rate_windows::started_at.eq(started_at)),
    )
    .set(rate_windows::used.eq(rate_windows::used - count))
    .execute(conn)
    .await
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
