//! The trait of background jobs.

use std::future::Future;

use database::ids::DomainId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::{Finished, JobContext};
use super::error::JobError;

/// A unit of background work: a value that can be stored, and the code that runs it.
///
/// ```no_run
/// use jobs::{BackgroundJob, Finished, JobContext, JobError};
/// use database::models::enums::Outcome;
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
///         ctx.finish(conn, Outcome::Ok, "greeted", &greeting).await
///     }
/// }
/// ```
pub trait BackgroundJob: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The services that all jobs of a process share, such as an HTTP client and settings.
    type Services: Send + Sync + 'static;

    /// The name that jobs of this kind are stored under; it must not change while such jobs are unfinished.
    const KIND: &'static str;

    /// Maximum number of attempts.
    const MAX_ATTEMPTS: i32 = 3;

    /// Returns a key for the work: a tenant has at most one unfinished job of this kind per key.
    fn dedup_key(&self) -> Option<String> {
        None
    }

    /// Returns the domain that the work concerns, if it has a row.
    fn domain_id(&self) -> Option<DomainId> {
        None
    }

    /// Returns the number of scans that the job counts as in the tenant's daily quota.
    fn scans(&self) -> usize {
        1
    }

    /// Runs the job.
    ///
    /// The future is dropped at its next `await` if the job is cancelled, the lease is lost or the worker shuts down;
    /// that rolls back an open transaction.
    ///
    /// # Errors
    ///
    /// [`JobError`], with the message for the tenant and whether to retry.
    fn run(&self, ctx: JobContext<Self::Services>) -> impl Future<Output = Result<Finished, JobError>> + Send;
}
