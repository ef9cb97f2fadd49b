//! Failed attempts: the text for clients, and whether to retry.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use database::connection::{Shortage, is_outage, shortage};
use database::models::enums::Outcome;
use database::pool::PoolError;
use database::repo::QueryError;

/// The text for a failure whose cause concerns only the operator.
const INTERNAL: &str = "internal error: the server's log has the cause under the job's id";

/// The text for a conflict with another transaction, such as a lock that it held for too long.
const CONFLICT: &str = "the job met other work in the database: it is tried again, and this attempt does not count";

/// The text for a database without room.
const DISK_FULL: &str = "the disk of the database is full: the job continues when there is room";

/// Maximum length of a stored message, in bytes.
const MAX_MESSAGE_BYTES: usize = 1000;

/// When a failed attempt is retried, if attempts are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never: the next attempt would fail the same way.
    Never,
    /// After a random delay, whose maximum doubles with each attempt.
    Later,
    /// After this delay, which the other server requested.
    After(Duration),
}

/// A failed attempt.
///
/// The tenant sees [`message`](Self::message). Errors of the program and of the database become one fixed message;
/// their own texts are only logged.
#[derive(Debug)]
pub struct JobError {
    outcome: Outcome,
    message: String,
    retry: Retry,
    cause: Option<anyhow::Error>,
    nature: Nature,
}

/// How the runner treats a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    /// An ordinary failure of the job.
    Ordinary,
    /// The database was unavailable.
    Outage,
    /// This machine or the database was short of something: the attempt does not count.
    Shortage,
    Cancelled,
    /// Another worker holds the job: nothing may be written about it.
    LeaseLost,
}

impl JobError {
    /// Creates a failure that is retried [later](Retry::Later).
    ///
    /// `message` is shown to the tenant. User names and passwords in its URLs are removed.
    #[must_use]
    pub fn new(outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            outcome,
            message: presentable(message.into()),
            retry: Retry::Later,
            cause: None,
            nature: Nature::Ordinary,
        }
    }

    /// Creates a failure that is never retried.
    #[must_use]
    pub fn permanent(outcome: Outcome, message: impl Into<String>) -> Self {
        Self::new(outcome, message).retry(Retry::Never)
    }

    /// Sets when to retry.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Sets the cause, which is logged and never shown.
    #[must_use]
    pub fn because(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Makes a failure for want of something on this machine, which says nothing about the job: the attempt does not count.
    #[must_use]
    pub fn shortage(message: impl Into<String>) -> Self {
        Self {
            nature: Nature::Shortage,
            ..Self::new(Outcome::Internal, message)
        }
    }

    /// Returns the outcome.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns the message for the tenant.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns when to retry.
    #[must_use]
    pub fn when_retried(&self) -> Retry {
        self.retry
    }

    /// Creates an internal failure: the tenant sees a fixed message, and the cause is logged.
    #[must_use]
    pub fn internal(cause: anyhow::Error) -> Self {
        Self::new(Outcome::Internal, INTERNAL).because(cause)
    }

    pub(super) fn lease_lost() -> Self {
        Self {
            nature: Nature::LeaseLost,
            ..Self::new(Outcome::Internal, "the job was given to another worker")
        }
    }

    /// Returns the error for a job whose domain was deleted: the job is cancelled and must not bring the domain back.
    pub(super) fn domain_deleted() -> Self {
        Self {
            nature: Nature::Cancelled,
            ..Self::new(Outcome::Internal, "the domain was deleted")
        }
    }

    /// Returns whether the job ends as cancelled.
    pub(super) fn is_cancelled(&self) -> bool {
        self.nature == Nature::Cancelled
    }

    pub(super) fn is_lease_lost(&self) -> bool {
        self.nature == Nature::LeaseLost
    }

    /// Returns whether the attempt counts as one of the job's attempts.
    pub(super) fn is_counted(&self) -> bool {
        self.nature != Nature::Shortage
    }

    /// Returns whether the database was unavailable or full: the same transaction may succeed later.
    pub(super) fn is_outage(&self) -> bool {
        matches!(self.nature, Nature::Outage | Nature::Shortage)
    }

    fn outage(self) -> Self {
        Self {
            nature: Nature::Outage,
            ..self
        }
    }
}

/// The text for the log: message and cause.
impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{} ({cause:#})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for JobError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// Recovers a [`JobError`] from within `anyhow`; any other error is internal.
impl From<anyhow::Error> for JobError {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => error,
            Err(error) => Self::internal(error),
        }
    }
}

impl From<QueryError> for JobError {
    fn from(error: QueryError) -> Self {
        match shortage(&error) {
            Some(Shortage::Space) => return Self::shortage(DISK_FULL).because(error),
            Some(Shortage::Turn) => return Self::shortage(CONFLICT).because(error),
            _ => {}
        }
        let outage = is_outage(&error);
        let internal = Self::internal(error.into());
        if outage { internal.outage() } else { internal }
    }
}

impl From<PoolError> for JobError {
    fn from(error: PoolError) -> Self {
        let outage = matches!(
            error,
            PoolError::Connect { .. } | PoolError::Timeout { .. } | PoolError::Busy { .. }
        );
        let internal = Self::internal(error.into());
        if outage { internal.outage() } else { internal }
    }
}

/// Removes credentials in URLs and NUL characters, which PostgreSQL cannot store, and truncates the
/// text to [`MAX_MESSAGE_BYTES`].
pub(super) fn presentable(text: String) -> String {
    let mut text = if text.contains('\0') {
        text.replace('\0', "")
    } else {
        text
    };
    if let Cow::Owned(clean) = without_credentials(&text) {
        text = clean;
    }
    if text.len() > MAX_MESSAGE_BYTES {
        text.truncate(text.floor_char_boundary(MAX_MESSAGE_BYTES));
        text.push('…');
    }
    text
}

/// Removes the user information from the authority of each URL, up to its last `@`.
fn without_credentials(text: &str) -> Cow<'_, str> {
    let mut clean = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '<' | '>'))
            .unwrap_or(after.len());
        let (authority, behind) = after.split_at(end);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        clean.push_str(before);
        clean.push_str("://");
        clean.push_str(host);
        rest = behind;
    }
    clean.push_str(rest);
    if clean == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(clean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_nul_characters_are_removed() {
        let error = JobError::new(
            Outcome::Dns,
            "GET https://ann:p@ss@host.test/a@b failed\0, see http://c@d and e@f",
        );
        assert_eq!(
            error.message(),
            "GET https://host.test/a@b failed, see http://d and e@f"
        );
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let error = JobError::new(Outcome::Parse, "é".repeat(MAX_MESSAGE_BYTES));
        assert_eq!(error.message().chars().count(), MAX_MESSAGE_BYTES / 2 + 1);
    }

    #[test]
    fn messages_of_the_database_are_logged_and_not_shown() {
        let error = JobError::from(QueryError::QueryBuilderError("secret detail".into()));
        assert_eq!((error.message(), error.when_retried()), (INTERNAL, Retry::Later));
        assert!(error.to_string().contains("secret detail"), "{error}");
    }

    #[test]
    fn a_job_error_survives_anyhow() {
        let error = anyhow::Error::new(JobError::permanent(Outcome::Tls, "no trust")).context("while fetching");
        let error = JobError::from(error);
        assert_eq!(
            (error.outcome(), error.message(), error.when_retried()),
            (Outcome::Tls, "no trust", Retry::Never)
        );
    }
}
