//! One file a subcommand.
//!
//! Only results go to standard output; log events and errors go to standard error.

#[macro_use]
mod run;

pub mod backup;
pub mod bring_up;
pub mod contacts;
pub mod costs;
pub mod db;
pub mod demo;
pub mod descriptors;
pub mod doctor;
pub mod domains;
pub mod emails;
mod examples;
pub mod jobs;
pub mod keys;
pub mod leads;
pub mod limits;
mod list;
pub mod listing;
pub mod migrate;
mod output;
pub mod partition;
pub mod places;
pub mod rules;
pub mod scan;
pub mod schedules;
pub mod serve;
pub mod sitemap;
pub mod tenants;
mod webhooks;
mod work;

use std::process::ExitCode;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use self::output::{ClosedPipe, Output};
use crate::config::Config;

/// Gathers leads about local businesses, for many tenants, as durable jobs.
///
/// Settings come from Rocket.toml and the environment; without `DATABASE_URL` a private PostgreSQL is
/// run in `SCRAPERSKY_DATA_DIR`.
#[derive(Debug, Parser)]
#[command(name = "scrapersky", version)]
pub struct Cli {
    /// Shows what the program does on standard error; twice shows details. By default `SCRAPERSKY_LOG` or `RUST_LOG` decides
    #[arg(long, short, global = true, action = ArgAction::Count)]
    verbose: u8,
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
    /// Lists, shows and exports domains
    #[command(subcommand)]
    Domains(domains::DomainsCommand),
    /// Lists and exports leads
    #[command(subcommand)]
    Leads(leads::LeadsCommand),
    /// Lists and exports contacts
    #[command(subcommand)]
    Contacts(contacts::ContactsCommand),
    /// Lists, shows, cancels and retries jobs
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
    /// Lists, makes, runs, pauses, resumes and deletes schedules
    #[command(subcommand)]
    Schedules(schedules::SchedulesCommand),
    /// Lists, creates, tests and deletes webhooks, and shows what was posted to them
    #[command(subcommand)]
    Webhooks(webhooks::WebhooksCommand),
    /// Shows what calls to paid services cost, by month
    Costs(costs::CostsOptions),
    /// Lists and tests the rules by which technologies are told
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Applies or reverts database migrations
    Migrate(migrate::MigrateOptions),
    /// Divides the tables of facts by tenant, for many tenants on one machine
    Partition(partition::PartitionOptions),
    /// Controls the private PostgreSQL
    Db(db::DbOptions),
    /// Writes every row of the database to a file
    Backup(backup::BackupOptions),
    /// Restores a backup into an empty database, completely or not at all
    Restore(backup::RestoreOptions),
    /// Creates, lists and revokes API keys
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Creates, lists, renames and deactivates tenants
    #[command(subcommand)]
    Tenants(tenants::TenantsCommand),
    /// Sets a tenant's rate limits, where they differ from the settings
    Limits(limits::LimitsOptions),
    /// Checks the settings, the database, the network and the port, and lists what migrations could not convert
    Doctor(doctor::DoctorOptions),
    /// Prints the completions of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

impl Cli {
    /// Reads the arguments of this process; prints help, version or what is wrong, and ends, if they are not to be run.
    #[must_use]
    pub fn read() -> Self {
        let matches = examples::add(Self::command()).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Returns the log filter: that of the arguments, else the `set` one, else the command's own.
    ///
    /// With a logger installed, Rocket's own `log_level` has no effect, and making its lines for every request costs a
    /// quarter of the throughput.
    #[must_use]
    pub fn log_filter<'a>(&self, set: Option<&'a str>) -> &'a str {
        match (self.verbose, set, &self.command) {
            (1, ..) => "info,rocket=warn",
            (2.., ..) => "debug,rocket=warn",
            (0, Some(set), _) => set,
            (
                0,
                None,
                None
                | Some(
                    Command::Serve(_)
                    | Command::Worker { .. }
                    | Command::Migrate(_)
                    | Command::Db(_)
                    | Command::Backup(_)
                    | Command::Restore(_),
                ),
            ) => "info,rocket=warn",
            // These talk to a person: progress and a table, and what goes wrong with a job stands in that.
            (0, None, Some(_)) => "error,rocket=off",
        }
    }
}

/// Runs the command line.
///
/// # Errors
///
/// When it cannot be done, with the sentence that a person reads.
pub fn run(cli: &Cli, config: &Config) -> anyhow::Result<ExitCode> {
    match run_command(cli, config) {
        // As `| head` does: it has what it wanted.
        Err(error) if error.is::<ClosedPipe>() => Ok(ExitCode::SUCCESS),
        ended => ended,
    }
}

fn run_command(cli: &Cli, config: &Config) -> anyhow::Result<ExitCode> {
    if !matches!(cli.command, Some(Command::Doctor(_) | Command::Completions { .. })) {
        config.refuse_unknown()?;
    }
    match &cli.command {
        None => serve::serve(&serve::ServeOptions::default(), config)?,
        Some(Command::Serve(options)) => serve::serve(options, config)?,
        Some(Command::Worker { workers }) => serve::work(*workers, config)?,
        Some(Command::Demo(options)) => return demo::run(*options, config),
        Some(Command::Places(command)) => return places::run(command, config),
        Some(Command::Scan(options)) => return scan::run(options, config),
        Some(Command::Sitemap(options)) => return sitemap::run(options, config),
        Some(Command::Emails(options)) => return emails::run(options, config),
        Some(Command::Domains(command)) => domains::run(command, config)?,
        Some(Command::Leads(command)) => leads::run(command, config)?,
        Some(Command::Contacts(command)) => contacts::run(command, config)?,
        Some(Command::Jobs(command)) => jobs::run(command, config)?,
        Some(Command::Schedules(command)) => schedules::run(command, config)?,
        Some(Command::Webhooks(command)) => webhooks::run(command, config)?,
        Some(Command::Costs(options)) => costs::run(*options, config)?,
        Some(Command::Rules(command)) => return rules::run(command, config),
        Some(Command::Partition(options)) => partition::run(*options, config)?,
        Some(Command::Migrate(options)) => migrate::run(*options, config)?,
        Some(Command::Db(options)) => db::run(*options, config)?,
        Some(Command::Backup(options)) => backup::make(options, config)?,
        Some(Command::Restore(options)) => backup::restore(options, config)?,
        Some(Command::Keys(command)) => keys::run(command, config)?,
        Some(Command::Tenants(command)) => tenants::run(command, config)?,
        Some(Command::Limits(options)) => limits::run(options, config)?,
        Some(Command::Doctor(options)) => return doctor::run(*options, config),
        Some(Command::Completions { shell }) => complete(*shell)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the completions of a shell.
fn complete(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "scrapersky", &mut script);
    Output::open(None)?.write(&script)
}
