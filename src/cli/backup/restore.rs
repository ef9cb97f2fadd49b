//! `scrapersky restore`.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail, ensure};
use clap::Args;
use database::connection::Connection;
use database::migrate::{self, LOCK_KEY};
use database::repo::{backups, diagnostics};
use database::url::DatabaseUrl;
use postgres::{ClientPrograms, Session};
use serde_json::json;
use tempfile::NamedTempFile;

use super::archive::{Dump, Reader};
use super::contents::Contents;
use super::meter::Meter;
use crate::cli::bring_up::Database;
use crate::cli::run::block_on;
use crate::config::{Config, DatabaseSource};

/// How many names a message has.
const MAX_NAMES: usize = 3;

/// What to restore.
#[derive(Debug, Args)]
pub struct RestoreOptions {
    /// The file that `backup` has written
    file: PathBuf,
    /// Prints the file and the numbers of rows and tables as JSON
    #[arg(long)]
    json: bool,
}

/// Restores a backup into an empty database, all of it or nothing.
///
/// # Errors
///
/// When the database is not empty, a program is missing, a statement fails, or the rows are not those that were backed up.
pub fn restore(options: &RestoreOptions, config: &Config) -> anyhow::Result<()> {
    let RestoreOptions { file, json } = options;
    let backup = Reader::open(file)?;
    let url = Database::bring_up(config)?.direct;
    let major = block_on(check_target(config, &url))?;
    let programs = ClientPrograms::find(config.pg_bin.as_deref(), major.max(backup.manifest.client_major))?
        .connecting_to(url.libpq_environment().map_err(|error| anyhow!(error))?);
    let (rows, tables) = (backup.manifest.rows(), backup.manifest.tables.len());
    log::info!("restoring {rows} rows of {tables} tables into {url}");
    if !backup.manifest.roles.is_empty() {
        let roles = backup.manifest.roles.join(", ");
        log::info!("grants and policies name the roles {roles}: those that are missing are made, without login");
    }
    Restoring { backup, programs }
        .run()
        .with_context(|| format!("nothing was restored into {url}"))?;
    if *json {
        say!("{:#}", json!({ "file": file, "rows": rows, "tables": tables }));
    } else {
        say!("{rows} rows of {tables} tables were restored from {}", file.display());
    }
    block_on(async {
        let mut conn = Connection::connect(&url).await?;
        if let Some(objection) = migrate::check(&mut conn).await?.objection() {
            log::warn!("{objection}");
        }
        Ok(())
    })
}

/// Refuses a database that is not empty or cannot hold every text, and returns the server's major version.
async fn check_target(config: &Config, url: &DatabaseUrl) -> anyhow::Result<u32> {
    let mut conn = Connection::connect(url).await?;
    let session = diagnostics::session(&mut conn).await?;
    ensure!(
        session.encoding == diagnostics::ENCODING,
        "the database {url} has the encoding {}, which cannot hold every text: \
         create one with `CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8'`",
        session.encoding
    );
    let there = backups::list_contents(&mut conn).await?;
    if let Some(more) = there.len().checked_sub(1) {
        let named = there.iter().take(MAX_NAMES).cloned().collect::<Vec<_>>().join(", ");
        let others = match (more + 1).saturating_sub(MAX_NAMES) {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let remedy = match config.database {
            DatabaseSource::Server { .. } => "create another database",
            DatabaseSource::Embedded => "set SCRAPERSKY_DATA_DIR to a new folder",
        };
        bail!("the database {url} is not empty, it has {named}{others}: {remedy} to restore into");
    }
    Ok(session.major())
}

struct Restoring {
    backup: Reader,
    programs: ClientPrograms,
}

impl Restoring {
    fn run(&self) -> anyhow::Result<()> {
        let mut list = Vec::new();
        self.unpack(&["--list".to_owned()], self.backup.database, None, &mut list)?;
        let contents = Contents::of(&String::from_utf8_lossy(&list), &self.backup.manifest.outside_keys);
        let mut session = self.programs.session()?;
        let sent = self.send(&contents, &mut session);
        // If a statement failed, its error is the cause of all others.
        session.finish()?;
        sent
    }

    /// Sends everything to `session`. Its last line commits: what breaks off before changes nothing.
    fn send(&self, contents: &Contents, session: &mut Session) -> anyhow::Result<()> {
        let backup = &self.backup;
        let manifest = serde_json::to_string(&backup.manifest)?.replace('\'', "''");
        writeln!(session, "{}", include_str!("begin.sql"))?;
        writeln!(session, "SELECT pg_advisory_xact_lock({LOCK_KEY});")?;
        writeln!(session, "SELECT set_config('scrapersky.backup', '{manifest}', true);")?;
        writeln!(session, "{}", include_str!("roles.sql"))?;

        let structure = list_file(&contents.structure)?;
        let section = |name: &str| [list_option(&structure), format!("--section={name}")];
        self.unpack(&section("pre-data"), backup.database, None, session)?;
        self.unpack(&section("data"), backup.database, Some("restored"), session)?;
        if let Some(hidden) = backup.hidden {
            self.unpack(&["--section=data".to_owned()], hidden, Some("restored"), session)?;
        }
        log::info!("comparing the rows with the backup");
        writeln!(session, "{}", include_str!("compare.sql"))?;
        log::info!("building indexes");
        self.unpack(&section("post-data"), backup.database, None, session)?;
        let grants = list_file(&contents.grants)?;
        self.unpack(&[list_option(&grants)], backup.database, None, session)?;
        writeln!(session, "{}", include_str!("end.sql"))?;
        Ok(())
    }

    /// Writes the statements of a dump.
    fn unpack(
        &self,
        arguments: &[String],
        dump: Dump,
        progress: Option<&'static str>,
        output: &mut dyn Write,
    ) -> anyhow::Result<()> {
        let mut all = ["--no-owner", "--no-tablespaces", "--no-security-labels", "--file=-"]
            .map(str::to_owned)
            .to_vec();
        all.extend_from_slice(arguments);
        let archive = self.backup.read(dump)?;
        match progress {
            Some(what) => self
                .programs
                .unpack(&all, &mut Meter::new(archive, what, Some(dump.length)), output)?,
            None => self.programs.unpack(&all, &mut { archive }, output)?,
        }
        Ok(())
    }
}

/// Writes a list of contents where `pg_restore` can read it.
fn list_file(list: &str) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(list.as_bytes())?;
    Ok(file)
}

fn list_option(file: &NamedTempFile) -> String {
    format!("--use-list={}", file.path().display())
}
