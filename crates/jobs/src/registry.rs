//! The kinds of jobs that a worker runs.

use std::collections::BTreeMap;
use std::fmt;

use database::models::enums::Outcome;
use database::models::values::RawJson;
use futures_core::future::BoxFuture;
use futures_util::FutureExt;

use super::{BackgroundJob, Finished, JobContext, JobError};

/// Turns a stored job into its work.
type Start<S> = fn(&RawJson, JobContext<S>) -> Result<Work, JobError>;

/// A running job.
pub(super) type Work = BoxFuture<'static, Result<Finished, JobError>>;

/// The kinds of jobs that a worker claims; it ignores all others.
pub struct Registry<S> {
    kinds: BTreeMap<&'static str, Start<S>>,
}

impl<S: Send + Sync + 'static> Registry<S> {
    /// Creates an empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self { kinds: BTreeMap::new() }
    }

    /// Adds a kind, replacing one with the same name.
    #[must_use]
    pub fn register<J: BackgroundJob<Services = S>>(mut self) -> Self {
        self.kinds.insert(J::KIND, start::<J>);
        self
    }

    /// Returns the names of the kinds.
    #[must_use]
    pub fn kinds(&self) -> Vec<&'static str> {
        self.kinds.keys().copied().collect()
    }

    /// Starts a stored job.
    ///
    /// # Errors
    ///
    /// Returns a permanent error if the payload does not match the kind.
    pub(super) fn start(&self, kind: &str, payload: &RawJson, ctx: JobContext<S>) -> Result<Work, JobError> {
        let Some(start) = self.kinds.get(kind) else {
            // Cannot happen, since a claim names the registered kinds.
            return Err(JobError::new(
                Outcome::Internal,
                format!("this worker does not run jobs of the kind \"{kind}\""),
            ));
        };
        start(payload, ctx)
    }
}

fn start<J: BackgroundJob>(payload: &RawJson, ctx: JobContext<J::Services>) -> Result<Work, JobError> {
    let job: J = payload.parse().map_err(|error| {
        JobError::permanent(
            Outcome::Internal,
            format!("the stored payload does not match the kind \"{}\": {error}", J::KIND),
        )
    })?;
    Ok(async move { job.run(ctx).await }.boxed())
}

impl<S: Send + Sync + 'static> Default for Registry<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> fmt::Debug for Registry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.kinds.keys()).finish()
    }
}
