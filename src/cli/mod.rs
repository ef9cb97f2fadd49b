//! One file a subcommand.
//!
//! What a command was asked for goes to standard output, and nothing else does; log events and
//! errors go to standard error.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// As `println!`, which would panic where the reader has gone.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::write_line(format_args!($($text)*))
    };
}

pub mod bring_up;
pub mod db;
pub mod demo;
pub mod doctor;
pub mod emails;
pub mod keys;
pub mod limits;
pub mod migrate;
pub mod places;
pub mod scan;
pub mod serve;
pub mod sitemap;
mod work;

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};

use self::bring_up::Database;
use crate::config::Config;
use database::connection::Connection;
use database::migrate::check;

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

/// What the program is to do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the HTTP API and works jobs off (the default)
    Serve(serve::ServeOptions),
    /// Works jobs off, beside any number of servers and other workers
    Worker {
        /// How many jobs to work on at a time
        #[arg(long, value_name = "N")]
        workers: Option<usize>,
    },
    /// Shows it all at work, on this machine alone: sample sites, the API, workers. What to run first
    Demo(demo::DemoOptions),
    /// Scans domains here and now, and prints what was found
    Scan(scan::ScanOptions),
    /// Searches for businesses on Google's map, lists and exports those that are staged
    #[command(subcommand)]
    Places(places::PlacesCommand),
    /// Analyses the sitemaps of a site here and now, and prints what they list
    Sitemap(sitemap::SitemapOptions),
    /// Crawls a site here and now for email addresses, and prints whom to write to
    Emails(emails::EmailsOptions),
    /// Brings the database's schema up to date, or back
    #[command(subcommand)]
    Migrate(migrate::MigrateCommand),
    /// Runs the private PostgreSQL
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Makes, lists and revokes API keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Sets how often one tenant may ask, where that is not what the settings say
    Limits(limits::LimitsOptions),
    /// Checks the settings and the database, and lists what migrations could not convert
    Doctor,
}

impl Cli {
    /// Returns what is logged unless a setting says otherwise.
    ///
    /// With a logger installed, Rocket's own `log_level` has no effect, and its lines for every request, half of them
    /// under the target `_`, cost a quarter of the throughput.
    #[must_use]
    pub fn default_log(&self) -> &'static str {
        match self.command {
            // These talk to a person: progress and a table, and what goes wrong with a job stands in that.
            Some(Command::Demo(_) | Command::Emails(_) | Command::Scan(_)) => "error,rocket=off,_=off",
            _ => "info,rocket=warn,_=warn",
        }
    }
}

/// Does what the command line says.
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
        Some(Command::Keys(command)) => keys::run(command, config)?,
        Some(Command::Limits(options)) => limits::run(options, config)?,
        Some(Command::Doctor) => return doctor::run(config),
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a line to standard output. A reader that has gone, as `| head -1` does, has seen what it wanted; anything else
/// that keeps the line from being written ends the program.
fn write_line(text: Arguments<'_>) {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("scrapersky: standard output cannot be written: {error}");
            std::process::exit(1);
        }
        _ => {}
    }
}

/// How long the end of a command waits for work on other threads.
const LAST_WORK: Duration = Duration::from_secs(1);

/// Runs the asynchronous part of a command. Before it, what blocks: starting PostgreSQL.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous runtime")?;
    let result = runtime.block_on(work);
    // Work that cannot be dropped, such as parsing a page, is not waited for: its job was handed back.
    runtime.shutdown_timeout(LAST_WORK);
    result
}

/// Refuses to go on with a schema that is not the one this program is written for.
async fn require_schema(database: &Database) -> anyhow::Result<()> {
    let mut conn = Connection::connect(&database.url).await?;
    match check(&mut conn).await?.objection() {
        None => Ok(()),
        Some(objection) => bail!(objection),
    }
}
