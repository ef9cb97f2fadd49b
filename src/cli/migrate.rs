//! `scrapersky migrate`: applies and reverts migrations.

use clap::{Args, Subcommand};
use database::connection::Connection;
use database::migrate::{self, Revert};
use serde_json::json;

use super::bring_up::Database;
use super::run::block_on;
use crate::config::Config;

/// What to do, and how the answer is printed.
#[derive(Clone, Copy, Debug, Args)]
pub struct MigrateOptions {
    #[command(subcommand)]
    command: MigrateCommand,
    /// Prints JSON
    #[arg(long, global = true)]
    json: bool,
}

/// The subcommands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum MigrateCommand {
    /// Applies all pending migrations, and makes what isolates tenants where it was lost
    Up,
    /// Reverts the last migration; values that do not fit the older schema are set aside
    Down {
        /// Number of migrations to revert
        #[arg(default_value_t = 1, value_name = "COUNT", conflicts_with = "all")]
        count: usize,
        /// Reverts all migrations
        #[arg(long)]
        all: bool,
    },
    /// Lists migrations and whether they are applied
    Status,
}

/// Runs the command.
///
/// # Errors
///
/// When the database cannot be reached, or a migration fails; those before it stay.
pub fn run(options: MigrateOptions, config: &Config) -> anyhow::Result<()> {
    let database = Database::bring_up(config)?;
    block_on(async {
        let tell = if options.json { tell_json } else { tell };
        match options.command {
            MigrateCommand::Up => {
                let applied = migrate::up(&database.direct).await?;
                let repaired = migrate::repair(&database.direct).await?;
                if options.json {
                    let repaired: Vec<String> = repaired.iter().map(ToString::to_string).collect();
                    say!("{:#}", json!({ "applied": applied, "repaired": repaired }));
                    return Ok(());
                }
                for safeguard in &repaired {
                    say!("repaired {safeguard}");
                }
                if repaired.is_empty() || !applied.is_empty() {
                    tell("applied", &applied);
                }
            }
            MigrateCommand::Down { all: true, .. } => {
                tell("reverted", &migrate::down(&database.direct, Revert::All).await?);
            }
            MigrateCommand::Down { count, all: false } => {
                tell("reverted", &migrate::down(&database.direct, Revert::Last(count)).await?);
            }
            MigrateCommand::Status => {
                let mut conn = Connection::connect(&database.direct).await?;
                let mut all = Vec::new();
                for migration in migrate::status(&mut conn).await? {
                    let state = match (migration.applied, migration.known) {
                        (true, true) => "applied",
                        (true, false) => "unknown",
                        (false, _) => "pending",
                    };
                    if options.json {
                        all.push(json!({ "migration": migration.name, "state": state }));
                    } else {
                        say!("{state}  {}", migration.name);
                    }
                }
                if options.json {
                    say!("{:#}", json!(all));
                }
            }
        }
        Ok(())
    })
}

fn tell_json(what: &str, migrations: &[String]) {
    say!("{:#}", json!({ what: migrations }));
}

fn tell(what: &str, migrations: &[String]) {
    for migration in migrations {
        say!("{what}  {migration}");
    }
    if migrations.is_empty() {
        say!("nothing to do");
    }
}
