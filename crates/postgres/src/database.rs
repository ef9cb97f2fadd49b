//! The first connection to a server, which creates the program's database.

use std::{io, thread, time::Duration};

use tokio_postgres::{NoTls, error::SqlState};

use super::{
    error::EmbeddedError,
    layout::Layout,
    options::{DATABASE, SUPERUSER},
    postmaster::Live,
};

/// How long the server may take to answer, and how long a server that is shutting down is retried.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// Creates the database if it does not exist. Runs at every start: an earlier one may have been killed before this
/// step.
pub(super) fn ensure(live: &Live) -> Result<(), DatabaseFailure> {
    let mut config = tokio_postgres::Config::new();
    config
        .host_path(&live.socket_dir)
        .port(live.port)
        .user(SUPERUSER)
        .dbname("postgres");
    let work = async move {
        let (client, connection) = config.connect(NoTls).await?;
        let session = tokio::spawn(connection);
        let found = client
            .query_opt("SELECT FROM pg_database WHERE datname = $1", &[&DATABASE])
            .await?;
        if found.is_none() {
            client.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await?;
        }
        drop(client);
        // The session's result does not matter: its statements have succeeded.
        drop(session.await);
        Ok(())
    };
    blocking(async { tokio::time::timeout(TIMEOUT, work).await })
        .map_err(DatabaseFailure::Thread)?
        .map_err(|_| DatabaseFailure::Timeout)?
        .map_err(DatabaseFailure::Postgres)
}

/// Why a server that accepts connections failed to create the database.
pub(super) enum DatabaseFailure {
    Thread(io::Error),
    Timeout,
    Postgres(tokio_postgres::Error),
}

impl DatabaseFailure {
    /// Returns whether the server shut down during the connection.
    pub(super) fn is_ending_server(&self) -> bool {
        let Self::Postgres(error) = self else {
            return false;
        };
        error.code().is_none_or(|code| {
            [
                SqlState::ADMIN_SHUTDOWN,
                SqlState::CRASH_SHUTDOWN,
                SqlState::CANNOT_CONNECT_NOW,
            ]
            .contains(code)
        })
    }

    pub(super) fn into_embedded(self, layout: &Layout, live: &Live) -> EmbeddedError {
        let message = match self {
            Self::Postgres(error) if error.code() == Some(&SqlState::DISK_FULL) => {
                return EmbeddedError::DiskFull(layout.root.clone());
            }
            Self::Postgres(error) => error
                .as_db_error()
                .map_or_else(|| error.to_string(), |error| error.message().to_owned()),
            Self::Timeout => format!("no answer within {} s", TIMEOUT.as_secs()),
            Self::Thread(error) => error.to_string(),
        };
        EmbeddedError::Database {
            socket: live.socket_dir.clone(),
            message,
        }
    }
}

/// Runs a future to completion on its own thread, so that callers may be inside or outside a runtime.
pub(super) fn blocking<F>(future: F) -> io::Result<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let run = move || -> io::Result<F::Output> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(future))
    };
    let thread = thread::Builder::new().name("embedded-postgres".to_owned()).spawn(run)?;
    thread
        .join()
        .map_err(|_| io::Error::other("the helper thread panicked"))?
}
