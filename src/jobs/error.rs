//! Why an attempt failed: what people read, and whether to try again.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use database::connection::is_outage;
use database::models::enums::Outcome;
use database::pool::PoolError;
use database::repo::QueryError;

/// What people read of a failure whose cause concerns only those who run the program.
const INTERNAL: &str = "the program failed; its log says why, under the job's id";

/// The longest sentence that is stored.
const LONGEST: usize = 1000;

/// When a job that failed is tried again, if it has attempts left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never: the next attempt would fail like this one.
    Never,
    /// After a time that grows with each attempt.
    Later,
    /// After this long, as the other side asked.
    After(Duration),
}

/// A failed attempt.
///
/// What is in [`message`](Self::message) is shown to the tenant. Errors of the program and of the
/// database become one fixed sentence there; what they say themselves is logged.
#[derive(Debug)]
pub struct JobError {
    outcome: Outcome,
    message: String,
    retry: Retry,
    cause: Option<anyhow::Error>,
    nature: Nature,
}

/// What the runner makes of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    /// It is the job's own.
    Ordinary,
    /// The database was away.
    Outage,
    Cancelled,
    /// The job belongs to somebody else by now: nothing may be written about it.
    LeaseLost,
}

impl JobError {
    /// Makes a failure that is retried [later](Retry::Later).
    ///
    /// `message` is the sentence that people read. A user name or password in a URL within it is
    /// not stored.
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

    /// Makes a failure that trying again would not mend.
    #[must_use]
    pub fn permanent(outcome: Outcome, message: impl Into<String>) -> Self {
        Self::new(outcome, message).retry(Retry::Never)
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Adds what is logged, and never shown.
    #[must_use]
    pub fn because(mut self, cause: impl Into<anyhow::Error>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Returns why, in one word.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns the sentence that people read.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns when to try again.
    #[must_use]
    pub fn when_retried(&self) -> Retry {
        self.retry
    }

    /// Fails because the program did: people read a fixed sentence, the cause goes to the log.
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

    /// The domain of the job was deleted: nobody wants its result any more, and it must not bring the domain back.
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

    /// Returns whether the database was away: the same transaction may succeed in a moment.
    pub(super) fn is_outage(&self) -> bool {
        self.nature == Nature::Outage
    }

    fn outage(self) -> Self {
        Self {
            nature: Nature::Outage,
            ..self
        }
    }
}

/// For the log: the sentence and what caused it.
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

/// A [`JobError`] that passed through `anyhow` is itself again; anything else is internal.
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
        let outage = is_outage(&error);
        let internal = Self::internal(error.into());
        if outage { internal.outage() } else { internal }
    }
}

impl From<PoolError> for JobError {
    fn from(error: PoolError) -> Self {
        let outage = matches!(error, PoolError::Connect { .. } | PoolError::Timeout { .. });
        let internal = Self::internal(error.into());
        if outage { internal.outage() } else { internal }
    }
}

/// Makes a text fit to be stored and shown: no credentials in URLs, no NUL, which PostgreSQL's
/// texts cannot hold, and not endless.
pub(super) fn presentable(text: String) -> String {
    let mut text = if text.contains('\0') {
        text.replace('\0', "")
    } else {
        text
    };
    if let Cow::Owned(clean) = without_credentials(&text) {
        text = clean;
    }
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

/// Replaces what stands between `://` and the last `@` of a URL's authority.
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
    fn no_credentials_and_no_nul_are_shown() {
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
        let error = JobError::new(Outcome::Parse, "é".repeat(LONGEST));
        assert_eq!(error.message().chars().count(), LONGEST / 2 + 1);
    }

    #[test]
    fn what_the_database_said_is_logged_and_not_shown() {
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
