//! One file a subcommand.
//!
//! Only results go to standard output; log events and errors go to standard error.

#[macro_use]
mod run;

pub mod backup;
pub mod bring_up;
pub mod db;
pub mod demo;
pub mod descriptors;
pub mod doctor;
pub mod emails;
pub mod keys;
pub mod limits;
mod list;
pub mod migrate;
pub mod places;
pub mod scan;
pub mod serve;
pub mod sitemap;
pub mod tenants;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

/// Gathers leads about local businesses, for many tenants, as durable jobs.
///
/// Settings come from Rocket.toml and the environment; without `DATABASE_URL` a private PostgreSQL is
/// run in `SCRAPERSKY_DATA_DIR`.
#[derive(Debug, Parser)]
#[command(name = "scrapersky", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the HTTP API and runs jobs (the default)
    Serve(serve::ServeOptions),
    /// Runs jobs, next to any number of servers and other workers
    Worker {
        /// Number of jobs to run at a time
        #[arg(long, value_name = "N")]
        workers: Option<usize>,
    },
    /// Runs sample sites, the API and workers on this machine, and shows what they do. Start here
    Demo(demo::DemoOptions),
    /// Scans domains now and prints what was found
    Scan(scan::ScanOptions),
    /// Searches Google Maps for businesses; lists and exports staged places
    #[command(subcommand)]
    Places(places::PlacesCommand),
    /// Analyses the sitemaps of a site now and prints what they list
    Sitemap(sitemap::SitemapOptions),
    /// Crawls a site for email addresses now and prints the contacts
    Emails(emails::EmailsOptions),
    /// Applies or reverts database migrations
    #[command(subcommand)]
    Migrate(migrate::MigrateCommand),
    /// Controls the private PostgreSQL
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Writes every row of the database to a file
    Backup {
        /// The file, which is replaced when the backup is complete
        file: PathBuf,
    },
    /// Restores a backup into an empty database, completely or not at all
    Restore {
        /// The file that `backup` has written
        file: PathBuf,
    },
    /// Creates, lists and revokes API keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Creates, lists, renames and deactivates tenants
    #[command(subcommand)]
    Tenants(tenants::TenantsCommand),
    /// Sets a tenant's rate limits, where they differ from the settings
    Limits(limits::LimitsOptions),
    /// Checks the settings and the database, and lists what migrations could not convert
    Doctor,
}

impl Cli {
    /// Returns the default log filter.
    ///
    /// With a logger installed, Rocket's own `log_level` has no effect, and making its lines for every request costs a
    /// quarter of the throughput.
    #[must_use]
    pub fn default_log(&self) -> &'static str {
        match self.command {
            // These talk to a person: progress and a table, and what goes wrong with a job stands in that.
            Some(Command::Demo(_) | Command::Emails(_) | Command::Scan(_)) => "error,rocket=off",
            _ => "info,rocket=warn",
        }
    }
}

/// Runs the command line.
///
/// # Errors
///
/// When it cannot be done, with the sentence that a person reads.
pub fn run(cli: &Cli, config: &Config) -> anyhow::Result<ExitCode> {
    match &cli.command {
        None => serve::serve(&serve::ServeOptions::default(), config)?,
        Some(Command::Serve(options)) => serve::serve(options, config)?,
        Some(Command::Worker { workers }) => serve::work(*workers, config)?,
        Some(Command::Demo(options)) => return demo::run(*options, config),
        Some(Command::Places(command)) => return places::run(command, config),
        Some(Command::Scan(options)) => return scan::run(options, config),
        Some(Command::Sitemap(options)) => return sitemap::run(options, config),
        Some(Command::Emails(options)) => return emails::run(options, config),
        Some(Command::Migrate(command)) => migrate::run(command, config)?,
        Some(Command::Db(command)) => db::run(*command, config)?,
        Some(Command::Backup { file }) => backup::make(file, config)?,
        Some(Command::Restore { file }) => backup::restore(file, config)?,
        Some(Command::Keys(command)) => keys::run(command, config)?,
        Some(Command::Tenants(command)) => tenants::run(command, config)?,
        Some(Command::Limits(options)) => limits::run(options, config)?,
        Some(Command::Doctor) => return doctor::run(config),
    }
    Ok(ExitCode::SUCCESS)
}
