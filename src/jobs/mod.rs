//! Durable background jobs: the trait, the registry, the runner. It knows no scraper.
//!
//! A job is a value of a type that implements [`BackgroundJob`]. [`enqueue`] writes it into the
//! table `jobs` in the caller's own transaction, so it is there exactly if that commits. A
//! [`Runner`], in the server process or in any number of others, claims it for the length of a
//! lease, runs it, and extends the lease by heartbeats while it does. Whatever happens to a worker,
//! an accepted job ends:
//!
//! | what happens | what becomes of the job |
//! |---|---|
//! | it calls [`JobContext::finish`] | `completed`, in the transaction that wrote its rows |
//! | it returns a [`JobError`] that may be retried | waits, longer each time, until its attempts are used up: `failed` |
//! | it returns one that may not | `failed` |
//! | it panics | a failed attempt, retried |
//! | somebody cancels it | dropped at the next heartbeat: `cancelled` |
//! | its worker is asked to end | handed back at once, the attempt not counted |
//! | its worker dies or loses the database | another takes it when the lease has run out; the attempt counts |
//!
//! A job may therefore run more than once, and has to write with that in mind (upserts). It finishes
//! once: everything written about it names the claim, and a worker whose claim was given to another
//! writes nothing. What a job writes in transactions of its own before the last one is not undone
//! when it is run again.
//!
//! While a job works it holds no connection and no transaction but those it opens itself, by
//! [`JobContext::tenant`], for as long as it needs them: never across a network call.

mod attempt;
mod context;
mod error;
mod hold;
mod notify;
mod outage;
mod registry;
mod runner;
mod stats;
mod upkeep;

use std::future::Future;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::context::{Finished, JobContext};
pub use self::error::{JobError, Retry};
pub use self::notify::Waker;
pub use self::registry::Registry;
pub use self::runner::Runner;
pub use self::stats::{RunnerStats, StatsSnapshot};
use crate::db::tenant::TenantConnection;
use crate::models::ids::{BatchId, DomainId, UserId};
use crate::models::job::{Job, NewJob};
use crate::models::values::RawJson;
use crate::repo::jobs::Enqueued;
use crate::repo::{self, QueryError, QueryResult};

/// A unit of background work: a value that can be stored, and what is to be done about it.
///
/// ```no_run
/// use scrapersky::jobs::{BackgroundJob, Finished, JobContext, JobError};
/// use scrapersky::models::enums::Outcome;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Greeting {
///     name: String,
/// }
///
/// impl BackgroundJob for Greeting {
///     type Services = ();
///     const KIND: &'static str = "greeting";
///
///     async fn run(&self, ctx: JobContext<()>) -> Result<Finished, JobError> {
///         let greeting = format!("Hello, {}", self.name);
///         let conn = ctx.tenant().await?;
///         // Rows of the tenant would be written here, in the transaction that ends the job.
///         ctx.finish(conn, Outcome::Ok, &greeting).await
///     }
/// }
/// ```
pub trait BackgroundJob: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What the program gives all jobs: an HTTP client, settings. Shared, one in a process.
    type Services: Send + Sync + 'static;

    /// The name under which such jobs are stored; it may not change while any is unfinished.
    const KIND: &'static str;

    /// How often a job is begun before it has failed.
    const MAX_ATTEMPTS: i32 = 3;

    /// Returns a name for the work, of which a tenant has at most one unfinished job of this kind.
    fn dedup_key(&self) -> Option<String> {
        None
    }

    /// Returns the tenant's domain that the work is about, where there is a row for it.
    fn domain_id(&self) -> Option<DomainId> {
        None
    }

    /// Does the work.
    ///
    /// The future is dropped at its next `await` when the job is cancelled, when the lease is lost
    /// and when the worker ends; an open transaction is rolled back by that.
    ///
    /// # Errors
    ///
    /// [`JobError`], which says what people read and whether to try again.
    fn run(&self, ctx: JobContext<Self::Services>) -> impl Future<Output = Result<Finished, JobError>> + Send;
}

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
