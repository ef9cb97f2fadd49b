//! One moment of the whole database, for a backup.

use diesel::{ConnectionError, QueryResult};
use diesel_async::SimpleAsyncConnection;

use crate::connection::Connection;
use crate::repo::backups::{self, StoredTable, TableDigest};
use crate::repo::safeguards;
use crate::url::DatabaseUrl;

/// The settings of the transaction: whoever is connected, a statement whose rows would be hidden fails.
const SETTINGS: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = 0; \
                        SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL row_security = off";

/// Reads as the system's role, whose policies let it see every tenant's rows.
const AS_SYSTEM: &str = "SET LOCAL ROLE scrapersky_system; SET LOCAL row_security = on";

/// Why a backup cannot see all rows.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The database cannot be reached.
    #[error("the database cannot be reached: {0}")]
    Connect(#[from] ConnectionError),
    /// The database was not migrated by this program.
    #[error("the database {0} has no schema of this program, or an older one: run `scrapersky migrate up`")]
    NotMigrated(DatabaseUrl),
    /// Row level security hides rows from this user, and from the system's role.
    #[error(
        "row level security hides rows of {}, and not even the role scrapersky_system sees all of them: \
         run `scrapersky migrate up`, or connect as a superuser", .0.join(", ")
    )]
    Hidden(Vec<String>),
    /// A query failed.
    #[error("the database cannot be read: {0}")]
    Query(#[from] diesel::result::Error),
}

/// A transaction that sees one moment, and keeps every table in place until it is dropped.
#[derive(Debug)]
pub struct Snapshot {
    /// The name by which other sessions enter it.
    pub name: String,
    /// Every table.
    pub tables: Vec<StoredTable>,
    /// The number and digest of each table's rows.
    pub digests: Vec<TableDigest>,
    /// Other roles that grants and policies name.
    pub roles: Vec<String>,
    _conn: Connection,
}

impl Snapshot {
    /// Opens a snapshot and counts its rows.
    ///
    /// Tables are FORCE ROW LEVEL SECURITY, so that an owner without BYPASSRLS does not see their rows. Those tables are read
    /// as `scrapersky_system`; nothing is changed for that, and nobody else sees more.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`].
    pub async fn open(url: &DatabaseUrl) -> Result<Self, SnapshotError> {
        let mut conn = Connection::connect(url).await?;
        if !safeguards::is_migrated(&mut conn).await? {
            return Err(SnapshotError::NotMigrated(url.clone()));
        }
        conn.send_ahead(SETTINGS)?;
        let name = backups::export_snapshot(&mut conn).await?;
        let tables = backups::list_tables(&mut conn).await?;
        let unseen = tables
            .iter()
            .filter(|table| table.is_hidden && !table.is_open_to_system);
        let unseen: Vec<_> = unseen.map(|table| table.name.clone()).collect();
        if !unseen.is_empty() {
            return Err(SnapshotError::Hidden(unseen));
        }
        let roles = backups::list_roles(&mut conn).await?;
        let digests = digests(&mut conn, &tables).await?;
        Ok(Self {
            name,
            tables,
            digests,
            roles,
            _conn: conn,
        })
    }
}

async fn digests(conn: &mut Connection, tables: &[StoredTable]) -> QueryResult<Vec<TableDigest>> {
    let named = |hidden: bool| -> Vec<String> {
        let tables = tables.iter().filter(|table| table.is_hidden == hidden);
        tables.map(|table| table.name.clone()).collect()
    };
    let mut digests = backups::list_digests(conn, &named(false)).await?;
    let hidden = named(true);
    // The role may be missing where nothing is hidden.
    if !hidden.is_empty() {
        conn.batch_execute(AS_SYSTEM).await?;
        digests.extend(backups::list_digests(conn, &hidden).await?);
    }
    Ok(digests)
}
