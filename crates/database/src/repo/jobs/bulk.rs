//! Changes of many jobs at once.
//!
//! Every change locks the domains of the jobs first, in order of their ids, and then the jobs, in order of theirs, as
//! everybody does who locks several.

use std::cmp::Reverse;
use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::{ExpressionMethods, QueryDsl, QueryResult};
use diesel_async::RunQueryDsl;
use schema::jobs;

use super::filter::{JobFilter, matching};
use super::{as_new, lock_domains};
use crate::ids::{DomainId, JobId, TenantId};
use crate::models::enums::{JobStatus, Outcome};
use crate::tenant::TenantConnection;

/// Maximum number of jobs per change.
pub const MAX_JOBS: usize = 10_000;

/// How many jobs a cancellation changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cancelled {
    /// Those that waited and have ended.
    pub ended: usize,
    /// Those that run, and end at their worker's next heartbeat.
    pub asked: usize,
}

impl Cancelled {
    /// Returns how many jobs were changed.
    #[must_use]
    pub const fn total(self) -> usize {
        self.ended + self.asked
    }
}

/// Counts the jobs that [`cancel_many`] would change, however many.
pub async fn count_cancellable(conn: &mut TenantConnection, filter: &JobFilter<'_>) -> QueryResult<i64> {
    let tenant = conn.tenant_id();
    cancellable(tenant, filter)
        .count()
        .get_result(&mut conn.reading())
        .await
}

/// Requests the cancellation of the matching unfinished jobs, the oldest [`MAX_JOBS`] of them: waiting ones end at once,
/// running ones at their worker's next heartbeat.
pub async fn cancel_many(conn: &mut TenantConnection, filter: &JobFilter<'_>) -> QueryResult<Cancelled> {
    let first = cancel_some(conn, filter, MAX_JOBS).await?;
    // A job whose row was waited for may have ended meanwhile, and queued others that match.
    let left = MAX_JOBS.saturating_sub(first.total());
    let second = cancel_some(conn, filter, left).await?;
    Ok(Cancelled {
        ended: first.ended + second.ended,
        asked: first.asked + second.asked,
    })
}

async fn cancel_some(conn: &mut TenantConnection, filter: &JobFilter<'_>, limit: usize) -> QueryResult<Cancelled> {
    let tenant = conn.tenant_id();
    let chosen: Vec<JobId> = cancellable(tenant, filter)
        .order((jobs::created_at, jobs::job_id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select(jobs::job_id)
        .load(&mut conn.reading())
        .await?;
    if chosen.is_empty() {
        return Ok(Cancelled::default());
    }
    let own = || {
        jobs::table
            .filter(jobs::tenant_id.eq(tenant))
            .filter(jobs::job_id.eq_any(&chosen))
    };
    lock_domains(conn, own().into_boxed()).await?;
    let locked: Vec<JobId> = own()
        .order(jobs::job_id)
        .select(jobs::job_id)
        .for_update()
        .load(conn)
        .await?;
    cancel_locked(conn, &locked).await
}

/// Cancels those of these jobs, which the transaction has locked, that have not ended.
async fn cancel_locked(conn: &mut TenantConnection, locked: &[JobId]) -> QueryResult<Cancelled> {
    let tenant = conn.tenant_id();
    let own = |status: JobStatus| {
        jobs::table
            .filter(jobs::tenant_id.eq(tenant))
            .filter(jobs::job_id.eq_any(locked))
            .filter(jobs::status.eq(status))
    };
    let ended = diesel::update(own(JobStatus::Pending))
        .set((
            jobs::status.eq(JobStatus::Cancelled),
            jobs::cancel_requested_at.eq(now),
            jobs::completed_at.eq(now),
            jobs::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    let asked = diesel::update(own(JobStatus::Running).filter(jobs::cancel_requested_at.is_null()))
        .set((jobs::cancel_requested_at.eq(now), jobs::updated_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(Cancelled { ended, asked })
}

/// Cancels the unfinished jobs of a domain, and returns how many: waiting ones at once, running ones at their worker's
/// next heartbeat. Jobs whose rows are locked are skipped.
pub(in crate::repo) async fn cancel_of_domain(conn: &mut TenantConnection, domain: DomainId) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let open: Vec<JobId> = jobs::table
        .filter(jobs::tenant_id.eq(tenant))
        .filter(jobs::domain_id.eq(domain))
        .filter(jobs::status.eq_any([JobStatus::Pending, JobStatus::Running]))
        .select(jobs::job_id)
        .for_update()
        .skip_locked()
        .load(conn)
        .await?;
    let cancelled = cancel_locked(conn, &open).await?;
    let running = jobs::table
        .filter(jobs::tenant_id.eq(tenant))
        .filter(jobs::job_id.eq_any(&open))
        .filter(jobs::status.eq(JobStatus::Running));
    // Frees the key, so that a new domain of the same name can be scanned.
    diesel::update(running)
        .set(jobs::dedup_key.eq(None::<String>))
        .execute(conn)
        .await?;
    Ok(cancelled.total())
}

/// Counts the jobs that [`retry_many`] would consider, however many.
pub async fn count_retriable(conn: &mut TenantConnection, filter: &JobFilter<'_>) -> QueryResult<i64> {
    let tenant = conn.tenant_id();
    retriable(tenant, filter).count().get_result(&mut conn.reading()).await
}

/// Requeues the matching failed and cancelled jobs, the newest [`MAX_JOBS`] of them, and returns how many.
///
/// They get all their attempts. Skips jobs whose work an unfinished job does; of several that do the same work, the newest
/// is requeued.
///
/// # Errors
///
/// A unique violation if the same work is queued at the same moment.
pub async fn retry_many(conn: &mut TenantConnection, filter: &JobFilter<'_>) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let chosen: Vec<JobId> = retriable(tenant, filter)
        .order((jobs::created_at.desc(), jobs::job_id.desc()))
        .limit(i64::try_from(MAX_JOBS).unwrap_or(i64::MAX))
        .select(jobs::job_id)
        .load(&mut conn.reading())
        .await?;
    if chosen.is_empty() {
        return Ok(0);
    }
    let own = || {
        jobs::table
            .filter(jobs::tenant_id.eq(tenant))
            .filter(jobs::job_id.eq_any(&chosen))
    };
    lock_domains(conn, own().into_boxed()).await?;
    let mut locked: Vec<Work> = own()
        .order(jobs::job_id)
        .select((jobs::job_id, jobs::created_at, jobs::kind, jobs::dedup_key))
        .for_update()
        .load(conn)
        .await?;
    locked.sort_by_key(|(id, created_at, ..)| Reverse((*created_at, *id)));
    // By a look-up and not by a join: the statistics know nothing of jobs that were just written, and thousands of them would
    // be compared with each other.
    let mut known = open_work(conn, &locked).await?;
    let kept: Vec<JobId> = locked
        .into_iter()
        .filter(|(_, _, kind, key)| {
            let work = key.as_ref().map(|key| (kind.clone(), key.clone()));
            work.is_none_or(|work| known.insert(work))
        })
        .map(|(id, ..)| id)
        .collect();
    diesel::update(
        jobs::table
            .filter(jobs::tenant_id.eq(tenant))
            .filter(jobs::job_id.eq_any(kept))
            .filter(jobs::status.eq_any(RETRIABLE)),
    )
    .set(as_new!())
    .execute(conn)
    .await
}

/// Returns the kinds and keys of unfinished jobs that do the work of one of these.
async fn open_work(conn: &mut TenantConnection, retried: &[Work]) -> QueryResult<HashSet<(String, String)>> {
    let tenant = conn.tenant_id();
    let keys: Vec<&str> = retried.iter().filter_map(|(.., key)| key.as_deref()).collect();
    let open: Vec<(String, Option<String>)> = jobs::table
        .filter(jobs::tenant_id.eq(tenant))
        .filter(jobs::status.eq_any([JobStatus::Pending, JobStatus::Running]))
        .filter(jobs::dedup_key.eq_any(keys))
        .select((jobs::kind, jobs::dedup_key))
        .load(&mut conn.reading())
        .await?;
    Ok(open.into_iter().filter_map(|(kind, key)| Some((kind, key?))).collect())
}

/// A job, when it was created, its kind, and the key of its work.
type Work = (JobId, DateTime<Utc>, String, Option<String>);

/// The statuses of jobs that can be queued again.
const RETRIABLE: [JobStatus; 2] = [JobStatus::Failed, JobStatus::Cancelled];

fn retriable<'a>(tenant: TenantId, filter: &JobFilter<'a>) -> jobs::BoxedQuery<'a, Pg> {
    matching(tenant, filter).filter(jobs::status.eq_any(RETRIABLE))
}

fn cancellable<'a>(tenant: TenantId, filter: &JobFilter<'a>) -> jobs::BoxedQuery<'a, Pg> {
    matching(tenant, filter)
        .filter(jobs::status.eq_any([JobStatus::Pending, JobStatus::Running]))
        .filter(jobs::cancel_requested_at.is_null())
}
