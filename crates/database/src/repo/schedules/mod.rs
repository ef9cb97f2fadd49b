//! Table `schedules`, as tenants use it. The workers' side is in [`due`].
//!
//! The row of a schedule is locked before the rows of what it starts.

pub mod due;

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::{ExpressionMethods, HasQuery, IntoSql, QueryDsl, QueryResult, SelectableHelper};
use diesel::sql_types::{Nullable, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::schedules;

use super::paging::{Newest, Paging, before, page};
use crate::ids::{ApiKeyId, ScheduleId, UserId};
use crate::models::enums::PausedBecause;
use crate::models::schedule::{NewSchedule, Schedule, ScheduleChanges};
use crate::tenant::TenantConnection;

/// Lists schedules, newest first, and counts them; both queries are sent together.
pub async fn list(
    conn: &mut TenantConnection,
    paging: &Paging<Newest<ScheduleId>>,
) -> QueryResult<(Vec<Schedule>, i64)> {
    let tenant = conn.tenant_id();
    let own = || schedules::table.filter(schedules::tenant_id.eq(tenant));
    let mut rows = own().select(Schedule::as_select()).into_boxed();
    if let Some(Newest { at, id }) = paging.after {
        rows = rows.filter(before::<(Timestamptz, Uuid), _, _>(
            (schedules::created_at, schedules::id),
            (at, id),
        ));
    }
    let rows = rows.order((schedules::created_at.desc(), schedules::id.desc()));
    page!(conn, rows, own(), paging.limit)
}

/// Returns a schedule.
pub async fn get(conn: &mut TenantConnection, id: ScheduleId) -> QueryResult<Schedule> {
    let tenant = conn.tenant_id();
    Schedule::query()
        .filter(schedules::tenant_id.eq(tenant))
        .filter(schedules::id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Returns a schedule, and prevents that it changes or a due run starts until the transaction ends.
pub async fn lock(conn: &mut TenantConnection, id: ScheduleId) -> QueryResult<Schedule> {
    let tenant = conn.tenant_id();
    schedules::table
        .filter(schedules::tenant_id.eq(tenant))
        .filter(schedules::id.eq(id))
        .select(Schedule::as_select())
        .for_no_key_update()
        .first(conn)
        .await
}

/// Inserts a schedule.
pub async fn insert(conn: &mut TenantConnection, new: &NewSchedule<'_>) -> QueryResult<Schedule> {
    let tenant = conn.tenant_id();
    diesel::insert_into(schedules::table)
        .values((new, schedules::tenant_id.eq(tenant)))
        .returning(Schedule::as_returning())
        .get_result(conn)
        .await
}

/// Changes a schedule.
///
/// # Errors
///
/// `NotFound`.
pub async fn update(
    conn: &mut TenantConnection,
    id: ScheduleId,
    changes: &ScheduleChanges<'_>,
) -> QueryResult<Schedule> {
    let tenant = conn.tenant_id();
    diesel::update(
        schedules::table
            .filter(schedules::tenant_id.eq(tenant))
            .filter(schedules::id.eq(id)),
    )
    .set((changes, schedules::updated_at.eq(now)))
    .returning(Schedule::as_returning())
    .get_result(conn)
    .await
}

/// Pauses a schedule, unless it is paused. Returns whether it was not.
pub async fn pause(conn: &mut TenantConnection, id: ScheduleId, because: PausedBecause) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let paused = diesel::update(
        schedules::table
            .filter(schedules::tenant_id.eq(tenant))
            .filter(schedules::id.eq(id))
            .filter(schedules::paused_at.is_null()),
    )
    .set((
        schedules::paused_at.eq(now.into_sql::<Nullable<Timestamptz>>()),
        schedules::paused_because.eq(because),
        schedules::updated_at.eq(now),
    ))
    .execute(conn)
    .await?;
    Ok(paused > 0)
}

/// Lets a schedule that is paused run again, at `next` first. Returns whether it was paused.
pub async fn resume(conn: &mut TenantConnection, id: ScheduleId, next: DateTime<Utc>) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let resumed = diesel::update(
        schedules::table
            .filter(schedules::tenant_id.eq(tenant))
            .filter(schedules::id.eq(id))
            .filter(schedules::paused_at.is_not_null()),
    )
    .set((
        schedules::next_run_at.eq(next),
        schedules::paused_at.eq(None::<DateTime<Utc>>),
        schedules::paused_because.eq(None::<PausedBecause>),
        schedules::updated_at.eq(now),
    ))
    .execute(conn)
    .await?;
    Ok(resumed > 0)
}

/// Lets the schedules that run in the name of a key run in that of another one, which replaces it. Returns how many.
pub async fn hand_over(conn: &mut TenantConnection, from: ApiKeyId, to: ApiKeyId) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    diesel::update(
        schedules::table
            .filter(schedules::tenant_id.eq(tenant))
            .filter(schedules::run_by.eq(UserId::from(from.get()))),
    )
    .set(schedules::run_by.eq(UserId::from(to.get())))
    .execute(conn)
    .await
}

/// Deletes a schedule with the record of its runs. What they started goes on.
///
/// # Errors
///
/// `NotFound`.
pub async fn delete(conn: &mut TenantConnection, id: ScheduleId) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    diesel::delete(
        schedules::table
            .filter(schedules::tenant_id.eq(tenant))
            .filter(schedules::id.eq(id)),
    )
    .returning(schedules::id)
    .get_result::<ScheduleId>(conn)
    .await
    .map(drop)
}
