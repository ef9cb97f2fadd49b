//! Table `batch_jobs`.

use chrono::{DateTime, Utc};
use diesel::dsl::{max, min, now};
use diesel::pg::Pg;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, OptionalExtension, PgArrayExpressionMethods, QueryDsl,
    QueryResult, QueryableByName, SelectableHelper,
};
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::{batch_jobs, jobs};

use super::paging::{Newest, Paging, before, page};
use crate::ids::{BatchId, JobId, TenantId};
use crate::models::batch_job::{BatchJob, BatchJobChanges, BatchSummary, NewBatchJob};
use crate::models::enums::{JobStatus, Outcome};
use crate::tenant::{SystemConnection, TenantConnection};

/// Which batches to list; `None` matches all.
#[derive(Clone, Copy, Debug, Default)]
pub struct BatchFilter<'a> {
    /// Only those of this kind.
    pub kind: Option<&'a str>,
    /// Only those created then or later.
    pub created_from: Option<DateTime<Utc>>,
    /// Only those created earlier.
    pub created_before: Option<DateTime<Utc>>,
}

/// The number of a batch's jobs with a status and an outcome.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct JobCount {
    /// The batch.
    #[diesel(sql_type = Uuid)]
    pub batch_id: BatchId,
    /// The status of the jobs.
    #[diesel(sql_type = Text)]
    pub status: JobStatus,
    /// Why they ended; `None` before that.
    #[diesel(sql_type = Nullable<Text>)]
    pub outcome: Option<Outcome>,
    /// How many jobs.
    #[diesel(sql_type = BigInt)]
    pub jobs: i64,
}

/// Returns a batch.
pub async fn get(conn: &mut TenantConnection, id: BatchId) -> QueryResult<BatchJob> {
    let tenant = conn.tenant_id();
    BatchJob::query()
        .filter(batch_jobs::tenant_id.eq(tenant))
        .filter(batch_jobs::batch_id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Lists batches, newest first, and counts all matches; both queries are sent together.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &BatchFilter<'_>,
    paging: &Paging<Newest<BatchId>>,
) -> QueryResult<(Vec<BatchSummary>, i64)> {
    let tenant = conn.tenant_id();
    let mut rows = matching(tenant, filter).select(BatchSummary::as_select());
    if let Some(Newest { at, id }) = paging.after {
        rows = rows.filter(before::<(Timestamptz, Uuid), _, _>(
            (batch_jobs::created_at, batch_jobs::batch_id),
            (at, id),
        ));
    }
    let rows = rows.order((batch_jobs::created_at.desc(), batch_jobs::batch_id.desc()));
    page!(conn, rows, matching(tenant, filter), paging.limit)
}

/// Counts the jobs of batches by status and outcome, with those that the batches [joined](list_joined).
pub async fn count_jobs(conn: &mut TenantConnection, ids: &[BatchId]) -> QueryResult<Vec<JobCount>> {
    // Diesel cannot join the elements of an array.
    diesel::sql_query(include_str!("count_jobs.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Array<Uuid>, _>(ids)
        .load(&mut conn.reading())
        .await
}

/// Returns when the first job of a batch, or of `others`, started, and when the last one ended.
pub async fn find_times(
    conn: &mut TenantConnection,
    id: BatchId,
    others: &[JobId],
) -> QueryResult<(Option<DateTime<Utc>>, Option<DateTime<Utc>>)> {
    let tenant = conn.tenant_id();
    jobs::table
        .filter(jobs::tenant_id.eq(tenant))
        .filter(jobs::batch_id.eq(id).or(jobs::job_id.eq_any(others)))
        .select((min(jobs::started_at), max(jobs::completed_at)))
        .first(&mut conn.reading())
        .await
}

/// Lists the jobs outside of a batch that do work of it, since they were open when the batch asked for it. Empty if there
/// is no such batch.
pub async fn list_joined(conn: &mut TenantConnection, id: BatchId) -> QueryResult<Vec<JobId>> {
    let tenant = conn.tenant_id();
    let joined: Option<Vec<Option<JobId>>> = batch_jobs::table
        .filter(batch_jobs::tenant_id.eq(tenant))
        .filter(batch_jobs::batch_id.eq(id))
        .select(batch_jobs::joined)
        .first(&mut conn.reading())
        .await
        .optional()?;
    Ok(joined.into_iter().flatten().flatten().collect())
}

/// Adds jobs to those that a batch has [joined](list_joined).
///
/// # Errors
///
/// `NotFound`.
pub async fn join(conn: &mut TenantConnection, id: BatchId, jobs: &[JobId]) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    let jobs: Vec<Option<JobId>> = jobs.iter().copied().map(Some).collect();
    diesel::update(
        batch_jobs::table
            .filter(batch_jobs::tenant_id.eq(tenant))
            .filter(batch_jobs::batch_id.eq(id)),
    )
    .set((
        batch_jobs::joined.eq(batch_jobs::joined.concat(jobs)),
        batch_jobs::updated_at.eq(now),
    ))
    .returning(batch_jobs::batch_id)
    .get_result::<BatchId>(conn)
    .await
    .map(drop)
}

/// Inserts a batch.
pub async fn insert(conn: &mut TenantConnection, new: &NewBatchJob<'_>) -> QueryResult<BatchJob> {
    let tenant = conn.tenant_id();
    diesel::insert_into(batch_jobs::table)
        .values((new, batch_jobs::tenant_id.eq(tenant)))
        .returning(BatchJob::as_returning())
        .get_result(conn)
        .await
}

/// Updates a batch.
///
/// # Errors
///
/// `NotFound`.
pub async fn update(conn: &mut TenantConnection, id: BatchId, changes: &BatchJobChanges<'_>) -> QueryResult<BatchJob> {
    let tenant = conn.tenant_id();
    diesel::update(
        batch_jobs::table
            .filter(batch_jobs::tenant_id.eq(tenant))
            .filter(batch_jobs::batch_id.eq(id)),
    )
    .set((changes, batch_jobs::updated_at.eq(now)))
    .returning(BatchJob::as_returning())
    .get_result(conn)
    .await
}

/// Notes up to `limit` batches whose jobs have all ended, with an event for each, and returns how many.
///
/// Not by the last job, in its transaction: of two that end at the same moment neither sees that it is the last one, and a
/// lock on the batch would make the ends of its jobs wait for each other.
pub async fn note_done(conn: &mut SystemConnection, limit: i64) -> QueryResult<usize> {
    // Diesel cannot join the elements of an array.
    diesel::sql_query(include_str!("note_done.sql"))
        .bind::<BigInt, _>(limit)
        .execute(conn)
        .await
}

/// Deletes up to `limit` batches that never had jobs of their own and are older than `cutoff`, and returns how many.
///
/// Other batches go with their last job; these, when the jobs that they [joined](list_joined) have gone.
pub async fn delete_ended(conn: &mut SystemConnection, cutoff: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    // Diesel cannot join the elements of an array.
    diesel::sql_query(include_str!("delete_ended.sql"))
        .bind::<Timestamptz, _>(cutoff)
        .bind::<BigInt, _>(limit)
        .execute(conn)
        .await
}

fn matching<'a>(tenant: TenantId, filter: &BatchFilter<'a>) -> batch_jobs::BoxedQuery<'a, Pg> {
    let mut query = batch_jobs::table.filter(batch_jobs::tenant_id.eq(tenant)).into_boxed();
    if let Some(kind) = filter.kind {
        query = query.filter(batch_jobs::processor_type.eq(kind));
    }
    if let Some(from) = filter.created_from {
        query = query.filter(batch_jobs::created_at.ge(from));
    }
    if let Some(before) = filter.created_before {
        query = query.filter(batch_jobs::created_at.lt(before));
    }
    query
}
