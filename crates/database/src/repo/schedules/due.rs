//! Table `schedules` as workers use it: due runs are found for all tenants, and each is started by one worker.
//!
//! What is due is told by a time that the caller gives: that of the database, by [`clock`].

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::{
    ExpressionMethods, IntoSql, JoinOnDsl, OptionalExtension, QueryDsl, QueryResult, SelectableHelper,
};
use diesel::sql_types::Timestamptz;
use diesel_async::RunQueryDsl;
use schema::{schedules, tenants};

use crate::ids::{ScheduleId, TenantId};
use crate::models::schedule::Schedule;
use crate::tenant::{SystemConnection, TenantConnection};

/// Returns the time of the database.
pub async fn clock(conn: &mut SystemConnection) -> QueryResult<DateTime<Utc>> {
    diesel::select(now.into_sql::<Timestamptz>())
        .get_result(&mut conn.reading())
        .await
}

/// Lists up to `limit` schedules of active tenants that are due at `time`, the longest due first.
pub async fn list(
    conn: &mut SystemConnection,
    time: DateTime<Utc>,
    limit: i64,
) -> QueryResult<Vec<(TenantId, ScheduleId)>> {
    schedules::table
        .inner_join(tenants::table.on(tenants::id.eq(schedules::tenant_id)))
        .filter(tenants::is_active)
        .filter(schedules::paused_at.is_null())
        .filter(schedules::next_run_at.le(time))
        .order((schedules::next_run_at, schedules::id))
        .limit(limit)
        .select((schedules::tenant_id, schedules::id))
        .load(&mut conn.reading())
        .await
}

/// Locks a schedule that is due at `time`, so that nobody else starts its run. `None` if it is not due any more, or somebody else
/// has it locked.
pub async fn lock(conn: &mut TenantConnection, id: ScheduleId, time: DateTime<Utc>) -> QueryResult<Option<Schedule>> {
    let tenant = conn.tenant_id();
    schedules::table
        .filter(schedules::tenant_id.eq(tenant))
        .filter(schedules::id.eq(id))
        .filter(schedules::paused_at.is_null())
        .filter(schedules::next_run_at.le(time))
        .select(Schedule::as_select())
        .for_no_key_update()
        .skip_locked()
        .first(conn)
        .await
        .optional()
}

/// Moves the next run of a schedule. Returns whether the schedule exists.
pub async fn advance(conn: &mut TenantConnection, id: ScheduleId, next: DateTime<Utc>) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let moved = diesel::update(
        schedules::table
            .filter(schedules::tenant_id.eq(tenant))
            .filter(schedules::id.eq(id)),
    )
    .set(schedules::next_run_at.eq(next))
    .execute(conn)
    .await?;
    Ok(moved > 0)
}
