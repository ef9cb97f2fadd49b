//! Transactions of one tenant, and of the system.
//!
//! These two functions on [`Pool`] are the only way from a pool to a repository function, and the
//! only places that open a transaction by hand. `BEGIN`, the role and the tenant travel in one
//! simple query in front of the first statement. A read through [`reading`](Connection::reading) leaves in
//! the same flush, and its transaction costs no round trip; any other statement waits for the answer. Whoever is connected, a superuser or Supabase's `postgres` with its `BYPASSRLS`,
//! the statements run as a role that row level security binds.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use diesel::QueryResult;
use diesel::connection::{TransactionDepthChange, TransactionManagerStatus};
use diesel_async::{AnsiTransactionManager, TransactionManager};

use super::connection::Connection;
use super::pool::{Pool, PoolError, PooledConnection};
use crate::ids::TenantId;

/// The role that sees the rows of one tenant.
const TENANT_ROLE: &str = "scrapersky_tenant";
/// The role that sees all rows.
const SYSTEM_ROLE: &str = "scrapersky_system";
/// How long a transaction that nobody committed may take to be rolled back in the background,
/// before its connection is closed instead.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(1);

impl Pool {
    /// Opens a transaction in which only the rows of `tenant` exist.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`]. That the transaction cannot be opened is the error of its first statement.
    pub async fn tenant(&self, tenant: TenantId) -> Result<TenantConnection, PoolError> {
        let settings = format!("SET LOCAL ROLE {TENANT_ROLE}; SET LOCAL app.tenant_id = '{tenant}'");
        let transaction = Transaction::open(self.get().await?, &settings)?;
        Ok(TenantConnection { transaction, tenant })
    }

    /// Opens a transaction that sees the rows of every tenant: for claiming jobs and looking up
    /// credentials, never for what a request asks.
    ///
    /// # Errors
    ///
    /// As [`Pool::tenant`].
    pub async fn system(&self) -> Result<SystemConnection, PoolError> {
        let settings = format!("SET LOCAL ROLE {SYSTEM_ROLE}; SET LOCAL app.tenant_id = ''");
        let transaction = Transaction::open(self.get().await?, &settings)?;
        Ok(SystemConnection { transaction })
    }
}

/// A transaction of one tenant: what repository functions on tenants' rows take.
///
/// Dropped without [`commit`](Self::commit) it is rolled back, in the background.
#[derive(Debug)]
pub struct TenantConnection {
    transaction: Transaction,
    tenant: TenantId,
}

impl TenantConnection {
    /// Returns whose transaction it is.
    #[must_use]
    pub fn tenant_id(&self) -> TenantId {
        self.tenant
    }

    /// Makes what was written permanent.
    ///
    /// # Errors
    ///
    /// When a statement of the transaction had failed or the answer does not come. Nothing was
    /// written in the first case; in the second nobody knows.
    pub async fn commit(self) -> QueryResult<()> {
        self.transaction.commit().await
    }
}

/// A transaction of the system, across tenants: what a few repository functions take.
///
/// Dropped without [`commit`](Self::commit) it is rolled back, in the background.
#[derive(Debug)]
pub struct SystemConnection {
    transaction: Transaction,
}

impl SystemConnection {
    /// Makes what was written permanent.
    ///
    /// # Errors
    ///
    /// As [`TenantConnection::commit`].
    pub async fn commit(self) -> QueryResult<()> {
        self.transaction.commit().await
    }
}

/// An open transaction on a connection of the pool.
#[derive(Debug)]
struct Transaction {
    /// Taken out by `commit` and by the drop.
    connection: Option<PooledConnection>,
}

impl Transaction {
    fn open(mut connection: PooledConnection, settings: &str) -> Result<Self, PoolError> {
        let opened = connection.send_ahead(settings).and_then(|()| {
            // Diesel's own `transaction()` on this connection has to nest: at depth 0 its COMMIT
            // would end ours, and with it the role and the tenant.
            match AnsiTransactionManager::transaction_manager_status_mut(&mut *connection) {
                TransactionManagerStatus::Valid(status) => {
                    status.change_transaction_depth(TransactionDepthChange::IncreaseDepth)
                }
                TransactionManagerStatus::InError => Err(diesel::result::Error::BrokenTransactionManager),
            }
        });
        match opened {
            Ok(()) => Ok(Self {
                connection: Some(connection),
            }),
            Err(source) => {
                connection.discard();
                Err(PoolError::Connect {
                    source: diesel::ConnectionError::CouldntSetupConfiguration(source),
                })
            }
        }
    }

    async fn commit(mut self) -> QueryResult<()> {
        if !self.withdraw_ahead() {
            // A failure leaves the connection in place, for the drop to roll back.
            Connection::commit(&self).await?;
        }
        if let Some(mut connection) = self.connection.take() {
            end(&mut connection);
        }
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Connection;

    #[expect(
        clippy::expect_used,
        reason = "only `commit` and the drop take it, and both own the transaction"
    )]
    fn deref(&self) -> &Connection {
        self.connection
            .as_deref()
            .expect("a transaction in use has its connection")
    }
}

impl DerefMut for Transaction {
    #[expect(clippy::expect_used, reason = "as above")]
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection
            .as_deref_mut()
            .expect("a transaction in use has its connection")
    }
}

/// Lets Diesel know that the transaction is over, savepoints and all.
fn end(connection: &mut PooledConnection) {
    *AnsiTransactionManager::transaction_manager_status_mut(&mut **connection) = TransactionManagerStatus::default();
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        if connection.withdraw_ahead() {
            end(&mut connection);
            return;
        }
        // A request that answers 404 or only reads ends here as well: it must neither wait for a
        // round trip nor cost the pool a connection.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(async move {
                    let rollback = tokio::time::timeout(ROLLBACK_TIMEOUT, connection.rollback()).await;
                    match rollback {
                        Ok(Ok(())) => end(&mut connection),
                        Ok(Err(_)) | Err(_) => connection.discard(),
                    }
                });
            }
            Err(_) => connection.discard(),
        }
    }
}

/// Repository functions run their statements through this.
impl Deref for TenantConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.transaction
    }
}

impl DerefMut for TenantConnection {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.transaction
    }
}

/// Repository functions run their statements through this.
impl Deref for SystemConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.transaction
    }
}

impl DerefMut for SystemConnection {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.transaction
    }
}
