//! The only way to start work: counted against the tenant's daily quota, and once however often it is asked for.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use database::ids::{BatchId, DomainId, JobId, UserId};
use database::models::job::{Job, NewJob};
use database::models::values::RawJson;
use database::repo::jobs::Enqueued;
use database::repo::{self, QueryError, QueryResult};
use database::tenant::TenantConnection;

use super::error::JobError;
use super::job::BackgroundJob;

/// The most jobs of one statement, which takes at most 65,535 binds.
const MAX_ROWS: usize = 1000;

/// Why work was not started, as a sentence for whoever asked for it. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// A value of the request is out of range.
    #[error("{detail}")]
    Invalid {
        /// Which value, by its name in the HTTP API.
        field: &'static str,
        /// What would be right.
        detail: String,
    },
    /// The tenant's scans of the day are used up.
    #[error("the tenant may start {quota} scans a day (UTC): {left} are left, and this takes {scans}")]
    Quota {
        /// The most scans of a day.
        quota: i32,
        /// How many of them are left.
        left: i64,
        /// How many this would take.
        scans: i64,
        /// Seconds until the day ends.
        ends_in: f64,
    },
    /// It cannot be done as things stand.
    #[error("{0}")]
    Conflict(String),
    /// The database refused; `NotFound` where a row that the work is about does not exist.
    #[error(transparent)]
    Query(#[from] QueryError),
}

impl SubmitError {
    /// Refuses a value, and says what would be right.
    pub fn invalid(field: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid {
            field,
            detail: detail.into(),
        }
    }
}

/// A job that starts others fails as they do.
impl From<SubmitError> for JobError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Query(error) => error.into(),
            error => Self::internal(error.into()),
        }
    }
}

/// What a job may be queued with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnqueueOptions {
    /// The batch it is part of.
    pub batch_id: Option<BatchId>,
    /// How important it is, 0 unless said: of a tenant's jobs the highest come first.
    pub priority: Option<i16>,
    /// Who asked for it.
    pub created_by: Option<UserId>,
    /// The earliest time at which it begins.
    pub run_at: Option<DateTime<Utc>>,
    /// The domain it works on, instead of what the job itself says.
    pub domain_id: Option<DomainId>,
}

/// The right to start work within a transaction.
///
/// A guard makes one for a caller who may scan, with the tenant's quota; the command line and jobs make one without.
/// What it queues is there when the transaction commits, and not before.
#[derive(Debug)]
pub struct Submission<'c> {
    conn: &'c mut TenantConnection,
    quota: Option<i32>,
}

impl<'c> Submission<'c> {
    /// Starts work for a caller, at most as many scans a day as the tenant may; `None` is any number.
    #[must_use]
    pub fn of_caller(conn: &'c mut TenantConnection, scans_per_day: Option<i32>) -> Self {
        Self {
            conn,
            quota: scans_per_day,
        }
    }

    /// Starts work for whoever runs the program, or for a job that was counted when it was asked for: without a quota.
    #[must_use]
    pub fn of_operator(conn: &'c mut TenantConnection) -> Self {
        Self { conn, quota: None }
    }

    /// Returns the transaction.
    pub fn conn(&mut self) -> &mut TenantConnection {
        self.conn
    }

    /// Queues a job. Where an unfinished job does the same work, that one is returned, and nothing is counted.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Quota`], and a foreign key violation when the tenant has no such batch.
    pub async fn enqueue<J: BackgroundJob>(
        &mut self,
        job: &J,
        options: &EnqueueOptions,
    ) -> Result<Enqueued, SubmitError> {
        let stored = Stored::of(job)?;
        let queued = repo::jobs::enqueue(self.conn, &stored.row::<J>(options)).await?;
        if queued.is_new {
            self.count(stored.scans).await?;
        }
        Ok(queued)
    }

    /// Queues jobs, and returns one for each, in order: the unfinished one where there is one that does the same work.
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue).
    pub async fn enqueue_many<J: BackgroundJob>(
        &mut self,
        jobs: &[J],
        options: &EnqueueOptions,
    ) -> Result<Vec<Enqueued>, SubmitError> {
        let stored = jobs.iter().map(Stored::of).collect::<QueryResult<Vec<_>>>()?;
        // A statement meets each row once: the same work twice is one row.
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
        // Two requests that queue the same work lock its rows in one order.
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
        let scans = queued
            .iter()
            .filter(|(_, queued)| queued.is_new)
            .filter_map(|(at, _)| stored.get(*at))
            .map(|stored| stored.scans)
            .sum();
        self.count(scans).await?;
        Ok(places.iter().filter_map(|first| queued.get(first).cloned()).collect())
    }

    /// Queues a job again that failed or was cancelled, as it is counted anew; `None` when it has not.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Quota`], and a unique violation when an unfinished job does the same work.
    pub async fn retry(&mut self, id: JobId) -> Result<Option<Job>, SubmitError> {
        let retried = repo::jobs::retry(self.conn, id).await?;
        self.count(usize::from(retried.is_some())).await?;
        Ok(retried)
    }

    /// Queues the jobs of a batch, and others that its entries point to, again: those that failed or were cancelled and
    /// whose work no unfinished job does. Returns how many.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Quota`].
    pub async fn retry_batch(&mut self, id: BatchId, others: &[JobId]) -> Result<usize, SubmitError> {
        let retried = repo::jobs::retry_batch(self.conn, id, others).await?;
        self.count(retried).await?;
        Ok(retried)
    }

    /// Counts scans against the quota of the day.
    async fn count(&mut self, scans: usize) -> Result<(), SubmitError> {
        let Some(quota) = self.quota.filter(|_| scans > 0) else {
            return Ok(());
        };
        let scans = i64::try_from(scans).unwrap_or(i64::MAX);
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

/// A job as its row has it.
struct Stored {
    payload: RawJson,
    dedup_key: Option<String>,
    domain_id: Option<DomainId>,
    scans: usize,
}

impl Stored {
    fn of<J: BackgroundJob>(job: &J) -> QueryResult<Self> {
        Ok(Self {
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
            created_by: options.created_by,
            domain_id: options.domain_id.or(self.domain_id),
            batch_id: options.batch_id,
            priority: options.priority,
            run_at: options.run_at,
            max_attempts: Some(J::MAX_ATTEMPTS),
            dedup_key: self.dedup_key.as_deref(),
            metadata: None,
        }
    }
}
