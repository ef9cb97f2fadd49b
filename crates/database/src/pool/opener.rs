//! Opening connections, and deciding which may be used again.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use diesel::ConnectionError;
use diesel_async::SimpleAsyncConnection;
use diesel_async::pooled_connection::PoolableConnection;
use tokio::time::timeout;

use crate::connection::{ConnectOptions, Connection};
use crate::connector::Connector;

/// How long an idle connection may take to answer a ping.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the answer to the end of the last transaction may take.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// Opens connections for the pool and decides which may be reused.
pub(super) struct Opener {
    pub(super) connector: Connector,
    pub(super) options: ConnectOptions,
    pub(super) recycle: Duration,
    pub(super) ping_after: Duration,
    /// When the server was last found silent. Connections that are older lead to that server, and are replaced.
    pub(super) suspect: Mutex<Option<Instant>>,
    /// A task closes spare connections.
    pub(super) is_tended: AtomicBool,
}

impl Opener {
    pub(super) fn suspect_all(&self) {
        *self.suspect.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_suspect(&self, opened: Instant) -> bool {
        self.suspect
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|since| opened < since)
    }
}

impl Manager for Opener {
    type Type = Connection;
    type Error = ConnectionError;

    async fn create(&self) -> Result<Connection, ConnectionError> {
        // Boxed: the types of futures nest, and the compiler follows them only so far.
        Box::pin(Connection::open_with(&self.connector, &self.options)).await
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<ConnectionError> {
        // Mostly it has: the rows before it were read.
        let _ = timeout(END_TIMEOUT, connection.ended()).await;
        if connection.is_broken() {
            return Err(RecycleError::message("it is closed or has unfinished work"));
        }
        if metrics.age() > self.recycle {
            return Err(RecycleError::message("it is due for replacement"));
        }
        if self.is_suspect(metrics.created) {
            return Err(RecycleError::message("its server did not answer another connection"));
        }
        // Only a query detects a peer that vanished silently. Doing that every time would cost every request a round
        // trip, so a recently used connection counts as alive.
        if metrics.last_used() > self.ping_after {
            // Boxed, since it is rare, and would make the future of every request for a connection large.
            match timeout(PING_TIMEOUT, Box::pin(connection.batch_execute(""))).await {
                Ok(answer) => {
                    answer.map_err(|error| RecycleError::Backend(ConnectionError::CouldntSetupConfiguration(error)))?
                }
                Err(_) => {
                    connection.leave_server();
                    self.suspect_all();
                    return Err(RecycleError::message("its server does not answer"));
                }
            }
        }
        Ok(())
    }
}
