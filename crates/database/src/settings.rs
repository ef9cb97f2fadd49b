//! Settings of the pool and its sessions.

use std::time::Duration;

/// Settings of the connection pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// The number of connections that stay open when idle.
    pub base: usize,
    /// The number of additional connections under load.
    pub overflow: usize,
    /// How long a caller waits for a connection.
    pub wait: Duration,
    /// How many callers may wait at once, half of them of one tenant; `None` means four per connection.
    pub queue: Option<usize>,
    /// The age at which a connection is replaced.
    pub recycle: Duration,
    /// How long a connection may be idle without being checked before its next use.
    pub ping_after: Duration,
    /// The time limits of each session.
    pub limits: SessionLimits,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            base: 5,
            overflow: 10,
            wait: Duration::from_secs(30),
            queue: None,
            recycle: Duration::from_secs(30 * 60),
            ping_after: Duration::from_secs(5),
            limits: SessionLimits::default(),
        }
    }
}

/// Time limits that the server enforces; zero means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// How long a statement may run.
    pub statement: Duration,
    /// How long a transaction may stay idle.
    pub idle_in_transaction: Duration,
    /// How long a statement may wait for a lock.
    pub lock: Duration,
}

impl SessionLimits {
    /// Returns no limits: the server's and the role's own settings apply.
    #[must_use]
    pub fn none() -> Self {
        Self {
            statement: Duration::ZERO,
            idle_in_transaction: Duration::ZERO,
            lock: Duration::ZERO,
        }
    }

    /// Returns how long an answer may take: the limit of a statement, after which the server sends an error, and a little
    /// more. A server that says nothing for so long is frozen or out of reach. `None` without a limit.
    pub(crate) fn answer_timeout(&self) -> Option<Duration> {
        const GRACE: Duration = Duration::from_secs(2);
        (!self.statement.is_zero()).then(|| self.statement.saturating_add(GRACE))
    }

    /// Returns the non-zero limits as PostgreSQL settings in milliseconds.
    pub fn settings(&self) -> Vec<(&'static str, u128)> {
        [
            ("statement_timeout", self.statement),
            ("idle_in_transaction_session_timeout", self.idle_in_transaction),
            ("lock_timeout", self.lock),
        ]
        .into_iter()
        .filter(|(_, limit)| !limit.is_zero())
        .map(|(name, limit)| (name, limit.as_millis()))
        .collect()
    }
}

impl Default for SessionLimits {
    /// 30 s per statement, 60 s idle in a transaction, 10 s for a lock: by then the client has given up, while the
    /// request still holds its locks.
    fn default() -> Self {
        Self {
            statement: Duration::from_secs(30),
            idle_in_transaction: Duration::from_secs(60),
            lock: Duration::from_secs(10),
        }
    }
}
