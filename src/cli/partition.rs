//! `scrapersky partition`: divides the tables of facts by tenant.

use clap::{Args, Subcommand};
use database::partition::{self, MAX_PARTITIONS};
use serde_json::json;

use super::bring_up::Database;
use super::run::block_on;
use crate::config::Config;

/// What to do, and how the answer is printed.
#[derive(Clone, Copy, Debug, Args)]
pub struct PartitionOptions {
    #[command(subcommand)]
    command: PartitionCommand,
    /// Prints JSON
    #[arg(long, global = true)]
    json: bool,
}

/// The subcommands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum PartitionCommand {
    /// Prints the statements that `run` would execute
    Plan(Count),
    /// Divides every table of facts that is still whole, in one transaction. Servers wait meanwhile
    Run(Count),
    /// Lists the tables in partitions, with their sizes
    Status,
}

/// Into how many partitions.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Number of partitions of each table
    #[arg(long, default_value_t = 16, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(2..=i64::from(MAX_PARTITIONS)))]
    partitions: u16,
}

/// Runs the command.
///
/// # Errors
///
/// When the database cannot be reached, or a statement fails; then nothing is changed.
pub fn run(options: PartitionOptions, config: &Config) -> anyhow::Result<()> {
    let database = Database::bring_up(config)?;
    let url = &database.direct;
    block_on(async {
        match options.command {
            PartitionCommand::Plan(count) => {
                let statements = partition::plan(url, count.partitions).await?;
                if options.json {
                    say!("{:#}", json!({ "statements": statements }));
                    return Ok(());
                }
                for statement in &statements {
                    say!("{statement};");
                }
                tell_nothing(statements.len());
            }
            PartitionCommand::Run(count) => {
                let done = |statement: &str| {
                    if !options.json {
                        say!("done  {statement}");
                    }
                };
                let statements = partition::run(url, count.partitions, done).await?;
                if options.json {
                    say!("{:#}", json!({ "statements": statements }));
                } else {
                    tell_nothing(statements);
                }
            }
            PartitionCommand::Status => {
                let tables = partition::status(url).await?;
                if options.json {
                    let tables = tables.iter().map(
                        |table| json!({ "table": table.name, "partitions": table.partitions, "bytes": table.bytes }),
                    );
                    say!("{:#}", json!({ "tables": tables.collect::<Vec<_>>() }));
                    return Ok(());
                }
                for table in &tables {
                    say!(
                        "{:4} partitions, {:8.1} MB  {}",
                        table.partitions,
                        megabytes(table.bytes),
                        table.name
                    );
                }
                if tables.is_empty() {
                    say!("no table is in partitions");
                }
            }
        }
        Ok(())
    })
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn megabytes(bytes: i64) -> f64 {
    bytes as f64 / 1e6
}

fn tell_nothing(statements: usize) {
    if statements == 0 {
        say!("nothing to do: every table of facts is in partitions");
    }
}
