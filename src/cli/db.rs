//! `scrapersky db`: the private PostgreSQL from the command line.

use clap::{Args, Subcommand};
use postgres::{DATABASE, EmbeddedPostgres};
use serde_json::json;

use super::bring_up::embedded_options;
use crate::config::{Config, DatabaseSource};

/// What to do with the private PostgreSQL, and how the answer is printed.
#[derive(Debug, Clone, Copy, Args)]
pub struct DbOptions {
    #[command(subcommand)]
    command: DbCommand,
    /// Prints JSON
    #[arg(long, global = true)]
    json: bool,
}

/// What to do with the private PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum DbCommand {
    /// Prints its URL; starts it if needed
    Url,
    /// Starts it; it keeps running after this command
    Start,
    /// Stops it and ends its sessions
    Stop,
    /// Shows whether it runs and where its files are
    Status,
}

/// Runs one of the subcommands. Only what was asked for goes to stdout, so that scripts can read it.
///
/// # Errors
///
/// The sentence of the [`EmbeddedError`](postgres::EmbeddedError).
pub fn run(options: DbOptions, config: &Config) -> anyhow::Result<()> {
    if let DatabaseSource::Server { url, .. } = &config.database {
        log::warn!("the program uses {url}; this command is for the private PostgreSQL, which is not in use");
    }
    let DbOptions { command, json } = options;
    let options = &embedded_options(config);
    match command {
        DbCommand::Url | DbCommand::Start if json => {
            let postgres = EmbeddedPostgres::start(options)?;
            let state = if postgres.is_adopted() { "running" } else { "started" };
            say!(
                "{:#}",
                json!({ "state": state, "pid": postgres.pid(), "url": postgres.url(DATABASE) })
            );
        }
        DbCommand::Url => say!("{}", EmbeddedPostgres::start(options)?.url(DATABASE)),
        DbCommand::Start => {
            let postgres = EmbeddedPostgres::start(options)?;
            let how = if postgres.is_adopted() {
                "runs already"
            } else {
                "started"
            };
            say!(
                "PostgreSQL {how} (process {}): {}",
                postgres.pid(),
                postgres.url(DATABASE)
            );
        }
        DbCommand::Stop => {
            let running = EmbeddedPostgres::find(options)?;
            let pid = running.as_ref().map(EmbeddedPostgres::pid);
            if let Some(postgres) = running {
                postgres.stop()?;
            }
            match pid {
                _ if json => say!("{:#}", json!({ "state": "stopped", "pid": pid })),
                Some(pid) => say!("PostgreSQL stopped (process {pid})"),
                None => say!("PostgreSQL was not running"),
            }
        }
        DbCommand::Status if json => {
            let status = EmbeddedPostgres::status(options)?;
            say!(
                "{:#}",
                json!({
                    "state": status.state.to_string(),
                    "version": status.version,
                    "data": status.data,
                    "socket": status.socket,
                    "log": status.log,
                })
            );
        }
        DbCommand::Status => say!("{}", EmbeddedPostgres::status(options)?),
    }
    Ok(())
}
