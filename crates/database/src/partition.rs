//! Divides the tables of facts into partitions by tenant, for who stays on one machine with many tenants.
//!
//! PostgreSQL puts each row into one of several tables by the hash of its `tenant_id`. The program does not notice: tables keep
//! their names, and every statement names a tenant. Statements of one tenant look at one partition, whose indexes are smaller;
//! and each partition is vacuumed on its own.

use diesel_async::{AsyncConnection, SimpleAsyncConnection};

use crate::connection::Connection;
use crate::migrate::{self, MigrateError, sentence};
use crate::repo::partitions::{self, PartitionedTable};
use crate::url::DatabaseUrl;

/// Maximum number of partitions of a table: planning looks at each where a statement does not say the tenant.
pub const MAX_PARTITIONS: u16 = 256;

/// Why tables were not divided.
#[derive(Debug, thiserror::Error)]
pub enum PartitionError {
    /// There is no connection, or no lock against migrations.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The catalogue cannot be read.
    #[error("cannot read the catalogue: {0}")]
    Catalogue(String),
    /// The transaction did not begin, or was not committed.
    #[error("the database did not begin or end the transaction: {0}")]
    Transaction(#[from] diesel::result::Error),
    /// A statement failed; nothing was changed.
    #[error("nothing was changed, since `{statement}` failed: {reason}")]
    Failed {
        /// The statement.
        statement: String,
        /// PostgreSQL's message.
        reason: String,
    },
}

/// Returns the statements that [`run`] would execute, in one transaction; none if every table of facts is in partitions.
///
/// # Errors
///
/// [`PartitionError::Migrate`], [`PartitionError::Catalogue`].
pub async fn plan(url: &DatabaseUrl, partitions: u16) -> Result<Vec<String>, PartitionError> {
    let mut conn = migrate::connect(url).await?;
    steps(&mut conn, partitions).await
}

/// Divides every table of facts that is still whole, in one transaction, and calls `done` after each statement. Returns how many
/// statements there were. Meanwhile nobody reads or writes these tables.
///
/// # Errors
///
/// [`PartitionError`].
pub async fn run(
    url: &DatabaseUrl,
    partitions: u16,
    mut done: impl FnMut(&str) + Send,
) -> Result<usize, PartitionError> {
    let mut conn = migrate::connect(url).await?;
    migrate::lock(&mut conn).await?;
    let steps = steps(&mut conn, partitions).await?;
    if steps.is_empty() {
        return Ok(0);
    }
    conn.transaction(async |conn| {
        for statement in &steps {
            let executed = conn.batch_execute(statement).await;
            executed.map_err(|error| PartitionError::Failed {
                statement: statement.clone(),
                reason: sentence(&error),
            })?;
            done(statement);
        }
        Ok::<_, PartitionError>(())
    })
    .await?;
    Ok(steps.len())
}

/// Lists the tables in partitions.
///
/// # Errors
///
/// [`PartitionError::Migrate`], [`PartitionError::Catalogue`].
pub async fn status(url: &DatabaseUrl) -> Result<Vec<PartitionedTable>, PartitionError> {
    let mut conn = migrate::connect(url).await?;
    let tables = partitions::list(&mut conn).await;
    tables.map_err(|error| PartitionError::Catalogue(sentence(&error)))
}

async fn steps(conn: &mut Connection, partitions: u16) -> Result<Vec<String>, PartitionError> {
    let steps = partitions::list_steps(conn, partitions).await;
    steps.map_err(|error| PartitionError::Catalogue(sentence(&error)))
}
