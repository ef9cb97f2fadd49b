//! Translates PostgreSQL's errors into Diesel's.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use diesel::ConnectionError;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use crate::connector::{ConnectError, sentence};

/// Translates an error, keeping the server's details.
pub(super) fn query_error(error: impl Into<Arc<tokio_postgres::Error>>) -> Error {
    let error = error.into();
    if error.code().is_some_and(is_about_a_value) {
        return Error::SerializationError(Box::new(UnfitValue(sentence(&error))));
    }
    if let Some(shortage) = error.code().and_then(Shortage::of) {
        let cause = Short {
            shortage,
            sentence: sentence(&error),
        };
        return Error::QueryBuilderError(Box::new(cause));
    }
    let kind = match error.code() {
        Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE => DatabaseErrorKind::SerializationFailure,
        Some(code) if *code == SqlState::UNIQUE_VIOLATION => DatabaseErrorKind::UniqueViolation,
        Some(code) if *code == SqlState::FOREIGN_KEY_VIOLATION => DatabaseErrorKind::ForeignKeyViolation,
        Some(code) if *code == SqlState::RESTRICT_VIOLATION => DatabaseErrorKind::RestrictViolation,
        Some(code) if *code == SqlState::EXCLUSION_VIOLATION => DatabaseErrorKind::ExclusionViolation,
        Some(code) if *code == SqlState::NOT_NULL_VIOLATION => DatabaseErrorKind::NotNullViolation,
        Some(code) if *code == SqlState::CHECK_VIOLATION => DatabaseErrorKind::CheckViolation,
        Some(code) if *code == SqlState::READ_ONLY_SQL_TRANSACTION => DatabaseErrorKind::ReadOnlyTransaction,
        Some(code) if ends_the_session(code) => DatabaseErrorKind::ClosedConnection,
        Some(_) => DatabaseErrorKind::Unknown,
        None if error.is_closed() || is_io(&error) => DatabaseErrorKind::ClosedConnection,
        None => DatabaseErrorKind::UnableToSendCommand,
    };
    let message = sentence(&error);
    Error::DatabaseError(kind, Box::new(Information { error, message }))
}

/// Returns whether a unit of work failed only because its connection did, so that a retry on another connection may
/// succeed. If the failed statement was `COMMIT`, it may have taken effect.
#[must_use]
pub fn is_outage(error: &Error) -> bool {
    matches!(
        error,
        Error::DatabaseError(
            DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::ReadOnlyTransaction,
            _
        )
    )
}

/// What the database was short of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// A lock or a turn: a lock timeout, a deadlock, a conflict with another transaction.
    Turn,
    /// Time: the statement timeout has passed, or an administrator has cancelled the statement.
    Time,
    /// Connections.
    Connections,
    /// Room on the disk.
    Space,
    /// Memory, or another resource.
    Resources,
}

impl Shortage {
    /// Reads PostgreSQL's [error codes](https://www.postgresql.org/docs/current/errcodes-appendix.html).
    fn of(code: &SqlState) -> Option<Self> {
        match code.code() {
            "40P01" | "55P03" | "55006" => Some(Self::Turn),
            "57014" => Some(Self::Time),
            "53300" => Some(Self::Connections),
            // A failed write of a file is most often a full disk, too.
            "53100" | "58030" => Some(Self::Space),
            code if code.starts_with("53") => Some(Self::Resources),
            _ => None,
        }
    }
}

/// A statement failed because the database was short of something.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
struct Short {
    shortage: Shortage,
    sentence: String,
}

/// Returns what the database was short of, if that is why a statement failed: a retry may succeed.
#[must_use]
pub fn shortage(error: &Error) -> Option<Shortage> {
    match error {
        Error::QueryBuilderError(cause) if cause.is::<Outdated>() => Some(Shortage::Turn),
        Error::QueryBuilderError(cause) => cause.downcast_ref::<Short>().map(|short| short.shortage),
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Some(Shortage::Turn),
        _ => None,
    }
}

/// Returns whether the server refused a connection because it has too many.
pub(crate) fn is_crowded(error: &ConnectionError) -> bool {
    let ConnectionError::CouldntSetupConfiguration(error) = error else {
        return false;
    };
    shortage(error) == Some(Shortage::Connections)
}

/// A prepared statement that does not fit the schema any more. Its transaction failed as one does that conflicts with
/// another: from its beginning it may succeed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Outdated(String);

/// Returns whether a prepared statement failed because its result has other columns now, or because the server has
/// forgotten it.
pub(super) fn outdates_statements(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|code| *code == SqlState::FEATURE_NOT_SUPPORTED || *code == SqlState::INVALID_SQL_STATEMENT_NAME)
}

/// Translates the error of a prepared statement that has to be prepared anew.
pub(super) fn outdated(error: &tokio_postgres::Error) -> Error {
    Error::QueryBuilderError(Box::new(Outdated(sentence(error))))
}

/// Returns whether a statement failed because it has to be prepared anew.
pub(super) fn is_outdated(error: &Error) -> bool {
    matches!(error, Error::QueryBuilderError(cause) if cause.is::<Outdated>())
}

/// Translates the failure of a connection, keeping shortages and read-only servers apart.
pub(super) fn connection_error(error: &ConnectError) -> ConnectionError {
    let sentence = error.to_string();
    if let Some(shortage) = error.codes().find_map(Shortage::of) {
        let cause = Error::QueryBuilderError(Box::new(Short { shortage, sentence }));
        return ConnectionError::CouldntSetupConfiguration(cause);
    }
    if error.is_read_only() {
        let cause = Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, Box::new(sentence));
        return ConnectionError::CouldntSetupConfiguration(cause);
    }
    ConnectionError::BadConnection(sentence)
}

/// Returns whether a connection failed because no server accepts writes.
pub(crate) fn is_read_only(error: &ConnectionError) -> bool {
    matches!(
        error,
        ConnectionError::CouldntSetupConfiguration(Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _))
    )
}

/// The error of a statement that was not answered in time: its connection is lost.
pub(super) fn silence(limit: Duration) -> Error {
    let sentence = format!("the database did not answer within {} s", limit.as_secs_f32());
    Error::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(sentence))
}

/// A value that the database cannot store: a text with a NUL character, a number or date out of range.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UnfitValue(String);

/// Returns whether the database or the driver rejected a value because it cannot be stored.
#[must_use]
pub fn is_unfit_value(error: &Error) -> bool {
    matches!(error, Error::SerializationError(cause) if cause.is::<UnfitValue>())
}

fn is_about_a_value(code: &SqlState) -> bool {
    [
        SqlState::CHARACTER_NOT_IN_REPERTOIRE,
        SqlState::UNTRANSLATABLE_CHARACTER,
        SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
        SqlState::DATETIME_VALUE_OUT_OF_RANGE,
        SqlState::INTERVAL_FIELD_OVERFLOW,
    ]
    .contains(code)
}

/// Returns whether the server closes the connection after this error: on shutdown, when an administrator ends the
/// session, or after idling in a transaction.
fn ends_the_session(code: &SqlState) -> bool {
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::DATABASE_DROPPED,
        SqlState::CONNECTION_EXCEPTION,
        SqlState::CONNECTION_DOES_NOT_EXIST,
        SqlState::CONNECTION_FAILURE,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ]
    .contains(code)
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    error.source().is_some_and(|cause| cause.is::<std::io::Error>())
}

struct Information {
    error: Arc<tokio_postgres::Error>,
    message: String,
}

impl Information {
    fn db(&self) -> Option<&DbError> {
        self.error.as_db_error()
    }
}

impl DatabaseErrorInformation for Information {
    fn message(&self) -> &str {
        &self.message
    }

    fn details(&self) -> Option<&str> {
        self.db().and_then(DbError::detail)
    }

    fn hint(&self) -> Option<&str> {
        self.db().and_then(DbError::hint)
    }

    fn table_name(&self) -> Option<&str> {
        self.db().and_then(DbError::table)
    }

    fn column_name(&self) -> Option<&str> {
        self.db().and_then(DbError::column)
    }

    fn constraint_name(&self) -> Option<&str> {
        self.db().and_then(DbError::constraint)
    }

    fn statement_position(&self) -> Option<i32> {
        match self.db()?.position()? {
            ErrorPosition::Original(position) | ErrorPosition::Internal { position, .. } => {
                i32::try_from(*position).ok()
            }
        }
    }
}
