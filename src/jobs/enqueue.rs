//! Jobs on their way into the queue.

use chrono::{DateTime, Utc};
use database::ids::{BatchId, DomainId, UserId};
use database::models::job::{Job, NewJob};
use database::models::values::RawJson;
use database::repo::jobs::Enqueued;
use database::repo::{self, QueryError, QueryResult};
use database::tenant::TenantConnection;

use super::job::BackgroundJob;

/// What is said about a job beside what it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnqueueOptions {
    /// The batch it is part of.
    pub batch_id: Option<BatchId>,
    /// How important it is, 0 unless said: of a tenant's jobs the highest come first.
    pub priority: Option<i16>,
    /// Who asked for it.
    pub created_by: Option<UserId>,
    /// Not to be begun before.
    pub run_at: Option<DateTime<Utc>>,
    /// The domain it works on, instead of what the job itself says.
    pub domain_id: Option<DomainId>,
}

/// Queues a job in the caller's transaction: it is there when that commits.
///
/// Where [`BackgroundJob::dedup_key`] names work that an unfinished job does, that job is returned.
/// Workers find it at their next poll; [`Waker::wake`], called after the commit, makes that at once.
///
/// # Errors
///
/// Those of [`repo::jobs::enqueue`], and a serialisation error when the job cannot be JSON.
pub async fn enqueue<J: BackgroundJob>(
    conn: &mut TenantConnection,
    job: &J,
    options: &EnqueueOptions,
) -> QueryResult<Enqueued> {
    let stored = Stored::from_job(job)?;
    repo::jobs::enqueue(conn, &stored.row::<J>(options)).await
}

/// Queues jobs in the caller's transaction, many at a time, and returns those made, in no order. One
/// whose work an unfinished job does, another of the same call included, is not among them.
///
/// # Errors
///
/// As [`enqueue`]; the caller's transaction is then of no more use.
pub async fn enqueue_many<J: BackgroundJob>(
    conn: &mut TenantConnection,
    jobs: &[J],
    options: &EnqueueOptions,
) -> QueryResult<Vec<Job>> {
    /// A statement takes at most 65,535 binds.
    const AT_ONCE: usize = 1000;
    let mut made = Vec::with_capacity(jobs.len());
    for some in jobs.chunks(AT_ONCE) {
        let stored = some.iter().map(Stored::from_job).collect::<QueryResult<Vec<_>>>()?;
        let rows: Vec<_> = stored.iter().map(|stored| stored.row::<J>(options)).collect();
        made.extend(repo::jobs::enqueue_many(conn, &rows).await?);
    }
    Ok(made)
}

/// What a row borrows from.
struct Stored {
    payload: RawJson,
    dedup_key: Option<String>,
    domain_id: Option<DomainId>,
}

impl Stored {
    fn from_job<J: BackgroundJob>(job: &J) -> QueryResult<Self> {
        Ok(Self {
            payload: RawJson::from_value(job).map_err(|error| QueryError::SerializationError(error.into()))?,
            dedup_key: job.dedup_key(),
            domain_id: job.domain_id(),
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
