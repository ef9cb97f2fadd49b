//! Table `place_finds`: the places found by each search.

use chrono::{DateTime, Utc};
use diesel::dsl::count_star;
use diesel::prelude::{ExpressionMethods, QueryDsl, QueryResult};
use diesel_async::RunQueryDsl;
use schema::place_finds;

use crate::ids::JobId;
use crate::tenant::TenantConnection;

/// Records that a search found staged places, and returns how many are new for it.
///
/// # Errors
///
/// A foreign key violation if a place is not staged.
pub async fn insert_many(conn: &mut TenantConnection, job: JobId, place_ids: &[&str]) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let rows: Vec<_> = place_ids
        .iter()
        .map(|place_id| {
            (
                place_finds::tenant_id.eq(tenant),
                place_finds::search_job_id.eq(job),
                place_finds::place_id.eq(*place_id),
            )
        })
        .collect();
    diesel::insert_into(place_finds::table)
        .values(rows)
        .on_conflict((
            place_finds::tenant_id,
            place_finds::search_job_id,
            place_finds::place_id,
        ))
        .do_nothing()
        .execute(conn)
        .await
}

/// Lists the ids of the places found by a search.
pub async fn list_of_job(conn: &mut TenantConnection, job: JobId) -> QueryResult<Vec<String>> {
    let tenant = conn.tenant_id();
    place_finds::table
        .filter(place_finds::tenant_id.eq(tenant))
        .filter(place_finds::search_job_id.eq(job))
        .order(place_finds::id)
        .select(place_finds::place_id)
        .load(&mut conn.reading())
        .await
}

/// Counts the places found by a search.
pub async fn count_of_job(conn: &mut TenantConnection, job: JobId) -> QueryResult<i64> {
    let tenant = conn.tenant_id();
    place_finds::table
        .filter(place_finds::tenant_id.eq(tenant))
        .filter(place_finds::search_job_id.eq(job))
        .count()
        .get_result(&mut conn.reading())
        .await
}

/// Counts the places found by each of these searches; those that found none are left out.
pub async fn count_of_jobs(conn: &mut TenantConnection, jobs: &[JobId]) -> QueryResult<Vec<(JobId, i64)>> {
    let tenant = conn.tenant_id();
    place_finds::table
        .filter(place_finds::tenant_id.eq(tenant))
        .filter(place_finds::search_job_id.eq_any(jobs))
        .group_by(place_finds::search_job_id)
        .select((place_finds::search_job_id, count_star()))
        .load(&mut conn.reading())
        .await
}

/// Lists up to 100 searches that found a place, latest first.
pub async fn list_of_place(conn: &mut TenantConnection, place_id: &str) -> QueryResult<Vec<(JobId, DateTime<Utc>)>> {
    let tenant = conn.tenant_id();
    place_finds::table
        .filter(place_finds::tenant_id.eq(tenant))
        .filter(place_finds::place_id.eq(place_id))
        .order(place_finds::id.desc())
        .limit(100)
        .select((place_finds::search_job_id, place_finds::found_at))
        .load(&mut conn.reading())
        .await
}
