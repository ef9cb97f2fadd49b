//! What an unfinished job waits for, and which of the awaited jobs have ended.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, min};
use diesel::prelude::{ExpressionMethods, QueryDsl, QueryResult, Queryable, QueryableByName};
use diesel::sql_types::{Array, BigInt, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use schema::jobs;
use uuid::Uuid;

use crate::ids::{BatchId, JobId, TenantId};
use crate::models::enums::JobStatus;
use crate::models::job::Job;
use crate::tenant::{SystemConnection, TenantConnection};

/// Maximum number of jobs that are counted in front of another.
pub const MAX_AHEAD: i64 = 10_000;

/// The tenant's jobs that workers claim before another one, at most [`MAX_AHEAD`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Ahead {
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub jobs: i64,
    /// How many of those are of its kind.
    #[diesel(sql_type = BigInt)]
    pub of_kind: i64,
}

/// Counts the tenant's jobs that are due and that workers claim before `job`, one that is due itself.
pub async fn count_ahead(conn: &mut TenantConnection, job: &Job) -> QueryResult<Ahead> {
    // Diesel cannot count the rows of a union.
    diesel::sql_query(include_str!("count_ahead.sql"))
        .bind::<SqlUuid, _>(conn.tenant_id())
        .bind::<SmallInt, _>(job.priority)
        .bind::<Timestamptz, _>(job.run_at)
        .bind::<SqlUuid, _>(job.job_id)
        .bind::<Text, _>(&job.kind)
        .bind::<BigInt, _>(MAX_AHEAD)
        .get_result(&mut conn.reading())
        .await
}

/// Counts the tenants with waiting jobs, between which workers take turns; 64 stands for 64 or more.
pub async fn count_waiting_tenants(conn: &mut SystemConnection) -> QueryResult<i64> {
    // Diesel has no recursive queries.
    diesel::sql_query(include_str!("count_waiting_tenants.sql"))
        .get_result::<Count>(conn)
        .await
        .map(|row| row.count)
}

/// The jobs of all tenants of a kind that have the same unfinished status.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct OpenJobs {
    /// The kind of the jobs.
    pub kind: String,
    /// Their status.
    pub status: JobStatus,
    /// How many jobs.
    pub jobs: i64,
    /// When the first of them was due.
    pub due_at: Option<DateTime<Utc>>,
}

/// Lists the numbers of unfinished jobs, by kind and status.
pub async fn list_open(conn: &mut SystemConnection) -> QueryResult<Vec<OpenJobs>> {
    jobs::table
        .filter(jobs::status.eq_any([JobStatus::Pending, JobStatus::Running]))
        .group_by((jobs::kind, jobs::status))
        .select((jobs::kind, jobs::status, count_star(), min(jobs::run_at)))
        .load(&mut conn.reading())
        .await
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Returns the ids of those jobs and batches that have ended or do not exist. A batch has ended when all of its jobs
/// have, and all that it [joined](crate::repo::batches::list_joined).
pub async fn list_ended(
    conn: &mut SystemConnection,
    jobs: &[(TenantId, JobId)],
    batches: &[(TenantId, BatchId)],
) -> QueryResult<Vec<Uuid>> {
    let (owners, ids): (Vec<TenantId>, Vec<JobId>) = jobs.iter().copied().unzip();
    let (batch_owners, batch_ids): (Vec<TenantId>, Vec<BatchId>) = batches.iter().copied().unzip();
    // Diesel cannot select from arrays.
    let rows: Vec<Ended> = diesel::sql_query(include_str!("list_ended.sql"))
        .bind::<Array<SqlUuid>, _>(owners)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<SqlUuid>, _>(batch_owners)
        .bind::<Array<SqlUuid>, _>(batch_ids)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}
