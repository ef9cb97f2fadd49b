//! Runs the built-in migrations under a lock.
//!
//! The folder `migrations/` is part of the program. Applied migrations are recorded in `__diesel_schema_migrations`, as
//! the Diesel CLI does, so that either can continue after the other. Each migration is one transaction: if one fails,
//! earlier ones stay applied and the failed one changes nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::InstrumentationEvent;
use diesel::dsl::sql;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::OptionalExtension;
use diesel::sql_types::{Bool, Integer, Text};
use diesel::{ConnectionError, QueryResult, QueryableByName};
use diesel_async::{AsyncConnection, AsyncMigrationHarness, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::Connection;
use crate::repo::{diagnostics, safeguards};
use crate::url::DatabaseUrl;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// The advisory lock held during migrations and restores: "scrapers" in ASCII.
pub const LOCK_KEY: i64 = 0x7363_7261_7065_7273;
/// How long one attempt at the lock waits before the wait is logged.
const LOCK_ATTEMPT: Duration = Duration::from_secs(3);
/// How much longer the server's answer may take before the connection counts as lost.
const LOCK_GRACE: Duration = Duration::from_secs(15);

type Harness = AsyncMigrationHarness<Connection>;

/// Why migrations did not complete.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The URL leads through a pooler, through which no lock can be held.
    #[error("migrations need a direct connection, and {0} leads through a pooler: set DATABASE_DIRECT_URL")]
    Pooler(DatabaseUrl),
    /// The database cannot be reached.
    #[error("cannot connect for migrations: {0}")]
    Connect(#[from] ConnectionError),
    /// The database's encoding cannot hold every text.
    #[error(
        "the database {database} has the encoding {encoding}, which cannot hold every text: \
         create one with `CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8'`"
    )]
    Encoding {
        /// The database.
        database: Box<DatabaseUrl>,
        /// Its encoding.
        encoding: String,
    },
    /// The connection was lost while another process held the lock.
    #[error("lost the connection while waiting for another process to finish migrating: {0}")]
    Waiting(String),
    /// The list of applied migrations cannot be read.
    #[error("cannot read which migrations have been applied: {0}")]
    State(String),
    /// This program does not know the migration to revert.
    #[error("cannot revert migration {0}: this program does not know it (a newer one applied it, and can revert it)")]
    Unknown(String),
    /// A migration failed and was rolled back.
    #[error("migration {name} failed{}: {reason}", if *.reverting { " to revert" } else { "" })]
    Failed {
        /// The folder's name.
        name: String,
        /// Whether it was being reverted.
        reverting: bool,
        /// PostgreSQL's message, with its DETAIL and HINT.
        reason: String,
    },
    /// What isolates tenants cannot be read or put right.
    #[error("cannot put right what isolates tenants: {0}")]
    Repair(String),
    /// The migration thread panicked.
    #[error("the migration stopped unexpectedly: {0}")]
    Panicked(#[from] tokio::task::JoinError),
}

/// How many migrations to revert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revert {
    /// The last `n` migrations.
    Last(usize),
    /// Every migration.
    All,
}

/// A migration and its state in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The folder's name, or only the version if this program does not know it.
    pub name: String,
    /// Whether it has been applied.
    pub applied: bool,
    /// Whether this program knows it.
    pub known: bool,
}

/// How the database's schema compares with this program's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// Both are the same.
    Current,
    /// The database lacks migrations.
    Older {
        /// Their names, in order.
        pending: Vec<String>,
    },
    /// The database has migrations that this program does not know.
    Newer {
        /// Their versions, in order.
        unknown: Vec<String>,
        /// The names of migrations that it lacks as well, in order.
        pending: Vec<String>,
    },
}

impl SchemaState {
    /// Returns why a server should not start on this schema and which command helps, or `None` if it may start.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        match self {
            Self::Current => None,
            Self::Older { pending } => Some(format!(
                "the database lacks {}: run `scrapersky migrate up`",
                list("migration", pending)
            )),
            Self::Newer { unknown, pending } if pending.is_empty() => Some(format!(
                "the database is newer than this program, which does not know {}: start the newer program, \
                 or run `scrapersky migrate down` with it first",
                list("migration", unknown)
            )),
            Self::Newer { unknown, pending } => Some(format!(
                "the database was migrated by another version of this program, which does not know {} \
                 and lacks {} there: run `scrapersky migrate status` with both versions",
                list("migration", unknown),
                list("migration", pending)
            )),
        }
    }
}

fn list(noun: &str, names: &[String]) -> String {
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("{} {noun}{plural} ({})", names.len(), names.join(", "))
}

/// Applies all missing migrations and returns their names.
///
/// Several processes may call this at once: one migrates, the others wait for it and find nothing left to do. An
/// up-to-date database is left alone without waiting.
///
/// If the returned future is dropped, a migration in progress still completes.
///
/// # Errors
///
/// [`MigrateError`] for the first migration that fails; earlier ones stay applied.
pub async fn up(url: &DatabaseUrl) -> Result<Vec<String>, MigrateError> {
    let mut conn = connect(url).await?;
    if pending(&status(&mut conn).await?).next().is_none() {
        return Ok(Vec::new());
    }
    run_locked(conn, |harness, reason| {
        let pending = harness
            .pending_migrations(MIGRATIONS)
            .map_err(|error| MigrateError::State(reason.or(&*error)))?;
        run_each(&pending, false, reason, |migration| {
            harness.run_migration(migration).map(drop)
        })
    })
    .await
}

/// Reverts applied migrations, the last one first, and returns their names.
///
/// # Errors
///
/// [`MigrateError`] for the first migration that fails or is unknown; earlier ones stay reverted.
pub async fn down(url: &DatabaseUrl, revert: Revert) -> Result<Vec<String>, MigrateError> {
    run_locked(connect(url).await?, move |harness, reason| {
        let applied = harness
            .applied_migrations()
            .map_err(|error| MigrateError::State(reason.or(&*error)))?;
        let count = match revert {
            Revert::Last(count) => count,
            Revert::All => applied.len(),
        };
        let mut known = known_migrations()?;
        let doomed = applied
            .iter()
            .take(count)
            .map(|version| {
                let place = known.iter().position(|m| m.name().version() == *version);
                place
                    .map(|place| known.swap_remove(place))
                    .ok_or_else(|| MigrateError::Unknown(version.to_string()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        run_each(&doomed, true, reason, |migration| {
            harness.revert_migration(migration).map(drop)
        })
    })
    .await
}

/// Makes what isolates tenants where it was lost, and returns what that was.
///
/// A dump that is restored by hand may lack roles, flags, policies and grants. A database that has all of them, or was never
/// migrated, is left alone.
///
/// # Errors
///
/// [`MigrateError::Repair`] if the user may not make them; nothing is changed then.
pub async fn repair(url: &DatabaseUrl) -> Result<Vec<String>, MigrateError> {
    let failed = |error: diesel::result::Error| MigrateError::Repair(sentence(&error));
    let mut conn = connect(url).await?;
    let safeguards = safeguards::list(&mut conn).await.map_err(failed)?;
    if safeguards.iter().all(|safeguard| safeguard.holds) {
        return Ok(Vec::new());
    }
    lock(&mut conn).await?;
    safeguards::secure(&mut conn).await.map_err(failed)
}

/// Lists the migrations of this program and of the database, in order.
///
/// It only reads, and works on any connection, including through a pooler.
///
/// # Errors
///
/// [`MigrateError::State`] when the table of applied migrations cannot be read.
pub async fn status(conn: &mut Connection) -> Result<Vec<MigrationStatus>, MigrateError> {
    let mut applied = applied_versions(conn)
        .await
        .map_err(|error| MigrateError::State(sentence(&error)))?;
    let mut all = Vec::new();
    for migration in known_migrations()? {
        let version = migration.name().version().to_string();
        let place = applied.iter().position(|known| *known == version);
        all.push((version, migration.name().to_string(), place.is_some(), true));
        if let Some(place) = place {
            applied.swap_remove(place);
        }
    }
    all.extend(
        applied
            .into_iter()
            .map(|version| (version.clone(), version, true, false)),
    );
    all.sort();
    Ok(all
        .into_iter()
        .map(|(_, name, applied, known)| MigrationStatus { name, applied, known })
        .collect())
}

/// Compares the database's schema with this program's.
///
/// It only reads, and works on any connection, including through a pooler.
///
/// # Errors
///
/// As [`status`].
pub async fn check(conn: &mut Connection) -> Result<SchemaState, MigrateError> {
    let status = status(conn).await?;
    let pending: Vec<_> = pending(&status).map(|m| m.name.clone()).collect();
    let unknown: Vec<_> = status.iter().filter(|m| !m.known).map(|m| m.name.clone()).collect();
    Ok(match (unknown.is_empty(), pending.is_empty()) {
        (true, true) => SchemaState::Current,
        (true, false) => SchemaState::Older { pending },
        (false, _) => SchemaState::Newer { unknown, pending },
    })
}

fn pending(status: &[MigrationStatus]) -> impl Iterator<Item = &MigrationStatus> {
    status.iter().filter(|migration| !migration.applied)
}

fn known_migrations() -> Result<Vec<Box<dyn Migration<Pg>>>, MigrateError> {
    MIGRATIONS
        .migrations()
        .map_err(|error| MigrateError::State(error.to_string()))
}

async fn applied_versions(conn: &mut Connection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let exists = sql::<Bool>("to_regclass('__diesel_schema_migrations') IS NOT NULL");
    if !diesel::select(exists).get_result::<bool>(conn).await? {
        return Ok(Vec::new());
    }
    let versions: Vec<Version> = diesel::sql_query("SELECT version FROM __diesel_schema_migrations ORDER BY version")
        .load(conn)
        .await?;
    Ok(versions.into_iter().map(|row| row.version).collect())
}

pub(crate) async fn connect(url: &DatabaseUrl) -> Result<Connection, MigrateError> {
    if url.is_pooler() {
        return Err(MigrateError::Pooler(url.clone()));
    }
    let mut conn = Connection::connect(url).await?;
    if !conn.keeps_session() {
        return Err(MigrateError::Pooler(url.clone()));
    }
    let session = diagnostics::session(&mut conn).await;
    let encoding = session.map_err(|error| MigrateError::State(sentence(&error)))?.encoding;
    if encoding != diagnostics::ENCODING {
        let database = Box::new(url.clone());
        return Err(MigrateError::Encoding { database, encoding });
    }
    Ok(conn)
}

/// Runs `work` on its own thread, holding the lock until the connection is closed.
async fn run_locked(
    mut conn: Connection,
    work: impl FnOnce(&mut Harness, &Reason) -> Result<Vec<String>, MigrateError> + Send + 'static,
) -> Result<Vec<String>, MigrateError> {
    lock(&mut conn).await?;
    let reason = Reason::default();
    reason.watch(&mut conn);
    tokio::task::spawn_blocking(move || work(&mut AsyncMigrationHarness::new(conn), &reason)).await?
}

/// Waits for the lock and logs which process holds it.
pub(crate) async fn lock(conn: &mut Connection) -> Result<(), MigrateError> {
    let begun = Instant::now();
    // Migrations may exceed the usual statement timeout, and must fail if a policy would hide rows from them.
    let settings = format!(
        "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET row_security = off; SET lock_timeout = {}",
        LOCK_ATTEMPT.as_millis()
    );
    while let Some(holder) = attempt_lock(conn, &settings).await? {
        log::info!(
            "waiting for migrations in server process {holder}, {} s so far",
            begun.elapsed().as_secs()
        );
    }
    // The migrations themselves use the operator's settings for the user or database.
    conn.batch_execute("RESET lock_timeout")
        .await
        .map_err(|error| MigrateError::Waiting(sentence(&error)))
}

/// Returns `None` if this session got the lock, or else the server process that holds it (0 if it was just released).
async fn attempt_lock(conn: &mut Connection, settings: &str) -> Result<Option<i32>, MigrateError> {
    #[derive(QueryableByName)]
    struct Holder {
        #[diesel(sql_type = Integer)]
        pid: i32,
        #[diesel(sql_type = Bool)]
        is_us: bool,
    }
    let attempt = async {
        // The exception is caught where its code is known.
        conn.batch_execute(&format!(
            "{settings};
             DO $$ BEGIN
                 PERFORM pg_advisory_lock({LOCK_KEY});
             EXCEPTION WHEN lock_not_available THEN NULL;
             END $$"
        ))
        .await?;
        diesel::sql_query(format!(
            "SELECT pid, pid = pg_backend_pid() AS is_us FROM pg_locks
             WHERE locktype = 'advisory' AND granted AND objsubid = 1
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND classid::bigint << 32 | objid::bigint = {LOCK_KEY}"
        ))
        .get_result::<Holder>(conn)
        .await
        .optional()
    };
    // On a network that drops packets a plain wait would never end.
    match tokio::time::timeout(LOCK_ATTEMPT + LOCK_GRACE, attempt).await {
        Ok(Ok(Some(holder))) if holder.is_us => Ok(None),
        Ok(Ok(holder)) => Ok(Some(holder.map_or(0, |holder| holder.pid))),
        Ok(Err(error)) => Err(MigrateError::Waiting(sentence(&error))),
        Err(_) => Err(MigrateError::Waiting("the server does not answer".to_owned())),
    }
}

fn run_each(
    migrations: &[Box<dyn Migration<Pg>>],
    reverting: bool,
    reason: &Reason,
    mut run: impl FnMut(&dyn Migration<Pg>) -> diesel::migration::Result<()>,
) -> Result<Vec<String>, MigrateError> {
    let mut done = Vec::with_capacity(migrations.len());
    for migration in migrations {
        let name = migration.name().to_string();
        let begun = Instant::now();
        run(migration).map_err(|error| MigrateError::Failed {
            name: name.clone(),
            reverting,
            reason: reason.or(&*error),
        })?;
        let verb = if reverting { "reverted" } else { "applied" };
        log::info!("{verb} migration {name} in {} ms", begun.elapsed().as_millis());
        done.push(name);
    }
    Ok(done)
}

/// The full text of a connection's first error.
///
/// `diesel_migrations` reports an error as one line, without its DETAIL and HINT; the connection's instrumentation sees
/// the whole error.
#[derive(Clone, Default)]
struct Reason(Arc<Mutex<Option<String>>>);

impl Reason {
    fn watch(&self, conn: &mut Connection) {
        let first = Arc::clone(&self.0);
        conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::FinishQuery { error: Some(error), .. } = event {
                first
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert_with(|| sentence(error));
            }
        });
    }

    fn or(&self, error: &(dyn std::error::Error + 'static)) -> String {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        first.unwrap_or_else(|| error.to_string())
    }
}

/// Formats PostgreSQL's message about an error.
pub(crate) fn sentence(error: &diesel::result::Error) -> String {
    let mut text = error.to_string();
    if let diesel::result::Error::DatabaseError(_, information) = error {
        if let Some(detail) = information.details() {
            text.push_str(&format!(" DETAIL: {detail}"));
        }
        if let Some(hint) = information.hint() {
            text.push_str(&format!(" HINT: {hint}"));
        }
    }
    text
}
