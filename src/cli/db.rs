//! `scrapersky db`: the private PostgreSQL from the command line.

use clap::Subcommand;
use postgres::{DATABASE, EmbeddedPostgres};

use super::bring_up::embedded_options;
use crate::config::{Config, DatabaseSource};

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
pub fn run(command: DbCommand, config: &Config) -> anyhow::Result<()> {
    if let DatabaseSource::Server { url, .. } = &config.database {
        log::warn!("the program uses {url}; this command is for the private PostgreSQL, which is not in use");
    }
    let options = &embedded_options(config);
    match command {
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
        DbCommand::Stop => match EmbeddedPostgres::find(options)? {
            Some(postgres) => {
                let pid = postgres.pid();
                postgres.stop()?;
                say!("PostgreSQL stopped (process {pid})");
            }
            None => say!("PostgreSQL was not running"),
        },
        DbCommand::Status => say!("{}", EmbeddedPostgres::status(options)?),
    }
    Ok(())
}
