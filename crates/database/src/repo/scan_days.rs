//! Table `scan_days`: the number of scans a tenant has queued per day.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use diesel::dsl::{case_when, now};
use diesel::prelude::{
    ExpressionMethods, IntoSql, OptionalExtension, PgTimestampExpressionMethods, QueryDsl, QueryResult, Queryable,
};
use diesel::sql_types::Timestamptz;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use schema::scan_days;

use super::functions::date;
use crate::ids::TenantId;
use crate::tenant::TenantConnection;

/// The state of a tenant's current day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScanDay {
    /// The number of scans queued today, including those just counted.
    pub scans: i64,
    /// The number of seconds until the day ends (UTC).
    pub ends_in: f64,
}

/// The number of scans that a tenant queued today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct ScansToday {
    /// The tenant.
    pub tenant_id: TenantId,
    /// The number of scans counted.
    pub scans: i64,
}

/// Finds how many scans were counted today (UTC). They are counted while the tenant has a limit.
pub async fn find_today(conn: &mut TenantConnection) -> QueryResult<Option<ScansToday>> {
    let tenant = conn.tenant_id();
    scan_days::table
        .filter(scan_days::tenant_id.eq(tenant))
        .filter(scan_days::day.eq(date(now.into_sql::<Timestamptz>().at_time_zone("UTC"))))
        .select((scan_days::tenant_id, scan_days::scans))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Counts scans in the transaction that queues them.
pub async fn count(conn: &mut TenantConnection, scans: i64) -> QueryResult<ScanDay> {
    let tenant = conn.tenant_id();
    let is_same_day = || scan_days::day.eq(excluded(scan_days::day));
    let (scans, at): (i64, DateTime<Utc>) = diesel::insert_into(scan_days::table)
        .values((
            scan_days::tenant_id.eq(tenant),
            scan_days::day.eq(date(now.into_sql::<Timestamptz>().at_time_zone("UTC"))),
            scan_days::scans.eq(scans),
        ))
        .on_conflict(scan_days::tenant_id)
        .do_update()
        .set((
            scan_days::scans.eq(case_when(is_same_day(), scan_days::scans + excluded(scan_days::scans))
                .otherwise(excluded(scan_days::scans))),
            scan_days::day.eq(excluded(scan_days::day)),
        ))
        .returning((scan_days::scans, now.into_sql::<Timestamptz>()))
        .get_result(conn)
        .await?;
    let midnight = (at + TimeDelta::days(1))
        .duration_trunc(TimeDelta::days(1))
        .unwrap_or(at);
    Ok(ScanDay {
        scans,
        ends_in: (midnight - at).as_seconds_f64(),
    })
}
