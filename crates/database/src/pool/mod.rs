//! The connection pool and its limits.
//!
//! The numbers mean what they mean in SQLAlchemy's `QueuePool`: `base` connections stay open, up to `overflow` more are
//! opened under load and closed when nobody needed them for a few seconds, a caller waits at most `wait` for one, and a
//! connection older than `recycle` is replaced before its next use.

mod opener;
mod sweep;

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{Object, QueueMode, TimeoutType, Timeouts};
use diesel::ConnectionError;
use diesel_async::{AnsiTransactionManager, TransactionManager};
use prometheus_client::metrics::histogram::Histogram;
use tokio::sync::OwnedSemaphorePermit;

use self::opener::Opener;
use self::sweep::Sweep;
use super::admission::{Admission, Refusal};
use super::connection::{ConnectOptions, Connection, is_crowded, is_read_only};
use super::connector::Connector;
use super::tls::TlsError;
use crate::ids::TenantId;
use crate::settings::PoolConfig;
use crate::url::DatabaseUrl;

/// The number of callers that may wait for each connection of a pool, by default.
const QUEUE: usize = 4;
/// The upper bounds of the classes of waits, in seconds.
const WAITS: [f64; 9] = [0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];

/// Why no connection is available.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// All connections stayed in use for as long as a caller may wait.
    #[error("no database connection became free within {} s (all {max} are in use)", .waited.as_secs_f32())]
    Timeout {
        /// How long the caller waited.
        waited: Duration,
        /// The size limit of the pool.
        max: usize,
    },
    /// Too many callers wait for a connection.
    #[error("all database connections are in use, and {waiting} callers wait for one")]
    Busy {
        /// The number of callers that may wait.
        waiting: usize,
    },
    /// The database cannot be reached, or refuses.
    #[error("the database cannot be reached: {source}")]
    Connect {
        /// The cause.
        #[source]
        source: ConnectionError,
    },
    /// The pool was closed; the program is stopping.
    #[error("the connection pool is closed")]
    Closed,
    /// The pool cannot be built from this configuration.
    #[error("the connection pool cannot be set up: {0}")]
    Config(String),
}

impl PoolError {
    /// Returns whether no server accepts writes: those that answer are standbys or otherwise read-only.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        matches!(self, Self::Connect { source } if is_read_only(source))
    }
}

impl From<TlsError> for PoolError {
    fn from(error: TlsError) -> Self {
        Self::Config(error.to_string())
    }
}

/// A snapshot of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// Connections that are open or being opened.
    pub size: usize,
    /// Open connections that are not in use.
    pub idle: usize,
    /// Connections in use.
    pub in_use: usize,
    /// Callers waiting for a connection.
    pub waiting: usize,
    /// The maximum number of connections.
    pub max: usize,
}

/// A pool of [`Connection`]s; clones share it.
#[derive(Clone)]
pub struct Pool {
    inner: deadpool::managed::Pool<Opener>,
    admission: Arc<Admission>,
    base: usize,
    wait: Duration,
    waits: Histogram,
}

impl Pool {
    /// Creates a pool on `url`, without connecting yet.
    ///
    /// # Errors
    ///
    /// [`PoolError::Config`] if the URL's TLS settings are unusable or the pool would have no connections.
    pub fn new(url: &DatabaseUrl, config: &PoolConfig) -> Result<Self, PoolError> {
        let max = config.base + config.overflow;
        if max == 0 {
            return Err(PoolError::Config("it would have no connections".to_owned()));
        }
        let mut options = ConnectOptions::new(url.clone());
        options.limits = config.limits;
        let opener = Opener {
            connector: Connector::new(url)?,
            options,
            recycle: config.recycle,
            ping_after: config.ping_after,
            suspect: Mutex::default(),
            is_tended: AtomicBool::new(false),
        };
        let longest = opener.connector.longest();
        let inner = deadpool::managed::Pool::builder(opener)
            .max_size(max)
            // The last used connection is the most likely to be alive, and the others can expire.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(config.wait),
                create: Some(longest),
                recycle: None,
            })
            .build()
            .map_err(|error| PoolError::Config(error.to_string()))?;
        Ok(Self {
            inner,
            admission: Arc::new(Admission::new(max, config.queue.unwrap_or(max * QUEUE))),
            base: config.base,
            wait: config.wait,
            waits: Histogram::new(WAITS),
        })
    }

    /// Returns a pool of one connection to the same database: for checks that must not wait behind other callers.
    ///
    /// # Errors
    ///
    /// As [`Pool::new`].
    pub fn of_one(&self) -> Result<Self, PoolError> {
        let opener = self.inner.manager();
        let config = PoolConfig {
            base: 1,
            overflow: 0,
            recycle: opener.recycle,
            ping_after: opener.ping_after,
            wait: self.wait,
            queue: None,
            limits: opener.options.limits,
        };
        Self::new(&opener.options.url, &config)
    }

    /// Takes a connection, waiting for one if all are in use.
    ///
    /// # Errors
    ///
    /// [`PoolError::Timeout`], [`PoolError::Busy`], [`PoolError::Connect`] or [`PoolError::Closed`].
    pub async fn get(&self) -> Result<PooledConnection, PoolError> {
        let begun = Instant::now();
        let _place = self.admission.enter().map_err(|refusal| self.refused(refusal))?;
        self.waited(begun, self.take().await)
    }

    /// Takes a connection for a tenant, which holds at most half of the pool.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`].
    pub(crate) async fn get_for(&self, tenant: TenantId) -> Result<PooledConnection, PoolError> {
        let begun = Instant::now();
        self.waited(begun, self.take_for(tenant, begun).await)
    }

    async fn take_for(&self, tenant: TenantId, begun: Instant) -> Result<PooledConnection, PoolError> {
        let slot = self.admission.share(tenant, self.wait).await;
        let slot = slot.map_err(|refusal| self.refused(refusal))?;
        let _place = self.admission.enter().map_err(|refusal| self.refused(refusal))?;
        let late = || PoolError::Timeout {
            waited: self.wait,
            max: self.inner.status().max_size,
        };
        // A timeout of zero still takes a free connection.
        let left = self.wait.saturating_sub(begun.elapsed());
        let mut connection = match tokio::time::timeout(left, self.take()).await {
            Ok(taken) => taken?,
            Err(_) => return Err(late()),
        };
        connection.slot = Some(slot);
        Ok(connection)
    }

    /// Notes how long a caller waited, unless it was turned away at once.
    fn waited(
        &self,
        begun: Instant,
        taken: Result<PooledConnection, PoolError>,
    ) -> Result<PooledConnection, PoolError> {
        if !matches!(taken, Err(PoolError::Busy { .. } | PoolError::Closed)) {
            self.waits.observe(begun.elapsed().as_secs_f64());
        }
        taken
    }

    /// Returns how long callers waited for a connection, in seconds.
    #[must_use]
    pub fn waits(&self) -> &Histogram {
        &self.waits
    }

    fn refused(&self, refusal: Refusal) -> PoolError {
        match refusal {
            Refusal::Full { waiting } => PoolError::Busy { waiting },
            Refusal::Late { share } => PoolError::Timeout {
                waited: self.wait,
                max: share,
            },
        }
    }

    /// Takes a connection. If the server has none left for this pool, waits for one that the pool has already.
    async fn take(&self) -> Result<PooledConnection, PoolError> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            match self.take_once().await {
                Err(PoolError::Connect { source })
                    if is_crowded(&source) && self.status().size > 0 && begun.elapsed() + pause < self.wait =>
                {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(500));
                }
                result => return result,
            }
        }
    }

    async fn take_once(&self) -> Result<PooledConnection, PoolError> {
        use deadpool::managed::PoolError as Refused;
        match self.inner.get().await {
            Ok(object) => {
                let sweep = Sweep {
                    pool: self.inner.weak(),
                    base: self.base,
                    condemned: false,
                    is_silent: false,
                };
                Ok(PooledConnection {
                    object,
                    sweep,
                    slot: None,
                })
            }
            Err(Refused::Timeout(TimeoutType::Wait)) => Err(PoolError::Timeout {
                waited: self.wait,
                max: self.inner.status().max_size,
            }),
            Err(Refused::Timeout(TimeoutType::Create | TimeoutType::Recycle)) => Err(PoolError::Connect {
                source: ConnectionError::BadConnection(format!(
                    "the server did not answer within {} s",
                    self.inner.manager().connector.longest().as_secs()
                )),
            }),
            Err(Refused::Backend(source)) => Err(PoolError::Connect { source }),
            Err(Refused::Closed) => Err(PoolError::Closed),
            Err(refused @ (Refused::NoRuntimeSpecified | Refused::PostCreateHook(_))) => {
                Err(PoolError::Config(refused.to_string()))
            }
        }
    }

    /// Closes the pool: idle connections at once, others when they are returned.
    pub fn close(&self) {
        self.inner.close();
    }

    /// Returns the pool's current numbers.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let status = self.inner.status();
        PoolStatus {
            size: status.size,
            idle: status.available,
            in_use: status.size.saturating_sub(status.available),
            waiting: status.waiting,
            max: status.max_size,
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.status()).finish()
    }
}

/// A connection borrowed from a [`Pool`], returned on drop.
///
/// It is returned only if it is clean: with an unread answer or an open transaction it is closed.
pub struct PooledConnection {
    // The order matters: the object is returned to the pool first, then the sweep inspects the pool.
    object: Object<Opener>,
    sweep: Sweep,
    /// The tenant's, given back last.
    slot: Option<OwnedSemaphorePermit>,
}

impl PooledConnection {
    /// Counts the connection no longer as the tenant's: nothing is done with it any more but to roll back.
    pub(crate) fn leave_share(&mut self) {
        self.slot = None;
    }

    /// Closes the connection instead of returning it.
    pub fn discard(self) {
        self.object.condemn();
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        if self.object.is_silent() {
            self.object.leave_server();
            self.sweep.is_silent = true;
        }
        let open_transaction = AnsiTransactionManager::is_broken_transaction_manager(&mut *self.object);
        if std::thread::panicking() || open_transaction || !self.object.is_worth_keeping() {
            self.object.condemn();
            self.sweep.condemned = true;
        }
    }
}

impl Deref for PooledConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.object
    }
}

impl DerefMut for PooledConnection {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.object
    }
}

impl fmt::Debug for PooledConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PooledConnection").field(&**self).finish()
    }
}
