//! Table `jobs` as workers use it: claims with leases.
//!
//! A claim is one short statement; the work happens outside any transaction. Every write about a job names the claim,
//! so that a worker that lost its lease writes nothing. All times are the database's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use diesel::data_types::PgInterval;
use diesel::dsl::{case_when, exists, not, now};
use diesel::prelude::{ExpressionMethods, IntoSql, NullableExpressionMethods, QueryDsl, QueryResult};
use diesel::result::Error;
use diesel::sql_types::{Array, BigInt, Interval, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use schema::{batch_jobs, jobs};
use uuid::Uuid;

use super::Failure;
use crate::ids::{BatchId, JobId, LeaseToken, TenantId};
use crate::models::enums::{JobStatus, Outcome};
use crate::models::job::Job;
use crate::models::values::RawJson;
use crate::repo::contacts;
use crate::repo::functions::pg_notify;
use crate::tenant::{SystemConnection, TenantConnection};

/// The channel on which workers are notified of waiting jobs.
pub const CHANNEL: &str = "scrapersky_jobs";

/// The step of a completed job.
const LAST_STEP: &str = "completed";

/// Sets the status of a job after an attempt: pending, or cancelled if that was requested. A macro, since the type of
/// the expression is very long.
macro_rules! waiting_unless_cancelled {
    () => {
        (
            jobs::status.eq(case_when(
                jobs::cancel_requested_at.is_null(),
                JobStatus::Pending.into_sql::<Text>(),
            )
            .otherwise(JobStatus::Cancelled.into_sql::<Text>())),
            jobs::completed_at.eq(case_when(
                jobs::cancel_requested_at.is_not_null(),
                now.into_sql::<Nullable<Timestamptz>>(),
            )),
        )
    };
}

/// A job and the claim on it, needed to update the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The job.
    pub job_id: JobId,
    /// The claim.
    pub token: LeaseToken,
}

/// The numbers of jobs that a sweep changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Jobs that are pending again.
    pub requeued: usize,
    /// Jobs that failed for good after their last attempt.
    pub failed: usize,
    /// Jobs that were cancelled as requested.
    pub cancelled: usize,
}

/// Claims up to `limit` jobs of these kinds for `lease`, in one statement.
///
/// Tenants take turns: from a random start, `limit` tenants with waiting jobs are considered, at least 4, and up to 64
/// if those have nothing to offer. Each offers its share of `limit`, by priority, then by age; offers of tenants with
/// the fewest running jobs go first (ties for a single job are broken at random). So a tenant with a million jobs
/// delays another's single job by one share at most. Rows that another worker is claiming are skipped.
pub async fn claim(
    conn: &mut SystemConnection,
    worker: &str,
    kinds: &[&str],
    limit: i64,
    lease: Duration,
) -> QueryResult<Vec<Job>> {
    // Diesel cannot select rows from a function.
    diesel::sql_query(include_str!("claim.sql"))
        .bind::<diesel::sql_types::Uuid, _>(Uuid::new_v4())
        .bind::<Array<Text>, _>(kinds)
        .bind::<BigInt, _>(limit)
        .bind::<Text, _>(worker)
        .bind::<Interval, _>(interval(lease))
        .load(conn)
        .await
}

/// Extends leases and returns those still held, each with the time its cancellation was requested, if it was. A lease
/// missing from the result is lost: its worker must stop.
pub async fn heartbeat(
    conn: &mut SystemConnection,
    leases: &[Lease],
    lease: Duration,
) -> QueryResult<Vec<(Lease, Option<DateTime<Utc>>)>> {
    let ids: Vec<JobId> = leases.iter().map(|lease| lease.job_id).collect();
    let tokens: Vec<LeaseToken> = leases.iter().map(|lease| lease.token).collect();
    lock_in_order(conn, &ids).await?;
    // By id, not by status: the planner would choose the small index of running jobs and read through the dead entries
    // that every claim leaves there.
    let held: Vec<(JobId, Option<LeaseToken>, Option<DateTime<Utc>>)> = diesel::update(
        jobs::table
            .filter(jobs::job_id.eq_any(ids))
            .filter(jobs::lease_token.eq_any(tokens)),
    )
    .set(jobs::lease_expires_at.eq((now.into_sql::<Timestamptz>() + interval(lease)).nullable()))
    .returning((jobs::job_id, jobs::lease_token, jobs::cancel_requested_at))
    .get_results(conn)
    .await?;
    Ok(held
        .into_iter()
        .filter_map(|(job_id, token, cancel)| Some((Lease { job_id, token: token? }, cancel)))
        .collect())
}

/// Locks jobs in order of their ids, as everybody does who changes several: otherwise a bulk change and a heartbeat could
/// wait for one another.
async fn lock_in_order(conn: &mut SystemConnection, ids: &[JobId]) -> QueryResult<()> {
    jobs::table
        .filter(jobs::job_id.eq_any(ids))
        .order(jobs::job_id)
        .select(jobs::job_id)
        .for_no_key_update()
        .load::<JobId>(conn)
        .await
        .map(drop)
}

/// Locks a job with a valid lease until the transaction ends.
///
/// # Errors
///
/// `NotFound` if the lease is lost.
pub async fn hold(conn: &mut TenantConnection, lease: Lease) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    held(lease)
        .filter(jobs::tenant_id.eq(tenant))
        .select(jobs::job_id)
        .for_share()
        .get_result::<JobId>(conn)
        .await
        .map(|_| ())
}

/// Updates a job's progress: the fraction done, a step, and the step's text.
///
/// # Errors
///
/// `NotFound` if the lease is lost.
pub async fn report(
    conn: &mut TenantConnection,
    lease: Lease,
    done: f64,
    step: &str,
    message: &str,
) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    let written = diesel::update(held(lease).filter(jobs::tenant_id.eq(tenant)))
        .set((
            jobs::progress.eq(done),
            jobs::progress_step.eq(step),
            jobs::progress_message.eq(message),
            jobs::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    require_one_row(written)
}

/// Completes a job in the transaction that writes its results; `message` says for people what was done.
///
/// # Errors
///
/// `NotFound` if the lease is lost: then the transaction must not be committed.
pub async fn finish(
    conn: &mut TenantConnection,
    lease: Lease,
    outcome: Outcome,
    message: &str,
    result: &RawJson,
) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    let written = diesel::update(held(lease).filter(jobs::tenant_id.eq(tenant)))
        .set((
            jobs::status.eq(JobStatus::Completed),
            jobs::outcome.eq(outcome),
            jobs::result.eq(result),
            jobs::error.eq(None::<String>),
            jobs::progress.eq(1.0),
            jobs::progress_step.eq(LAST_STEP),
            jobs::progress_message.eq(message),
            jobs::lease_token.eq(None::<LeaseToken>),
            jobs::lease_expires_at.eq(None::<DateTime<Utc>>),
            jobs::completed_at.eq(now),
            jobs::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    require_one_row(written)
}

/// Completes many jobs of any tenants, as [`finish`] does one, and returns those still held.
///
/// # Errors
///
/// A lease missing from the result is lost: the results of its job must not be committed.
pub async fn finish_many(
    conn: &mut SystemConnection,
    finished: &[(Lease, Outcome, RawJson)],
) -> QueryResult<Vec<JobId>> {
    let ids: Vec<JobId> = finished.iter().map(|(lease, ..)| lease.job_id).collect();
    let tokens: Vec<LeaseToken> = finished.iter().map(|(lease, ..)| lease.token).collect();
    let outcomes: Vec<Outcome> = finished.iter().map(|(_, outcome, _)| *outcome).collect();
    let results: Vec<&RawJson> = finished.iter().map(|(.., result)| result).collect();
    // Diesel has no UPDATE ... FROM.
    diesel::sql_query(include_str!("finish_many.sql"))
        .bind::<Array<diesel::sql_types::Uuid>, _>(ids)
        .bind::<Array<diesel::sql_types::Uuid>, _>(tokens)
        .bind::<Array<Text>, _>(outcomes)
        .bind::<Array<Jsonb>, _>(results)
        .load::<EndedJob>(conn)
        .await
        .map(|rows| rows.into_iter().map(|row| row.job_id).collect())
}

/// Records a failed attempt; the job ends or waits for its retry. If its cancellation was requested, or its domain was
/// deleted, it is cancelled instead.
///
/// # Errors
///
/// `NotFound` if the lease is lost.
pub async fn fail(conn: &mut TenantConnection, lease: Lease, failure: &Failure<'_>) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    let is_wanted = lock_domain(conn, lease).await?;
    let rows = held(lease).filter(jobs::tenant_id.eq(tenant));
    let common = (
        jobs::error.eq(failure.error),
        jobs::outcome.eq(failure.outcome),
        jobs::lease_token.eq(None::<LeaseToken>),
        jobs::lease_expires_at.eq(None::<DateTime<Utc>>),
        jobs::updated_at.eq(now),
    );
    let written = match failure.retry_at.filter(|_| is_wanted) {
        Some(at) => {
            diesel::update(rows)
                .set((
                    common,
                    jobs::run_at.eq(at),
                    jobs::attempts.eq(jobs::attempts - i32::from(!failure.is_counted)),
                    waiting_unless_cancelled!(),
                ))
                .execute(conn)
                .await?
        }
        None => {
            let failed = if is_wanted {
                JobStatus::Failed
            } else {
                JobStatus::Cancelled
            };
            let status = case_when(jobs::cancel_requested_at.is_null(), failed.into_sql::<Text>())
                .otherwise(JobStatus::Cancelled.into_sql::<Text>());
            diesel::update(rows)
                .set((common, jobs::status.eq(status), jobs::completed_at.eq(now)))
                .execute(conn)
                .await?
        }
    };
    require_one_row(written)
}

/// Locks the domain of a job that is about to end, and returns whether it exists; see [`super::lock_domains`].
async fn lock_domain(conn: &mut TenantConnection, lease: Lease) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    super::lock_domains(conn, held(lease).filter(jobs::tenant_id.eq(tenant)).into_boxed()).await
}

/// Ends a running job whose cancellation was requested.
///
/// # Errors
///
/// `NotFound` if the lease is lost.
pub async fn end_cancelled(conn: &mut TenantConnection, lease: Lease) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    lock_domain(conn, lease).await?;
    let written = diesel::update(held(lease).filter(jobs::tenant_id.eq(tenant)))
        .set((
            jobs::status.eq(JobStatus::Cancelled),
            jobs::lease_token.eq(None::<LeaseToken>),
            jobs::lease_expires_at.eq(None::<DateTime<Utc>>),
            jobs::completed_at.eq(now),
            jobs::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    require_one_row(written)
}

/// Returns jobs that a worker will not finish to their place in the queue; the attempt does not count. Jobs whose
/// cancellation was requested are cancelled. Returns how many leases were still held.
pub async fn release(conn: &mut SystemConnection, leases: &[Lease]) -> QueryResult<usize> {
    let ids: Vec<JobId> = leases.iter().map(|lease| lease.job_id).collect();
    let tokens: Vec<LeaseToken> = leases.iter().map(|lease| lease.token).collect();
    lock_in_order(conn, &ids).await?;
    diesel::update(
        jobs::table
            .filter(jobs::job_id.eq_any(ids))
            .filter(jobs::lease_token.eq_any(tokens)),
    )
    .set((
        waiting_unless_cancelled!(),
        jobs::attempts.eq(jobs::attempts - 1),
        jobs::lease_token.eq(None::<LeaseToken>),
        jobs::lease_expires_at.eq(None::<DateTime<Utc>>),
        jobs::updated_at.eq(now),
    ))
    .execute(conn)
    .await
}

/// Returns jobs of silent workers to the queue.
///
/// They keep their place in the queue, fail if their attempts are used up, or are cancelled if that was requested or
/// their domain was deleted. A job whose domain is locked is left to the next sweep.
pub async fn sweep(conn: &mut SystemConnection) -> QueryResult<Swept> {
    // Counts the changed jobs by status in the same statement.
    let ended: Vec<(JobStatus, i64)> = diesel::sql_query(include_str!("sweep.sql"))
        .load::<StatusCount>(conn)
        .await?
        .into_iter()
        .map(|row| (row.status, row.count))
        .collect();
    let count = |wanted| {
        ended
            .iter()
            .find(|(status, _)| *status == wanted)
            .map_or(0, |(_, count)| usize::try_from(*count).unwrap_or(0))
    };
    Ok(Swept {
        requeued: count(JobStatus::Pending),
        failed: count(JobStatus::Failed),
        cancelled: count(JobStatus::Cancelled),
    })
}

/// Deletes up to `limit` jobs that ended before `cutoff`, and returns how many. Jobs of a batch are deleted only when
/// all of them can be, together with the batch. Contacts lose their reference to them.
pub async fn delete_ended(conn: &mut SystemConnection, cutoff: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    // Diesel has no SKIP LOCKED in a subselect.
    let gone: Vec<DeletedJob> = diesel::sql_query(include_str!("delete_ended.sql"))
        .bind::<Timestamptz, _>(cutoff)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?;
    let mut jobs_of: BTreeMap<TenantId, Vec<JobId>> = BTreeMap::new();
    let mut batches_of: BTreeMap<TenantId, BTreeSet<BatchId>> = BTreeMap::new();
    for job in &gone {
        jobs_of.entry(job.tenant_id).or_default().push(job.job_id);
        if let Some(batch) = job.batch_id {
            batches_of.entry(job.tenant_id).or_default().insert(batch);
        }
    }
    for (tenant, ids) in jobs_of {
        contacts::forget_jobs(conn, tenant, &ids).await?;
    }
    for (tenant, ids) in batches_of {
        let left = jobs::table
            .filter(jobs::tenant_id.eq(batch_jobs::tenant_id))
            .filter(jobs::batch_id.eq(batch_jobs::batch_id.nullable()));
        diesel::delete(
            batch_jobs::table
                .filter(batch_jobs::tenant_id.eq(tenant))
                .filter(batch_jobs::batch_id.eq_any(ids))
                .filter(not(exists(left))),
        )
        .execute(conn)
        .await?;
    }
    Ok(gone.len())
}

/// A deleted job.
#[derive(diesel::QueryableByName)]
struct DeletedJob {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    tenant_id: TenantId,
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    job_id: JobId,
    #[diesel(sql_type = Nullable<diesel::sql_types::Uuid>)]
    batch_id: Option<BatchId>,
}

/// Notifies the workers that listen on [`CHANNEL`], when the transaction commits.
///
/// This only shortens their wait, since they also poll.
pub async fn notify(conn: &mut SystemConnection) -> QueryResult<()> {
    diesel::select(pg_notify(CHANNEL, "")).execute(conn).await.map(drop)
}

/// An ended job.
#[derive(diesel::QueryableByName)]
struct EndedJob {
    #[diesel(sql_type = diesel::sql_types::Uuid)]
    job_id: JobId,
}

/// The number of jobs with a status.
#[derive(diesel::QueryableByName)]
struct StatusCount {
    #[diesel(sql_type = Text)]
    status: JobStatus,
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Selects the row of a lease that is still held.
fn held(
    lease: Lease,
) -> diesel::dsl::Filter<
    diesel::dsl::Filter<jobs::table, diesel::dsl::Eq<jobs::job_id, JobId>>,
    diesel::dsl::Eq<jobs::lease_token, LeaseToken>,
> {
    jobs::table
        .filter(jobs::job_id.eq(lease.job_id))
        .filter(jobs::lease_token.eq(lease.token))
}

fn require_one_row(written: usize) -> QueryResult<()> {
    if written == 0 { Err(Error::NotFound) } else { Ok(()) }
}

fn interval(duration: Duration) -> PgInterval {
    PgInterval::from_microseconds(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}
