//! Table `jobs`, as tenants use it. The workers' side is in [`queue`].

pub mod bulk;
mod filter;
pub mod queue;
pub mod waiting;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::dsl::{count as count_of, now};
use diesel::pg::Pg;
use diesel::prelude::{
    AggregateExpressionMethods, ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, Queryable,
    SelectableHelper,
};
use diesel::result::Error;
use diesel::sql_types::{self, Bool, Timestamptz};
use diesel::upsert::{DecoratableTarget, excluded};
use diesel_async::RunQueryDsl;
use schema::{domains, jobs};
use uuid::Uuid;

pub use self::filter::JobFilter;
use self::filter::matching;
use super::paging::{Newest, Paging, before, page};
use crate::ids::{BatchId, DomainId, JobId, TenantId};
use crate::models::enums::{JobStatus, Outcome};
use crate::models::job::{Job, NewJob};
use crate::tenant::TenantConnection;

/// Resets an ended job to waiting, with all its attempts. A macro, since the type of the expression is very long.
macro_rules! as_new {
    () => {
        (
            jobs::status.eq(JobStatus::Pending),
            jobs::run_at.eq(now),
            jobs::attempts.eq(0),
            jobs::progress.eq(0.0),
            jobs::progress_step.eq(None::<String>),
            jobs::progress_message.eq(None::<String>),
            jobs::outcome.eq(None::<Outcome>),
            jobs::error.eq(None::<String>),
            jobs::cancel_requested_at.eq(None::<DateTime<Utc>>),
            jobs::completed_at.eq(None::<DateTime<Utc>>),
            jobs::updated_at.eq(now),
        )
    };
}
use as_new;

/// The result of queueing a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Enqueued {
    /// The job that will do the work.
    pub job: Job,
    /// Whether it is new; otherwise an unfinished job already does the same work.
    pub is_new: bool,
}

/// A failed attempt of a job.
#[derive(Clone, Debug)]
pub struct Failure<'a> {
    /// The error text, for people.
    pub error: &'a str,
    /// The reason in one word.
    pub outcome: Outcome,
    /// When to retry; `None` ends the job.
    pub retry_at: Option<DateTime<Utc>>,
    /// Whether the attempt counts as one of the job's, where it is retried.
    pub is_counted: bool,
}

/// The predicate of the unique index that allows one unfinished job per work.
const UNFINISHED_AND_NAMED: &str = "status IN ('pending', 'running') AND dedup_key IS NOT NULL";

/// Queues a job in the caller's transaction.
///
/// If an unfinished job of the same kind has the same `dedup_key`, that job is returned.
///
/// # Errors
///
/// A foreign key violation if the tenant has no such batch.
pub async fn enqueue(conn: &mut TenantConnection, new: &NewJob<'_>) -> QueryResult<Enqueued> {
    let tenant = conn.tenant_id();
    // Callers cannot choose ids, since these are unique across tenants.
    let id = JobId::from(Uuid::new_v4());
    let job: Job = diesel::insert_into(jobs::table)
        .values((new, jobs::job_id.eq(id), jobs::tenant_id.eq(tenant)))
        .on_conflict((jobs::tenant_id, jobs::kind, jobs::dedup_key))
        // Literally the index's predicate: PostgreSQL would not recognise one with binds.
        .filter_target(diesel::dsl::sql::<Bool>(UNFINISHED_AND_NAMED))
        .do_update()
        // DO NOTHING would return no row, and the existing one could be gone by the next statement.
        .set(jobs::dedup_key.eq(excluded(jobs::dedup_key)))
        .returning(Job::as_returning())
        .get_result(conn)
        .await?;
    Ok(Enqueued {
        is_new: job.job_id == id,
        job,
    })
}

/// Queues jobs in one statement, and returns one job for each in order; see [`enqueue`]. No two may have the same key.
///
/// # Errors
///
/// As [`enqueue`].
pub async fn enqueue_many(conn: &mut TenantConnection, new: &[NewJob<'_>]) -> QueryResult<Vec<Enqueued>> {
    let tenant = conn.tenant_id();
    let ids: Vec<JobId> = new.iter().map(|_| JobId::from(Uuid::new_v4())).collect();
    let rows: Vec<_> = new
        .iter()
        .zip(&ids)
        .map(|(row, id)| (row, jobs::job_id.eq(*id), jobs::tenant_id.eq(tenant)))
        .collect();
    let stored: Vec<Job> = diesel::insert_into(jobs::table)
        .values(rows)
        .on_conflict((jobs::tenant_id, jobs::kind, jobs::dedup_key))
        .filter_target(diesel::dsl::sql::<Bool>(UNFINISHED_AND_NAMED))
        .do_update()
        .set(jobs::dedup_key.eq(excluded(jobs::dedup_key)))
        .returning(Job::as_returning())
        .get_results(conn)
        .await?;
    let mut by_id = HashMap::with_capacity(stored.len());
    let mut by_work = HashMap::new();
    for job in stored {
        if let Some(key) = job.dedup_key.clone() {
            by_work.insert((job.kind.clone(), key), job.job_id);
        }
        by_id.insert(job.job_id, job);
    }
    let place = |(row, id): (&NewJob<'_>, &JobId)| {
        let is_new = by_id.contains_key(id);
        let existing = || by_work.get(&(row.kind.to_owned(), row.dedup_key?.to_owned()));
        let id = if is_new { id } else { existing()? };
        Some(Enqueued {
            job: by_id.get(id)?.clone(),
            is_new,
        })
    };
    new.iter()
        .zip(&ids)
        .map(|pair| place(pair).ok_or(Error::NotFound))
        .collect()
}

/// Returns a job.
pub async fn get(conn: &mut TenantConnection, id: JobId) -> QueryResult<Job> {
    let tenant = conn.tenant_id();
    Job::query()
        .filter(jobs::tenant_id.eq(tenant))
        .filter(jobs::job_id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Returns the trace of the request that queued a job, or where no job is named a job of a batch.
pub async fn find_traceparent(
    conn: &mut TenantConnection,
    job: Option<JobId>,
    batch: Option<BatchId>,
) -> QueryResult<Option<String>> {
    let tenant = conn.tenant_id();
    let mut query = jobs::table
        .filter(jobs::tenant_id.eq(tenant))
        .filter(jobs::traceparent.is_not_null())
        .select(jobs::traceparent)
        .into_boxed::<Pg>();
    query = match (job, batch) {
        (Some(job), _) => query.filter(jobs::job_id.eq(job)),
        (None, Some(batch)) => query.filter(jobs::batch_id.eq(batch)),
        (None, None) => return Ok(None),
    };
    let found: Option<Option<String>> = query.first(&mut conn.reading()).await.optional()?;
    Ok(found.flatten())
}

/// Lists jobs, newest first, and counts all matches; both queries are sent together.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &JobFilter<'_>,
    paging: &Paging<Newest<JobId>>,
) -> QueryResult<(Vec<Job>, i64)> {
    let tenant = conn.tenant_id();
    let rows = newest_behind(tenant, filter, paging).select(Job::as_select());
    page!(conn, rows, matching(tenant, filter), paging.limit)
}

/// Counts jobs.
pub async fn count(conn: &mut TenantConnection, filter: &JobFilter<'_>) -> QueryResult<i64> {
    let tenant = conn.tenant_id();
    matching(tenant, filter).count().get_result(&mut conn.reading()).await
}

/// How many jobs are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Queryable)]
pub struct States {
    pending: i64,
    running: i64,
    completed: i64,
    failed: i64,
    cancelled: i64,
}

impl States {
    /// Returns how many jobs are in one of these states.
    #[must_use]
    pub fn of(&self, states: &[JobStatus]) -> i64 {
        let count = |state: &JobStatus| match state {
            JobStatus::Pending => self.pending,
            JobStatus::Running => self.running,
            JobStatus::Completed => self.completed,
            JobStatus::Failed => self.failed,
            JobStatus::Cancelled => self.cancelled,
        };
        states.iter().map(count).sum()
    }
}

/// Counts jobs by their states.
pub async fn count_states(conn: &mut TenantConnection, filter: &JobFilter<'_>) -> QueryResult<States> {
    let tenant = conn.tenant_id();
    let is = |status: JobStatus| count_of(jobs::job_id).aggregate_filter(jobs::status.eq(status));
    matching(tenant, filter)
        .select((
            is(JobStatus::Pending),
            is(JobStatus::Running),
            is(JobStatus::Completed),
            is(JobStatus::Failed),
            is(JobStatus::Cancelled),
        ))
        .get_result(&mut conn.reading())
        .await
}

/// Lists jobs, newest first, without counting them, for readers of the whole list.
pub async fn list_after(
    conn: &mut TenantConnection,
    filter: &JobFilter<'_>,
    paging: &Paging<Newest<JobId>>,
) -> QueryResult<Vec<Job>> {
    newest_behind(conn.tenant_id(), filter, paging)
        .select(Job::as_select())
        .limit(paging.limit)
        .load(&mut conn.reading())
        .await
}

/// Selects the matching jobs behind a position, newest first.
fn newest_behind<'a>(
    tenant: TenantId,
    filter: &JobFilter<'a>,
    paging: &Paging<Newest<JobId>>,
) -> jobs::BoxedQuery<'a, Pg> {
    let mut rows = matching(tenant, filter);
    if let Some(Newest { at, id }) = paging.after {
        rows = rows.filter(before::<(Timestamptz, sql_types::Uuid), _, _>(
            (jobs::created_at, jobs::job_id),
            (at, id),
        ));
    }
    rows.order((jobs::created_at.desc(), jobs::job_id.desc()))
}

/// Requests the cancellation of a job and returns the job.
///
/// A waiting job is cancelled at once, a running one at its worker's next heartbeat; an ended one stays unchanged.
///
/// # Errors
///
/// `NotFound`.
pub async fn cancel(conn: &mut TenantConnection, id: JobId) -> QueryResult<Job> {
    let tenant = conn.tenant_id();
    let own = || {
        jobs::table
            .filter(jobs::tenant_id.eq(tenant))
            .filter(jobs::job_id.eq(id))
    };
    lock_domains(conn, own().into_boxed()).await?;
    // Locked, so that no worker claims it before the change.
    let job: Job = own().select(Job::as_select()).for_update().first(conn).await?;
    match job.status {
        JobStatus::Pending => {
            diesel::update(own())
                .set((
                    jobs::status.eq(JobStatus::Cancelled),
                    jobs::cancel_requested_at.eq(now),
                    jobs::completed_at.eq(now),
                    jobs::updated_at.eq(now),
                ))
                .returning(Job::as_returning())
                .get_result(conn)
                .await
        }
        JobStatus::Running if job.cancel_requested_at.is_none() => {
            diesel::update(own())
                .set((jobs::cancel_requested_at.eq(now), jobs::updated_at.eq(now)))
                .returning(Job::as_returning())
                .get_result(conn)
                .await
        }
        JobStatus::Running | JobStatus::Completed | JobStatus::Failed | JobStatus::Cancelled => Ok(job),
    }
}

/// Requeues a failed or cancelled job with all its attempts; `None` if it is neither.
///
/// # Errors
///
/// A unique violation if another unfinished job does the same work.
pub async fn retry(conn: &mut TenantConnection, id: JobId) -> QueryResult<Option<Job>> {
    let tenant = conn.tenant_id();
    let own = || {
        jobs::table
            .filter(jobs::tenant_id.eq(tenant))
            .filter(jobs::job_id.eq(id))
    };
    lock_domains(conn, own().into_boxed()).await?;
    diesel::update(own().filter(jobs::status.eq_any([JobStatus::Failed, JobStatus::Cancelled])))
        .set(as_new!())
        .returning(Job::as_returning())
        .get_result(conn)
        .await
        .optional()
}

/// Makes a job part of a batch.
///
/// # Errors
///
/// `NotFound`, and a foreign key violation if the tenant has no such batch.
pub async fn set_batch(conn: &mut TenantConnection, id: JobId, batch: BatchId) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    diesel::update(
        jobs::table
            .filter(jobs::tenant_id.eq(tenant))
            .filter(jobs::job_id.eq(id)),
    )
    .set(jobs::batch_id.eq(batch))
    .returning(jobs::job_id)
    .get_result::<JobId>(conn)
    .await
    .map(drop)
}

/// Locks the domains of jobs that are about to change their status, and returns whether all of them exist. The jobs'
/// domains come first, since submitting locks them in this order, and show the new status only if they are not locked by
/// others.
async fn lock_domains(conn: &mut TenantConnection, chosen: jobs::BoxedQuery<'_, Pg>) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let named: Vec<Option<DomainId>> = chosen
        .filter(jobs::domain_id.is_not_null())
        .select(jobs::domain_id)
        .distinct()
        .load(&mut conn.reading())
        .await?;
    let ids: Vec<DomainId> = named.into_iter().flatten().collect();
    if ids.is_empty() {
        return Ok(true);
    }
    let locked: Vec<DomainId> = domains::table
        .filter(domains::tenant_id.eq(tenant))
        .filter(domains::id.eq_any(&ids))
        // Sorted, so that concurrent calls do not deadlock.
        .order(domains::id)
        .select(domains::id)
        .for_no_key_update()
        .load(conn)
        .await?;
    Ok(locked.len() == ids.len())
}
