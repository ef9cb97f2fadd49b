//! `scrapersky backup`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use chrono::{SecondsFormat, Utc};
use clap::Args;
use database::connection::Connection;
use database::repo::diagnostics;
use database::snapshot::Snapshot;
use database::url::DatabaseUrl;
use postgres::ClientPrograms;
use serde_json::json;
use tempfile::NamedTempFile;

use super::archive::{Manifest, Table, Writer};
use super::meter::Meter;
use crate::cli::bring_up::Database;
use crate::cli::run::block_on;
use crate::cli::serve::stop_asked_for;
use crate::config::Config;

/// What to write.
#[derive(Debug, Args)]
pub struct BackupOptions {
    /// The file, which is replaced when the backup is complete
    file: PathBuf,
    /// Prints the file, its size and the numbers of rows and tables as JSON
    #[arg(long)]
    json: bool,
}

/// Writes every row of the database to a file, which is there when it is complete.
///
/// # Errors
///
/// When rows are hidden, `pg_dump` is missing or fails, or the file cannot be written.
pub fn make(options: &BackupOptions, config: &Config) -> anyhow::Result<()> {
    let BackupOptions { file, json } = options;
    ensure!(!file.is_dir(), "{} is a folder: name a file", file.display());
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    // Readable by its owner alone.
    let partial = tempfile::Builder::new()
        .prefix(".scrapersky-")
        .suffix(".partial")
        .tempfile_in(&folder)
        .with_context(|| format!("cannot write to the folder {}", folder.display()))?;
    let url = Database::bring_up(config)?.direct;
    let output = partial.as_file().try_clone()?;
    let written = block_on(async {
        // Stopped in order, so that no partial file is left.
        let stop = stop_asked_for()?;
        tokio::select! {
            written = write(config, &url, output) => written,
            () = stop => bail!("it was stopped"),
        }
    });
    let (rows, tables) = written.with_context(|| format!("no backup was written to {}", file.display()))?;
    put_in_place(partial, file, &folder)?;
    let size = fs::metadata(file)?.len();
    if *json {
        say!(
            "{:#}",
            json!({ "file": file, "rows": rows, "tables": tables, "bytes": size })
        );
    } else {
        say!(
            "{rows} rows of {tables} tables are in {} ({size} bytes)",
            file.display()
        );
    }
    Ok(())
}

/// Gives the complete file its name, and waits until the disk knows it.
fn put_in_place(partial: NamedTempFile, file: &Path, folder: &Path) -> anyhow::Result<()> {
    partial
        .persist(file)
        .with_context(|| format!("cannot write {}", file.display()))?;
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Writes the backup, and returns the number of its rows and tables.
async fn write(config: &Config, url: &DatabaseUrl, file: File) -> anyhow::Result<(i64, usize)> {
    let mut conn = Connection::connect(url).await?;
    let server = diagnostics::session(&mut conn).await?;
    drop(conn);
    let programs = ClientPrograms::find(config.pg_bin.as_deref(), server.major())?
        .connecting_to(url.libpq_environment().map_err(|error| anyhow!(error))?);
    log::info!("counting the rows of {url}");
    let created_at = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let snapshot = Snapshot::open(url).await?;
    let mut manifest = Manifest::new(created_at, server.server_version, programs.major());
    manifest.tables.extend(snapshot.digests.iter().map(|table| Table {
        name: table.name.clone(),
        rows: table.rows,
        digest: table.digest.clone(),
    }));
    manifest.roles.clone_from(&snapshot.roles);
    manifest.outside_keys = snapshot
        .tables
        .iter()
        .flat_map(|table| table.outside_keys.clone())
        .collect();
    if !manifest.outside_keys.is_empty() {
        log::warn!(
            "foreign keys to other schemas will not be restored: {}",
            manifest.outside_keys.join(", ")
        );
    }
    let counted = (manifest.rows(), manifest.tables.len());
    log::info!("writing {} rows of {} tables", counted.0, counted.1);
    let dumps = Dumps::of(&snapshot);
    tokio::task::spawn_blocking(move || dumps.write(file, &manifest, &programs)).await??;
    // Until here the snapshot keeps every table as it was.
    drop(snapshot);
    Ok(counted)
}

/// How `pg_dump` is called.
struct Dumps {
    /// For everything but the hidden rows.
    database: Vec<String>,
    /// For those, if there are any.
    hidden: Option<Vec<String>>,
}

impl Dumps {
    fn of(snapshot: &Snapshot) -> Self {
        let common = [
            "--format=custom".to_owned(),
            "--no-password".to_owned(),
            format!("--snapshot={}", snapshot.name),
        ];
        let mut database = common.to_vec();
        database.extend(["public", "scrapersky_internal"].map(|schema| format!("--schema={schema}")));
        let mut hidden = common.to_vec();
        // The system's role sees the rows of all tenants. It may not read sequences; the owner may, in the first dump.
        hidden.extend(["--data-only", "--role=scrapersky_system", "--enable-row-security"].map(str::to_owned));
        let tables: Vec<_> = snapshot.tables.iter().filter(|table| table.is_hidden).collect();
        for table in &tables {
            database.push(format!("--exclude-table-data={}", table.name));
            hidden.push(format!("--table={}", table.name));
            let sequences = table.sequences.iter();
            hidden.extend(sequences.map(|sequence| format!("--exclude-table-data={sequence}")));
        }
        Self {
            database,
            hidden: (!tables.is_empty()).then_some(hidden),
        }
    }

    fn write(&self, file: File, manifest: &Manifest, programs: &ClientPrograms) -> anyhow::Result<()> {
        let mut writer = Writer::new(file, manifest)?;
        writer.database(|out| programs.dump(&self.database, &mut Meter::new(out, "written", None)))?;
        if let Some(hidden) = &self.hidden {
            writer.hidden(|out| programs.dump(hidden, &mut Meter::new(out, "written", None)))?;
        }
        writer.finish()?;
        Ok(())
    }
}
