//! What a job is.

use std::future::Future;

use database::ids::DomainId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::{Finished, JobContext};
use super::error::JobError;

/// A unit of background work: a value that can be stored, and what is to be done about it.
///
/// ```no_run
/// use scrapersky::jobs::{BackgroundJob, Finished, JobContext, JobError};
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

    /// Returns how many scans it counts as in the tenant's daily quota.
    fn scans(&self) -> usize {
        1
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
