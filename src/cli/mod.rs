//! One file a subcommand.
//!
//! What a command was asked for goes to standard output, and nothing else does; log events and
//! errors go to standard error.

pub mod db;
pub mod doctor;
pub mod migrate;

use std::future::Future;
use std::process::ExitCode;

use anyhow::Context;
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
    command: Command,
}

/// What the program is to do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Brings the database's schema up to date, or back
    #[command(subcommand)]
    Migrate(migrate::MigrateCommand),
    /// Runs the private PostgreSQL
    #[command(subcommand)]
    Db(db::DbCommand),
    /// Checks the settings and the database, and lists what migrations could not convert
    Doctor,
}

/// Does what the command line says.
///
/// # Errors
///
/// When it cannot be done, with the sentence that a person reads.
pub fn run(cli: &Cli, config: &Config) -> anyhow::Result<ExitCode> {
    match &cli.command {
        Command::Migrate(command) => migrate::run(command, config)?,
        Command::Db(command) => db::run(*command, config)?,
        Command::Doctor => return doctor::run(config),
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the asynchronous part of a command. Before it, what blocks: starting PostgreSQL.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Runtime::new()
        .context("cannot start the asynchronous runtime")?
        .block_on(work)
}
