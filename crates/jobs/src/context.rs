//! The context of a running job, which is also the only way to complete it.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use database::ids::{BatchId, DomainId, JobId, TenantId, UserId};
use database::models::domain::{Domain, NewDomain};
use database::models::enums::Outcome;
use database::models::job::Job;
use database::models::values::RawJson;
use database::pool::{Pool, PoolError};
use database::repo::jobs::queue;
use database::repo::{self, QueryError, domains};
use database::tenant::TenantConnection;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::error::presentable;
use super::hold::{Hold, Stop};
use super::outage::Pauses;
use super::trace::Trace;
use super::{JobError, Retry, Room};

/// Minimum time between two progress reports of the same step.
const BETWEEN_REPORTS: Duration = Duration::from_millis(500);
/// Timeout for writing a report.
const REPORT_TIMEOUT: Duration = Duration::from_secs(2);

/// Proof that a job completed: its rows and its end are committed.
///
/// Only [`JobContext::finish`] creates one.
#[derive(Debug)]
pub struct Finished {
    pub(super) outcome: Outcome,
}

/// The context of a running job: its row's data and the services it may use. Clones share the same state.
pub struct JobContext<S> {
    inner: Arc<Inner<S>>,
}

struct Inner<S> {
    about: About,
    hold: Arc<Hold>,
    pool: Pool,
    services: Arc<S>,
    cores: Arc<Semaphore>,
    room: Room,
    reported: Mutex<Option<(String, Instant)>>,
}

/// The columns of the job's row that concern the job.
#[derive(Clone, Copy, Debug)]
struct About {
    attempt: i32,
    max_attempts: i32,
    created_by: Option<UserId>,
    domain_id: Option<DomainId>,
    batch_id: Option<BatchId>,
    trace: Option<Trace>,
}

/// Returns the trace of the request that queued a job.
pub(super) fn trace_of(job: &Job) -> Option<Trace> {
    job.traceparent.as_deref().and_then(|text| text.parse().ok())
}

impl<S> JobContext<S> {
    pub(super) fn new(
        job: &Job,
        hold: Arc<Hold>,
        pool: Pool,
        services: Arc<S>,
        cores: Arc<Semaphore>,
        room: Room,
    ) -> Self {
        let about = About {
            attempt: job.attempts,
            max_attempts: job.max_attempts,
            created_by: job.created_by,
            domain_id: job.domain_id,
            batch_id: job.batch_id,
            trace: trace_of(job),
        };
        Self {
            inner: Arc::new(Inner {
                about,
                hold,
                pool,
                services,
                cores,
                room,
                reported: Mutex::default(),
            }),
        }
    }

    /// Returns the services shared by all jobs of the process.
    #[must_use]
    pub fn services(&self) -> &S {
        &self.inner.services
    }

    /// Returns who tells whether the database has room for more, which a job asks between its transactions.
    #[must_use]
    pub fn room(&self) -> &Room {
        &self.inner.room
    }

    /// Returns the job's id.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        self.inner.hold.lease.job_id
    }

    /// Returns the job's tenant.
    #[must_use]
    pub fn tenant_id(&self) -> TenantId {
        self.inner.hold.tenant
    }

    /// Returns the number of this attempt, from 1.
    #[must_use]
    pub fn attempt(&self) -> i32 {
        self.inner.about.attempt
    }

    /// Returns whether the job ends as failed if this attempt fails with `error`.
    #[must_use]
    pub fn is_final(&self, error: &JobError) -> bool {
        error.is_counted()
            && (self.inner.about.attempt >= self.inner.about.max_attempts || error.when_retried() == Retry::Never)
    }

    /// Returns who requested the job.
    #[must_use]
    pub fn created_by(&self) -> Option<UserId> {
        self.inner.about.created_by
    }

    /// Returns the domain that the job was queued for.
    #[must_use]
    pub fn domain_id(&self) -> Option<DomainId> {
        self.inner.about.domain_id
    }

    /// Returns the batch that the job is part of.
    #[must_use]
    pub fn batch_id(&self) -> Option<BatchId> {
        self.inner.about.batch_id
    }

    /// Returns the trace of the request that queued the job.
    #[must_use]
    pub fn trace(&self) -> Option<Trace> {
        self.inner.about.trace
    }

    /// Opens a transaction of the job's tenant, waiting for the database while the lease holds.
    ///
    /// The transaction occupies a connection of the pool until it is committed or dropped: do nothing slow and make no
    /// network call in between.
    ///
    /// # Errors
    ///
    /// Returns an error if the lease is lost or the pool is closed.
    pub async fn tenant(&self) -> Result<TenantConnection, JobError> {
        let mut pauses = Pauses::new();
        loop {
            self.check_lease()?;
            match self.inner.pool.tenant(self.tenant_id()).await {
                Ok(conn) => return Ok(conn),
                Err(PoolError::Connect { .. } | PoolError::Timeout { .. } | PoolError::Busy { .. }) => {
                    pauses.pause().await
                }
                Err(error @ (PoolError::Closed | PoolError::Config(_))) => return Err(error.into()),
            }
        }
    }

    /// Completes the job in the transaction that wrote its results, and commits it.
    ///
    /// `outcome` is [`Outcome::Ok`] or another outcome of a completed job; `message` replaces the last progress report.
    /// `result` is shown to clients. It must not contain NUL characters, which PostgreSQL's JSON cannot store.
    ///
    /// # Errors
    ///
    /// Returns an error if the lease is lost, the transaction belongs to another tenant, or the database fails. Nothing
    /// was written then, unless the commit itself failed: its result is unknown, and if it did take effect, any further
    /// write finds that the lease has ended.
    pub async fn finish<R: Serialize + Sync + ?Sized>(
        &self,
        mut conn: TenantConnection,
        outcome: Outcome,
        message: &str,
        result: &R,
    ) -> Result<Finished, JobError> {
        self.check_lease()?;
        if conn.tenant_id() != self.tenant_id() {
            return Err(JobError::internal(anyhow::anyhow!(
                "finish was called with a transaction of another tenant"
            )));
        }
        let result = RawJson::from_value(&result).map_err(|error| JobError::internal(error.into()))?;
        let message = presentable(message.to_owned());
        let _finishing = self.inner.hold.finishing();
        match queue::finish(&mut conn, self.inner.hold.lease, outcome, &message, &result).await {
            Ok(()) => {}
            Err(QueryError::NotFound) => return Err(JobError::lease_lost()),
            Err(error) => return Err(error.into()),
        }
        conn.commit().await?;
        Ok(Finished { outcome })
    }

    /// Runs the last transaction of a job, retrying during an outage while the lease holds.
    ///
    /// `write` gets a transaction, writes the job's rows and ends with [`finish`](Self::finish). It must do nothing
    /// else, because it may run again. Without this method, a restart of the database at the wrong moment would repeat
    /// the whole job.
    ///
    /// # Errors
    ///
    /// Those of `write` and of [`tenant`](Self::tenant).
    pub async fn finish_with<W, F>(&self, mut write: W) -> Result<Finished, JobError>
    where
        W: FnMut(TenantConnection) -> F + Send,
        F: Future<Output = Result<Finished, JobError>> + Send,
    {
        let mut pauses = Pauses::new();
        loop {
            let conn = self.tenant().await?;
            match write(conn).await {
                Err(error) if error.is_outage() => pauses.pause().await,
                result => return result,
            }
        }
    }

    /// Locks the job's domain until `conn` commits, and returns it. A job without a domain creates the one with this
    /// name.
    ///
    /// Call this before [`hold`](Self::hold) and before all writes: submitting work locks the domain first and its jobs
    /// and scans after it, so a worker that locked them in the reverse order could deadlock with a client.
    ///
    /// # Errors
    ///
    /// The job is cancelled if its domain was deleted, so that it cannot bring the domain back.
    pub async fn domain(&self, conn: &mut TenantConnection, name: &str) -> Result<Domain, JobError> {
        let new = NewDomain {
            domain: name,
            lead_source: None,
            created_by: None,
        };
        match self.domain_id() {
            Some(id) => domains::lock(conn, id).await?.ok_or_else(JobError::domain_deleted),
            None => Ok(domains::upsert(conn, &new).await?),
        }
    }

    /// Opens a transaction as [`tenant`](Self::tenant) does, in which the job's domain cannot be deleted, for rows that
    /// belong to the domain. It takes no lock that other transactions wait for.
    ///
    /// # Errors
    ///
    /// As [`tenant`](Self::tenant) and [`domain`](Self::domain).
    pub async fn tenant_of_domain(&self) -> Result<TenantConnection, JobError> {
        let mut conn = self.tenant().await?;
        if let Some(id) = self.domain_id()
            && !domains::keep(&mut conn, id).await?
        {
            return Err(JobError::domain_deleted());
        }
        Ok(conn)
    }

    /// Locks the job's row until `conn` commits, so that no other process can claim or end the job meanwhile. It is
    /// meant for writes outside the transaction that ends the job.
    ///
    /// Never returns if the job was cancelled: the job is dropped here, as it would be at the next heartbeat.
    ///
    /// # Errors
    ///
    /// Returns an error if the lease is lost or the database fails.
    pub async fn hold(&self, conn: &mut TenantConnection) -> Result<(), JobError> {
        self.check_lease()?;
        match queue::hold(conn, self.inner.hold.lease).await {
            Err(QueryError::NotFound) => return Err(JobError::lease_lost()),
            result => result?,
        }
        if repo::jobs::get(conn, self.job_id())
            .await?
            .cancel_requested_at
            .is_some()
        {
            self.inner.hold.stop(Stop::Cancelled);
            // The runner drops the job at this point.
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    /// Reports progress: a step such as `fetch`, a message about it, and the completed share, 0 to 1.
    ///
    /// The first report of a step is always written, others at most every 500 ms. A report that cannot be written is
    /// skipped and does not fail the job.
    pub async fn report(&self, step: &str, message: &str, done: f64) {
        if !self.is_due(step) || !self.inner.hold.is_valid() {
            return;
        }
        let done = if done.is_finite() { done.clamp(0.0, 1.0) } else { 0.0 };
        let (step, message) = (presentable(step.to_owned()), presentable(message.to_owned()));
        let write = async {
            let mut conn = self.inner.pool.tenant(self.tenant_id()).await?;
            queue::report(&mut conn, self.inner.hold.lease, done, &step, &message).await?;
            conn.commit().await?;
            Ok::<_, JobError>(())
        };
        let written = tokio::time::timeout(REPORT_TIMEOUT, write).await;
        if let Err(error) = written.unwrap_or_else(|late| Err(JobError::internal(late.into()))) {
            // If the lease is lost, the next heartbeat notices.
            log::debug!("job {}: writing progress failed: {error}", self.job_id());
        }
    }

    /// Returns whether a report of this step is due, and marks it as written.
    fn is_due(&self, step: &str) -> bool {
        let mut reported = self.inner.reported.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some((last, at)) = reported.as_ref()
            && last == step
            && now.duration_since(*at) < BETWEEN_REPORTS
        {
            return false;
        }
        *reported = Some((step.to_owned(), now));
        true
    }

    /// Runs CPU work outside the asynchronous threads, at most one task per core at a time.
    ///
    /// The work cannot be dropped: it runs to its end even if the job is cancelled meanwhile.
    ///
    /// # Errors
    ///
    /// Returns an error if `work` panics.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, JobError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let fault = |error: anyhow::Error| JobError::internal(error.context("blocking work of a job failed"));
        let core = Arc::clone(&self.inner.cores).acquire_owned().await;
        let core = core.map_err(|error| fault(error.into()))?;
        tokio::task::spawn_blocking(move || {
            // Held until the work ends, even if the job is dropped meanwhile.
            let _core = core;
            work()
        })
        .await
        .map_err(|error| fault(error.into()))
    }

    fn check_lease(&self) -> Result<(), JobError> {
        if self.inner.hold.is_valid() {
            Ok(())
        } else {
            Err(JobError::lease_lost())
        }
    }
}

impl<S> Clone for JobContext<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
        }
    }
}

impl<S> fmt::Debug for JobContext<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext")
            .field("about", &self.inner.about)
            .field("hold", &self.inner.hold)
            .finish_non_exhaustive()
    }
}
