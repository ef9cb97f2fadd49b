//! What the start page shows: figures of several tables, whose statements are sent together.
//!
//! Each statement reads one table, within the tenant's part of an index or, for the funnel, of the table; the others begin with
//! a time, so that they cost what happened since and not what there is.

use chrono::{DateTime, Utc};
use diesel::dsl::{count, count_star, max};
use diesel::prelude::{
    AggregateExpressionMethods, BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, QueryResult,
    Queryable,
};
use diesel_async::RunQueryDsl;
use schema::{contacts, domain_changes, jobs, leads};

use crate::ids::JobId;
use crate::models::enums::{CurationStatus, DomainChangeKind, JobStatus, Outcome};
use crate::tenant::TenantConnection;

/// What the start page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// How far the leads have come.
    pub funnel: Funnel,
    /// The number of leads that were made since.
    pub new_leads: i64,
    /// The number of contacts that were found since.
    pub new_contacts: i64,
    /// The jobs that were requested since, by kind and by what became of them.
    pub jobs: Vec<RecentJobs>,
    /// The numbers of differences between scans that were found since, by kind.
    pub changes: Vec<(DomainChangeKind, i64)>,
    /// The job that waits for longest.
    pub waiting: Option<WaitingJob>,
    /// The workers that work on the tenant's jobs.
    pub workers: Vec<BusyWorker>,
}

/// How many leads have come how far; a lead may be in any of the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Queryable)]
pub struct Funnel {
    /// All leads.
    pub found: i64,
    /// Those that somebody selected.
    pub selected: i64,
    /// Those whose place was handed over to a domain.
    pub handed_over: i64,
    /// Those whose site was scanned.
    pub scanned: i64,
    /// Those with an address that may be written to.
    pub with_email: i64,
    /// Those with a contact that somebody wrote to.
    pub contacted: i64,
}

/// Jobs of a kind that are in the same state, for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct RecentJobs {
    /// The kind of the jobs.
    pub kind: String,
    /// Their state.
    pub status: JobStatus,
    /// Why they ended, or why their last attempt did.
    pub outcome: Option<Outcome>,
    /// How many jobs.
    pub jobs: i64,
}

/// A job that waits.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct WaitingJob {
    /// The id of the job.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// When it was requested.
    pub created_at: DateTime<Utc>,
}

/// A worker with jobs.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct BusyWorker {
    /// The name of the worker.
    pub name: Option<String>,
    /// How many of the tenant's jobs it runs.
    pub jobs: i64,
    /// Until when the jobs are its own, by its last heartbeat.
    pub until: Option<DateTime<Utc>>,
}

/// Reads the figures; those of a period begin at `since`.
pub async fn read(conn: &mut TenantConnection, since: DateTime<Utc>) -> QueryResult<Overview> {
    let conn = &*conn;
    let (funnel, new_leads, new_contacts, jobs, changes, waiting, workers) = futures_util::try_join!(
        count_funnel(conn),
        count_new_leads(conn, since),
        count_new_contacts(conn, since),
        list_jobs(conn, since),
        list_changes(conn, since),
        find_waiting(conn),
        list_workers(conn),
    )?;
    Ok(Overview {
        funnel,
        new_leads,
        new_contacts,
        jobs,
        changes,
        waiting,
        workers,
    })
}

async fn count_funnel(conn: &TenantConnection) -> QueryResult<Funnel> {
    let tenant = conn.tenant_id();
    let is_handed_over = leads::place_id.is_not_null().and(leads::domain_id.is_not_null());
    leads::table
        .filter(leads::tenant_id.eq(tenant))
        .select((
            count_star(),
            count(leads::id).aggregate_filter(leads::status.eq(CurationStatus::Selected)),
            count(leads::id).aggregate_filter(is_handed_over),
            count(leads::id).aggregate_filter(leads::last_scan_at.is_not_null()),
            count(leads::id).aggregate_filter(leads::has_email),
            count(leads::id).aggregate_filter(leads::is_contacted),
        ))
        .get_result(&mut conn.reading())
        .await
}

async fn count_new_leads(conn: &TenantConnection, since: DateTime<Utc>) -> QueryResult<i64> {
    leads::table
        .filter(leads::tenant_id.eq(conn.tenant_id()))
        .filter(leads::created_at.ge(since))
        .count()
        .get_result(&mut conn.reading())
        .await
}

async fn count_new_contacts(conn: &TenantConnection, since: DateTime<Utc>) -> QueryResult<i64> {
    contacts::table
        .filter(contacts::tenant_id.eq(conn.tenant_id()))
        .filter(contacts::created_at.ge(since))
        .count()
        .get_result(&mut conn.reading())
        .await
}

async fn list_jobs(conn: &TenantConnection, since: DateTime<Utc>) -> QueryResult<Vec<RecentJobs>> {
    jobs::table
        .filter(jobs::tenant_id.eq(conn.tenant_id()))
        .filter(jobs::created_at.ge(since))
        .group_by((jobs::kind, jobs::status, jobs::outcome))
        .select((jobs::kind, jobs::status, jobs::outcome, count_star()))
        .order((jobs::kind, jobs::status, jobs::outcome))
        .load(&mut conn.reading())
        .await
}

async fn list_changes(conn: &TenantConnection, since: DateTime<Utc>) -> QueryResult<Vec<(DomainChangeKind, i64)>> {
    domain_changes::table
        .filter(domain_changes::tenant_id.eq(conn.tenant_id()))
        .filter(domain_changes::changed_at.ge(since))
        .group_by(domain_changes::kind)
        .select((domain_changes::kind, count_star()))
        .order(count_star().desc())
        .load(&mut conn.reading())
        .await
}

async fn find_waiting(conn: &TenantConnection) -> QueryResult<Option<WaitingJob>> {
    jobs::table
        .filter(jobs::tenant_id.eq(conn.tenant_id()))
        .filter(jobs::status.eq(JobStatus::Pending))
        .order((jobs::created_at, jobs::job_id))
        .select((jobs::job_id, jobs::kind, jobs::created_at))
        .first(&mut conn.reading())
        .await
        .optional()
}

async fn list_workers(conn: &TenantConnection) -> QueryResult<Vec<BusyWorker>> {
    jobs::table
        .filter(jobs::tenant_id.eq(conn.tenant_id()))
        .filter(jobs::status.eq(JobStatus::Running))
        .group_by(jobs::worker)
        .select((jobs::worker, count_star(), max(jobs::lease_expires_at)))
        .order(jobs::worker)
        .load(&mut conn.reading())
        .await
}
