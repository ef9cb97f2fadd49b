//! The only way to queue work: it counts against the tenant's daily quota and does not duplicate unfinished work.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use database::ids::{BatchId, DomainId, JobId, UserId};
use database::models::job::{Job, NewJob};
use database::models::tenant_limits::TenantLimits;
use database::models::values::RawJson;
use database::repo::jobs::{Enqueued, JobFilter};
use database::repo::{self, QueryError, QueryResult};
use database::tenant::TenantConnection;

use super::context::JobContext;
use super::error::JobError;
use super::job::BackgroundJob;
use super::quota::StoredRowCounts;
use super::trace::Trace;

/// Maximum number of jobs per statement, which takes at most 65,535 binds.
const MAX_ROWS: usize = 1000;

/// Why work was not queued, with a text for the client. The transaction must be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// A value of the request is not valid.
    #[error("{detail}")]
    Invalid {
        /// Name of the value in the HTTP API.
        field: &'static str,
        /// What is wrong with the value, and what would be valid.
        detail: String,
    },
    /// The work exceeds the tenant's daily quota.
    #[error("daily limit of {quota} scans (UTC) exceeded: {left} left, {scans} requested")]
    Quota {
        /// The daily quota.
        quota: i32,
        /// The number of scans left today.
        left: i64,
        /// The number of scans requested.
        scans: i64,
        /// Seconds until the day ends.
        ends_in: f64,
    },
    /// The tenant has stored as many rows as it may.
    #[error("quota of {quota} stored rows used up, {stored} are stored: delete what is no longer needed")]
    Storage {
        /// The quota.
        quota: i64,
        /// How many rows are stored.
        stored: i64,
    },
    /// The state of a row does not allow the work.
    #[error("{0}")]
    Conflict(String),
    /// The database failed; `NotFound` if a row that the work needs does not exist.
    #[error(transparent)]
    Query(#[from] QueryError),
}

impl SubmitError {
    /// Returns the error for an invalid value of `field`; `detail` describes a valid one.
    pub fn invalid(field: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            detail: detail.into(),
        }
    }

    /// Returns whether a row that the work needs does not exist.
    #[must_use]
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::Query(QueryError::NotFound))
    }
}

/// Converts the error for jobs that queue other jobs.
impl From<SubmitError> for JobError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Query(error) => error.into(),
            error => Self::internal(error.into()),
        }
    }
}

/// Options of a queued job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnqueueOptions {
    /// The batch it is part of, or that joins it if it is open already.
    pub batch_id: Option<BatchId>,
    /// The priority, 0 by default: of a tenant's jobs, those with the highest run first.
    pub priority: Option<i16>,
    /// The earliest time of its first attempt.
    pub run_at: Option<DateTime<Utc>>,
    /// The domain it works on, instead of the job's own.
    pub domain_id: Option<DomainId>,
}

/// What a tenant may do at most; `None` means no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Scans per day (UTC).
    pub scans_per_day: Option<i32>,
    /// Stored rows, beyond which no work is queued.
    pub stored_rows: Option<i64>,
}

impl Quotas {
    /// Returns the quotas of a tenant: its own, or else these.
    #[must_use]
    pub fn of_tenant(self, own: Option<&TenantLimits>) -> Self {
        Self {
            scans_per_day: own.and_then(|own| own.scans_per_day).or(self.scans_per_day),
            stored_rows: own.and_then(|own| own.rows_stored).or(self.stored_rows),
        }
    }
}

/// The right to queue work in a transaction.
///
/// A guard creates one with the tenant's quota for a caller with the scope `scan`, and schedules do in the name of who made them;
/// the command line and jobs create one without a quota. Queued work exists once the transaction commits.
#[derive(Debug)]
pub struct Submission<'c> {
    conn: &'c mut TenantConnection,
    /// Who requests the work: a user or an API key.
    created_by: Option<UserId>,
    /// The job that queues the work.
    parent: Option<JobId>,
    /// The trace of the request that queues the work.
    trace: Option<Trace>,
    /// The number of scans to count.
    scans: usize,
}

impl<'c> Submission<'c> {
    /// Runs `work` for a caller whose tenant may store more, and counts what it queued against the daily quota. A schedule of the
    /// operator runs for nobody.
    ///
    /// The count is the last statement: it locks a row per tenant until the transaction ends, and a transaction that
    /// locked it earlier could deadlock with one that holds a row of the same domain.
    ///
    /// # Errors
    ///
    /// The errors of `work`, [`SubmitError::Storage`], and [`SubmitError::Quota`].
    pub async fn of_caller<T, E: From<SubmitError>>(
        conn: &'c mut TenantConnection,
        created_by: impl Into<Option<UserId>>,
        quotas: Quotas,
        counts: &StoredRowCounts,
        work: impl AsyncFnOnce(&mut Submission<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        if let Some(quota) = quotas.stored_rows {
            let stored = counts.near(conn, quota).await.map_err(SubmitError::from)?;
            if stored >= quota {
                return Err(SubmitError::Storage { quota, stored }.into());
            }
        }
        let mut submission = Submission {
            conn,
            created_by: created_by.into(),
            parent: None,
            trace: None,
            scans: 0,
        };
        let done = work(&mut submission).await?;
        if let Some(quota) = quotas.scans_per_day {
            submission.count(quota).await?;
        }
        Ok(done)
    }

    /// Queues work without a quota, for an operator.
    #[must_use]
    pub fn of_operator(conn: &'c mut TenantConnection) -> Self {
        Self {
            conn,
            created_by: None,
            parent: None,
            trace: None,
            scans: 0,
        }
    }

    /// Queues work without a quota, for a job that was itself counted, as its children and in the name of whoever
    /// requested it.
    #[must_use]
    pub fn of_job<S>(conn: &'c mut TenantConnection, job: &JobContext<S>) -> Self {
        Self {
            conn,
            created_by: job.created_by(),
            parent: Some(job.job_id()),
            trace: job.trace(),
            scans: 0,
        }
    }

    /// Sets the trace of the request, which is kept with the jobs that are queued from now on.
    pub fn set_trace(&mut self, trace: Option<Trace>) {
        self.trace = trace;
    }

    /// Returns the id of the user or API key that requests the work; `None` for an operator.
    #[must_use]
    pub fn created_by(&self) -> Option<UserId> {
        self.created_by
    }

    /// Returns the transaction.
    pub fn conn(&mut self) -> &mut TenantConnection {
        self.conn
    }

    /// Queues a job. If an unfinished job does the same work, returns that job and counts nothing.
    ///
    /// # Errors
    ///
    /// A foreign key violation if the tenant has no such batch.
    pub async fn enqueue<J: BackgroundJob>(
        &mut self,
        job: &J,
        options: &EnqueueOptions,
    ) -> Result<Enqueued, SubmitError> {
        let stored = Stored::of(job, self)?;
        let queued = repo::jobs::enqueue(self.conn, &stored.row::<J>(options)).await?;
        if queued.is_new {
            self.scans += stored.scans;
        }
        self.join(options, [&queued]).await?;
        Ok(queued)
    }

    /// Queues jobs as [`enqueue`](Self::enqueue) does, and returns one for each, in order.
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue).
    pub async fn enqueue_many<J: BackgroundJob>(
        &mut self,
        jobs: &[J],
        options: &EnqueueOptions,
    ) -> Result<Vec<Enqueued>, SubmitError> {
        let stored = jobs
            .iter()
            .map(|job| Stored::of(job, self))
            .collect::<QueryResult<Vec<_>>>()?;
        // An upsert may touch a row only once per statement: duplicates of the same work become one row.
        let mut first_of: HashMap<&str, usize> = HashMap::new();
        let places: Vec<usize> = stored
            .iter()
            .enumerate()
            .map(|(at, stored)| match stored.dedup_key.as_deref() {
                Some(key) => *first_of.entry(key).or_insert(at),
                None => at,
            })
            .collect();
        let mut unique: Vec<usize> = places
            .iter()
            .enumerate()
            .filter(|(at, first)| at == *first)
            .map(|(at, _)| at)
            .collect();
        // Sorted, so that requests that queue the same work lock its rows in the same order.
        unique.sort_by_key(|at| stored.get(*at).and_then(|stored| stored.dedup_key.as_deref()));
        let mut queued: HashMap<usize, Enqueued> = HashMap::with_capacity(unique.len());
        for some in unique.chunks(MAX_ROWS) {
            let rows: Vec<NewJob<'_>> = some
                .iter()
                .filter_map(|at| stored.get(*at))
                .map(|stored| stored.row::<J>(options))
                .collect();
            let made = repo::jobs::enqueue_many(self.conn, &rows).await?;
            queued.extend(some.iter().copied().zip(made));
        }
        let scans: usize = queued
            .iter()
            .filter(|(_, queued)| queued.is_new)
            .filter_map(|(at, _)| stored.get(*at))
            .map(|stored| stored.scans)
            .sum();
        self.scans += scans;
        self.join(options, queued.values()).await?;
        Ok(places.iter().filter_map(|first| queued.get(first).cloned()).collect())
    }

    /// Notes the jobs that belong to others and do work of the batch.
    async fn join<'q>(
        &mut self,
        options: &EnqueueOptions,
        queued: impl IntoIterator<Item = &'q Enqueued>,
    ) -> Result<(), SubmitError> {
        let Some(batch) = options.batch_id else { return Ok(()) };
        let is_foreign = |queued: &&Enqueued| queued.job.batch_id != Some(batch);
        let joined: Vec<JobId> = queued
            .into_iter()
            .filter(is_foreign)
            .map(|queued| queued.job.job_id)
            .collect();
        if !joined.is_empty() {
            repo::batches::join(self.conn, batch, &joined).await?;
        }
        Ok(())
    }

    /// Queues a failed or cancelled job again, which counts as one scan; returns `None` for a job in another state.
    ///
    /// # Errors
    ///
    /// A unique violation if an unfinished job does the same work.
    pub async fn retry(&mut self, id: JobId) -> Result<Option<Job>, SubmitError> {
        let retried = repo::jobs::retry(self.conn, id).await?;
        self.scans += usize::from(retried.is_some());
        Ok(retried)
    }

    /// Queues the matching failed and cancelled jobs again, each of which counts as one scan, and returns how many; see
    /// [`repo::jobs::bulk::retry_many`].
    ///
    /// # Errors
    ///
    /// A unique violation if the same work is queued at the same moment.
    pub async fn retry_many(&mut self, filter: &JobFilter<'_>) -> Result<usize, SubmitError> {
        let retried = repo::jobs::bulk::retry_many(self.conn, filter).await?;
        self.scans += retried;
        Ok(retried)
    }

    /// Counts the queued scans against the daily quota.
    async fn count(self, quota: i32) -> Result<(), SubmitError> {
        if self.scans == 0 {
            return Ok(());
        }
        let scans = i64::try_from(self.scans).unwrap_or(i64::MAX);
        let day = repo::scan_days::count(self.conn, scans).await?;
        if day.scans <= i64::from(quota) {
            return Ok(());
        }
        Err(SubmitError::Quota {
            quota,
            left: (i64::from(quota) - (day.scans - scans)).max(0),
            scans,
            ends_in: day.ends_in,
        })
    }
}

/// A job in the form of its row.
struct Stored {
    payload: RawJson,
    dedup_key: Option<String>,
    domain_id: Option<DomainId>,
    created_by: Option<UserId>,
    parent_id: Option<JobId>,
    traceparent: Option<String>,
    scans: usize,
}

impl Stored {
    fn of<J: BackgroundJob>(job: &J, submission: &Submission<'_>) -> QueryResult<Self> {
        Ok(Self {
            created_by: submission.created_by,
            parent_id: submission.parent,
            traceparent: submission.trace.map(|trace| trace.to_string()),
            payload: RawJson::from_value(job).map_err(|error| QueryError::SerializationError(error.into()))?,
            dedup_key: job.dedup_key(),
            domain_id: job.domain_id(),
            scans: job.scans(),
        })
    }

    fn row<J: BackgroundJob>(&self, options: &EnqueueOptions) -> NewJob<'_> {
        NewJob {
            kind: J::KIND,
            payload: Some(&self.payload),
            created_by: self.created_by,
            domain_id: options.domain_id.or(self.domain_id),
            batch_id: options.batch_id,
            parent_id: self.parent_id,
            priority: options.priority,
            run_at: options.run_at,
            max_attempts: Some(J::MAX_ATTEMPTS),
            dedup_key: self.dedup_key.as_deref(),
            metadata: None,
            traceparent: self.traceparent.as_deref(),
        }
    }
}
