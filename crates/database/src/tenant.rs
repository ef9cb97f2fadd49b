//! Transactions of a tenant, and of the system.
//!
//! These two functions on [`Pool`] are the only way from a pool to a repository function, and the only places that open
//! a transaction by hand. `BEGIN`, the role and the tenant are sent as one simple query before the first statement. A
//! read through [`reading`](Connection::reading) is sent in the same flush, so its transaction costs no round trip; any
//! other statement waits for the answer. Even if the login role is a superuser or Supabase's `postgres` with
//! `BYPASSRLS`, the statements run as a role bound by row level security.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use diesel::QueryResult;
use diesel::connection::{TransactionDepthChange, TransactionManagerStatus};
use diesel_async::{AnsiTransactionManager, TransactionManager};

use super::connection::Connection;
use super::pool::{Pool, PoolError, PooledConnection};
use crate::ids::TenantId;

/// The role that sees one tenant's rows.
const TENANT_ROLE: &str = "scrapersky_tenant";
/// The role that sees all rows.
const SYSTEM_ROLE: &str = "scrapersky_system";
/// How long the background rollback of an uncommitted transaction may take before its connection is closed.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(1);

impl Pool {
    /// Opens a transaction that sees only the rows of `tenant`, which holds at most half of the pool.
    ///
    /// # Errors
    ///
    /// As [`Pool::get`]. A failure to open the transaction is reported by its first statement.
    pub async fn tenant(&self, tenant: TenantId) -> Result<TenantConnection, PoolError> {
        let settings = format!("SET LOCAL ROLE {TENANT_ROLE}; SET LOCAL app.tenant_id = '{tenant}'");
        let transaction = Transaction::open(self.get_for(tenant).await?, &settings)?;
        Ok(TenantConnection { transaction, tenant })
    }

    /// Opens a transaction that sees the rows of every tenant: for claiming jobs and looking up credentials, never for
    /// what a request asks.
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

/// A transaction of one tenant, required by repository functions on tenants' rows.
///
/// Dropped without [`commit`](Self::commit), it is rolled back in the background.
#[derive(Debug)]
pub struct TenantConnection {
    transaction: Transaction,
    tenant: TenantId,
}

impl TenantConnection {
    /// Returns the transaction's tenant.
    #[must_use]
    pub fn tenant_id(&self) -> TenantId {
        self.tenant
    }

    /// Lets the transaction end with its `reads`-th statement, whose rows are all that is wanted: the rollback leaves in the
    /// same flush and costs no round trip. A later statement is refused.
    #[must_use]
    pub fn ending_after(self, reads: usize) -> Self {
        self.transaction.end_after(reads);
        self
    }

    /// Commits the transaction.
    ///
    /// # Errors
    ///
    /// If a statement of the transaction failed, or no answer arrives. In the first case nothing was written; in the
    /// second it is unknown.
    pub async fn commit(self) -> QueryResult<()> {
        self.transaction.commit().await
    }
}

/// A transaction across tenants, required by a few repository functions.
///
/// Dropped without [`commit`](Self::commit), it is rolled back in the background.
#[derive(Debug)]
pub struct SystemConnection {
    transaction: Transaction,
}

impl SystemConnection {
    /// Commits the transaction.
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
    /// Taken by `commit` and by `drop`.
    connection: Option<PooledConnection>,
}

impl Transaction {
    fn open(mut connection: PooledConnection, settings: &str) -> Result<Self, PoolError> {
        let opened = connection.send_ahead(settings).and_then(|()| {
            // Diesel's own `transaction()` must nest on this connection: at depth 0 its COMMIT would end this
            // transaction, and with it the role and the tenant.
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
            // On failure the connection stays in place, and `drop` rolls back.
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

/// Marks the transaction and its savepoints as ended for Diesel.
fn end(connection: &mut PooledConnection) {
    *AnsiTransactionManager::transaction_manager_status_mut(&mut **connection) = TransactionManagerStatus::default();
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        if connection.withdraw_ahead() || connection.is_ending() {
            end(&mut connection);
            return;
        }
        // Requests that answer 404 or only read end here too: they must not wait for a round trip or cost the pool a
        // connection.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                // The tenant's next request may arrive before the answer to the rollback.
                connection.leave_share();
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

/// Repository functions run their statements on the connection.
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

/// Repository functions run their statements on the connection.
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
