//! Table `place_finds`: which searches found a place.

use chrono::{DateTime, Utc};
use diesel::prelude::{ExpressionMethods, QueryDsl, QueryResult};
use diesel::sql_types::{Array, Text, Uuid};
use diesel_async::RunQueryDsl;
use schema::place_finds;

use crate::ids::JobId;
use crate::tenant::TenantConnection;

/// Notes that a search found staged places, and returns how many of them it had not found before.
///
/// # Errors
///
/// A foreign key violation when one is not staged, and those of the database.
pub async fn insert_many(conn: &mut TenantConnection, job: JobId, place_ids: &[&str]) -> QueryResult<usize> {
    diesel::sql_query(
        "INSERT INTO place_finds (tenant_id, search_job_id, place_id)
         SELECT $1, $2, place_id FROM unnest($3) place_id
         ON CONFLICT (tenant_id, search_job_id, place_id) DO NOTHING",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Uuid, _>(job)
    .bind::<Array<Text>, _>(place_ids)
    .execute(conn)
    .await
}

/// Lists the ids of the places that a search found.
///
/// # Errors
///
/// Those of the database.
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

/// Counts the places that a search found.
///
/// # Errors
///
/// Those of the database.
pub async fn count_of_job(conn: &mut TenantConnection, job: JobId) -> QueryResult<i64> {
    let tenant = conn.tenant_id();
    place_finds::table
        .filter(place_finds::tenant_id.eq(tenant))
        .filter(place_finds::search_job_id.eq(job))
        .count()
        .get_result(&mut conn.reading())
        .await
}

/// Lists the searches that found a place, the last one first, at most 100.
///
/// # Errors
///
/// Those of the database.
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
