//! Table `schedule_runs`: the runs of schedules, and what became of each.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, exists};
use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, SelectableHelper};
use diesel::sql_types::{BigInt, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::schedule_runs;

use super::paging::{Newest, Paging, before, page};
use crate::ids::{ScheduleId, ScheduleRunId};
use crate::models::enums::RunOutcome;
use crate::models::schedule_run::{NewScheduleRun, ScheduleRun};
use crate::tenant::{SystemConnection, TenantConnection};

/// Lists the runs of a schedule, newest first, and counts them; both queries are sent together.
pub async fn list(
    conn: &mut TenantConnection,
    schedule: ScheduleId,
    paging: &Paging<Newest<ScheduleRunId>>,
) -> QueryResult<(Vec<ScheduleRun>, i64)> {
    let tenant = conn.tenant_id();
    let own = || {
        schedule_runs::table
            .filter(schedule_runs::tenant_id.eq(tenant))
            .filter(schedule_runs::schedule_id.eq(schedule))
    };
    let mut rows = own().select(ScheduleRun::as_select()).into_boxed();
    if let Some(Newest { at, id }) = paging.after {
        rows = rows.filter(before::<(Timestamptz, Uuid), _, _>(
            (schedule_runs::started_at, schedule_runs::id),
            (at, id),
        ));
    }
    let rows = rows.order((schedule_runs::started_at.desc(), schedule_runs::id.desc()));
    page!(conn, rows, own(), paging.limit)
}

/// Lists the last run of each of these schedules; those that never ran are left out.
pub async fn list_last(conn: &mut TenantConnection, schedules: &[ScheduleId]) -> QueryResult<Vec<ScheduleRun>> {
    let tenant = conn.tenant_id();
    ScheduleRun::query()
        .filter(schedule_runs::tenant_id.eq(tenant))
        .filter(schedule_runs::schedule_id.eq_any(schedules))
        .distinct_on(schedule_runs::schedule_id)
        .order((
            schedule_runs::schedule_id,
            schedule_runs::started_at.desc(),
            schedule_runs::id.desc(),
        ))
        .load(&mut conn.reading())
        .await
}

/// Returns whether a schedule has a run that was due at this time.
pub async fn has_run(conn: &mut TenantConnection, schedule: ScheduleId, due_at: DateTime<Utc>) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let runs = schedule_runs::table
        .filter(schedule_runs::tenant_id.eq(tenant))
        .filter(schedule_runs::schedule_id.eq(schedule))
        .filter(schedule_runs::due_at.eq(due_at));
    diesel::select(exists(runs)).get_result(&mut conn.reading()).await
}

/// Inserts a run.
///
/// # Errors
///
/// A foreign key violation if the tenant does not have the schedule, a unique violation if the schedule has a run that was due at
/// the same time.
pub async fn insert(conn: &mut TenantConnection, new: &NewScheduleRun<'_>) -> QueryResult<ScheduleRun> {
    let tenant = conn.tenant_id();
    diesel::insert_into(schedule_runs::table)
        .values((new, schedule_runs::tenant_id.eq(tenant)))
        .returning(ScheduleRun::as_returning())
        .get_result(conn)
        .await
}

/// Counts the runs of all tenants that were started since then, or not, by what became of them.
pub async fn count_recent(conn: &mut SystemConnection, since: DateTime<Utc>) -> QueryResult<Vec<(RunOutcome, i64)>> {
    schedule_runs::table
        .filter(schedule_runs::started_at.ge(since))
        .group_by(schedule_runs::outcome)
        .select((schedule_runs::outcome, count_star()))
        .load(&mut conn.reading())
        .await
}

/// Deletes up to `limit` runs that were started before `cutoff`, but not the last one of a schedule, and returns how many.
pub async fn delete_old(conn: &mut SystemConnection, cutoff: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    // Diesel has no subselect of several columns.
    diesel::sql_query(include_str!("delete_old.sql"))
        .bind::<Timestamptz, _>(cutoff)
        .bind::<BigInt, _>(limit)
        .execute(conn)
        .await
}
