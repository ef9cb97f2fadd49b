//! Output, runtime and schema check, shared by the subcommands.

use std::fmt::Arguments;
use std::future::Future;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use database::connection::Connection;
use database::migrate::{self, check};
use web::extract::technology::Rules;
use web::score::ScoreRules;

use super::bring_up::Database;
use crate::config::{Config, DatabaseSource};

/// Works like `println!`, which would panic when the reader has closed the pipe.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::run::write_line(format_args!($($text)*))
    };
}

/// Writes a line to standard output. A closed pipe, as after `| head -1`, is ignored; any other error ends the
/// program with a message.
pub(super) fn write_line(text: Arguments<'_>) {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("scrapersky: standard output cannot be written: {error}");
            std::process::exit(1);
        }
        _ => {}
    }
}

/// How long a command waits at its end for work on other threads.
const LAST_WORK: Duration = Duration::from_secs(1);

/// Runs the asynchronous part of a command. Blocking work, such as starting PostgreSQL, comes before it.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    let result = runtime.block_on(work);
    // Work that cannot be dropped, such as parsing a page, is not waited for: its job was handed back.
    runtime.shutdown_timeout(LAST_WORK);
    result
}

/// Applies all migrations to the private database of a fresh directory; refuses any other database whose schema is not
/// the one this program is written for. A server that a URL names may be in use by another version, or by the old system.
pub(super) async fn migrate_if_fresh(database: &Database, config: &Config) -> anyhow::Result<()> {
    if config.database == DatabaseSource::Embedded {
        let mut conn = Connection::connect(&database.direct).await?;
        let is_fresh = migrate::status(&mut conn)
            .await?
            .iter()
            .all(|migration| !migration.applied);
        drop(conn);
        if is_fresh {
            migrate::up(&database.direct).await?;
        }
    }
    require_schema(database).await
}

/// Refuses to run on another schema than the one this program is written for.
pub(super) async fn require_schema(database: &Database) -> anyhow::Result<()> {
    let mut conn = Connection::connect(&database.url).await?;
    match check(&mut conn).await?.objection() {
        None => Ok(()),
        Some(objection) => bail!(objection),
    }
}

/// Reads the rules by which technologies are told: the program's own, the operator's, and those in `paths`.
pub(super) fn read_rules(config: &Config, paths: &[PathBuf]) -> anyhow::Result<Rules> {
    let all: Vec<&PathBuf> = config.scans.rules_dir.iter().chain(paths).collect();
    Ok(Rules::with(&all)?)
}

/// The rules of a process, read once.
#[derive(Clone)]
pub(super) struct RuleSets {
    /// Those by which technologies are told.
    pub technologies: Rules,
    /// Those of the score of leads.
    pub score: ScoreRules,
}

impl RuleSets {
    /// Reads the rules that ship with the program, and the operator's.
    pub(super) fn read(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            technologies: read_rules(config, &[])?,
            score: ScoreRules::with(config.scans.versions_file.as_deref())?,
        })
    }
}
