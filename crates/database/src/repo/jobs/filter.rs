//! Which jobs are meant.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::{BoolExpressionMethods, ExpressionMethods, QueryDsl};
use schema::jobs;

use crate::ids::{BatchId, DomainId, JobId, TenantId};
use crate::models::enums::{JobStatus, Outcome};

/// Selects jobs; `None` and an empty list of statuses match all.
#[derive(Clone, Debug, Default)]
pub struct JobFilter<'a> {
    /// Only these jobs.
    pub ids: Option<&'a [JobId]>,
    /// Only those with one of these statuses.
    pub statuses: &'a [JobStatus],
    /// Only those of this kind.
    pub kind: Option<&'a str>,
    /// Only those that ended for this reason.
    pub outcome: Option<Outcome>,
    /// Only those created then or later.
    pub created_from: Option<DateTime<Utc>>,
    /// Only those created earlier.
    pub created_before: Option<DateTime<Utc>>,
    /// Only those of this batch.
    pub batch_id: Option<BatchId>,
    /// With `batch_id`, also these jobs, which the batch has [joined](crate::repo::batches::list_joined).
    pub others: &'a [JobId],
    /// Only those that this job queued.
    pub parent_id: Option<JobId>,
    /// Only those about this domain.
    pub domain_id: Option<DomainId>,
}

/// The statuses of jobs that have ended.
pub(super) const ENDED: [JobStatus; 3] = [JobStatus::Completed, JobStatus::Failed, JobStatus::Cancelled];

/// Selects the tenant's jobs that match a filter.
pub(super) fn matching<'a>(tenant: TenantId, filter: &JobFilter<'a>) -> jobs::BoxedQuery<'a, Pg> {
    let mut query = jobs::table.filter(jobs::tenant_id.eq(tenant)).into_boxed();
    if let Some(ids) = filter.ids {
        query = query.filter(jobs::job_id.eq_any(ids));
    }
    match filter.statuses {
        [] => {}
        // The index on the status has the order of the list for a single one only.
        [status] => query = query.filter(jobs::status.eq(*status)),
        statuses => query = query.filter(jobs::status.eq_any(statuses)),
    }
    if let Some(kind) = filter.kind {
        query = query.filter(jobs::kind.eq(kind));
    }
    if let Some(outcome) = filter.outcome {
        // That of an attempt, before the job has ended, is not the job's.
        query = query
            .filter(jobs::outcome.eq(outcome))
            .filter(jobs::status.eq_any(ENDED));
    }
    if let Some(from) = filter.created_from {
        query = query.filter(jobs::created_at.ge(from));
    }
    if let Some(before) = filter.created_before {
        query = query.filter(jobs::created_at.lt(before));
    }
    if let Some(batch) = filter.batch_id {
        query = query.filter(jobs::batch_id.eq(batch).or(jobs::job_id.eq_any(filter.others)));
    }
    if let Some(parent) = filter.parent_id {
        query = query.filter(jobs::parent_id.eq(parent));
    }
    if let Some(domain) = filter.domain_id {
        query = query.filter(jobs::domain_id.eq(domain));
    }
    query
}
