//! `scrapersky doctor`: is everything as it should be, and what did migrations set aside?

mod report;
mod surroundings;

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use database::connection::Connection;
use database::migrate::{self, SchemaState};
use database::pool::Pool;
use database::repo;
use database::repo::diagnostics::ENCODING;
use postgres::{EmbeddedPostgres, EmbeddedState, MINIMUM_MAJOR};

use self::report::Report;
use super::bring_up::{BringUpError, Database, embedded_options};
use super::run::block_on;
use crate::config::{Config, DatabaseSource};

/// How the report is printed.
#[derive(Clone, Copy, Debug, Args)]
pub struct DoctorOptions {
    /// Prints the report as JSON
    #[arg(long)]
    json: bool,
}

/// Checks the settings, the database and what surrounds the program. The exit code says whether all is well; a note is no
/// failure.
///
/// # Errors
///
/// When a check could not be made at all.
pub fn run(options: DoctorOptions, config: &Config) -> anyhow::Result<ExitCode> {
    let mut report = Report::new(options.json);
    surroundings::examine(config, &mut report);
    let database = find_database(config, &mut report);
    block_on(async {
        surroundings::examine_network(&mut report).await;
        match &database {
            Some(database) => examine(config, database, &mut report).await,
            None => Ok(()),
        }
    })?;
    Ok(if report.end()? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns the configured database; `None` if there is none yet or it does not run, which is not for this command to change.
fn find_database(config: &Config, report: &mut Report) -> Option<Database> {
    match &config.database {
        DatabaseSource::Server { url, .. } => report.good(format_args!("the database is {url}")),
        DatabaseSource::Embedded => {
            let folder = config.data_dir.display();
            match EmbeddedPostgres::status(&embedded_options(config)) {
                Ok(status) if status.state == EmbeddedState::Absent => {
                    report.note(format_args!(
                        "there is no database yet: the first start of `scrapersky` creates a private PostgreSQL in {folder}"
                    ));
                    return None;
                }
                Ok(status) if matches!(status.state, EmbeddedState::Stopped | EmbeddedState::Stale) => {
                    report.note(format_args!(
                        "the private PostgreSQL in {folder} is {}: `scrapersky db start` starts it, as every command that \
                         needs it does",
                        status.state
                    ));
                    return None;
                }
                Ok(_) => report.good(format_args!("the database is a private PostgreSQL in {folder}")),
                Err(error) => {
                    report.bad(error);
                    return None;
                }
            }
        }
    }
    match Database::bring_up(config) {
        Ok(database) => Some(database),
        Err(error @ (BringUpError::Config(_) | BringUpError::Embedded(_) | BringUpError::Url(_))) => {
            report.bad(error);
            None
        }
    }
}

async fn examine(config: &Config, database: &Database, report: &mut Report) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut conn = match Connection::connect(&database.direct).await {
        Ok(conn) => conn,
        Err(error) => {
            report.bad(format_args!("{} cannot be reached: {error}", database.direct));
            return Ok(());
        }
    };
    let session = repo::diagnostics::session(&mut conn).await?;
    report.good(format_args!(
        "PostgreSQL {} answers as {}{} after {} ms, {}",
        session.server_version,
        session.user,
        match (session.is_superuser, session.bypasses_rls) {
            (true, _) => " (superuser)",
            (false, true) => " (bypasses row level security)",
            (false, false) => "",
        },
        begun.elapsed().as_millis(),
        session.tls.as_deref().unwrap_or("without TLS"),
    ));
    if session.major() < MINIMUM_MAJOR {
        report.bad(format_args!(
            "PostgreSQL {MINIMUM_MAJOR} or newer is needed: upgrade the server"
        ));
    }
    if session.encoding != ENCODING {
        report.bad(format_args!(
            "the database has the encoding {}, which cannot hold every text: create one with the encoding UTF8",
            session.encoding
        ));
    }
    if let Some(reason) = repo::diagnostics::read_only(&mut conn).await? {
        report.bad(reason);
    }
    if !conn.keeps_session() {
        report.bad(format_args!(
            "{} leads through a pooler, through which nothing can be migrated: set DATABASE_DIRECT_URL to the URL of the \
             database itself, or add pgbouncer=false to that URL if the pooler keeps one session for each client",
            database.direct
        ));
    }
    let state = migrate::check(&mut conn).await?;
    match state.objection() {
        None => report.good("the schema matches this program"),
        Some(objection) => report.bad(objection),
    }
    if state == SchemaState::Current {
        examine_safeguards(&mut conn, report).await?;
        examine_rows(config, database, report).await?;
    }
    Ok(())
}

/// Compares what isolates tenants with what the migrations make.
async fn examine_safeguards(conn: &mut Connection, report: &mut Report) -> anyhow::Result<()> {
    let safeguards = repo::safeguards::list(conn).await?;
    let (held, lost): (Vec<_>, Vec<_>) = safeguards.iter().partition(|safeguard| safeguard.holds);
    if let [first, rest @ ..] = &lost[..] {
        report.bad(format_args!(
            "{} of {} safeguards between tenants are missing ({}{}): run `scrapersky migrate up`",
            lost.len(),
            safeguards.len(),
            first.what,
            if rest.is_empty() { "" } else { " and others" },
        ));
    } else {
        let count = |kind| held.iter().filter(|safeguard| safeguard.kind == kind).count();
        report.good(format_args!(
            "{} roles, {} policies, {} flags of row level security and {} grants are as migrations make them",
            count("role"),
            count("policy"),
            count("flag"),
            count("grant"),
        ));
    }
    Ok(())
}

/// Looks through the pool, as requests do, at what only the current schema has.
async fn examine_rows(config: &Config, database: &Database, report: &mut Report) -> anyhow::Result<()> {
    let pool = Pool::new(&database.url, &config.pool)?;
    let mut conn = match pool.system().await {
        Ok(conn) => conn,
        Err(error) => {
            report.bad(error);
            return Ok(());
        }
    };
    if conn.is_through_pooler() {
        report.note(format_args!(
            "requests and jobs reach {} through a pooler",
            database.url
        ));
    }
    let unknown = match repo::diagnostics::unknown_tenants(&mut conn).await {
        Ok(tenants) => tenants,
        Err(error) => {
            report.bad(format_args!(
                "system transactions cannot be opened on {}: {error}",
                database.url
            ));
            return Ok(());
        }
    };
    for tenant in unknown {
        report.note(format_args!(
            "rows belong to tenant {tenant}, which is missing from tenants: nobody can act for it"
        ));
    }
    let set_aside = repo::set_aside::list(&mut conn).await?;
    if set_aside.is_empty() {
        report.good("migrations converted every row");
    }
    for entry in &set_aside {
        let what = if entry.is_whole_row { "rows" } else { "old values" };
        report.note(format_args!(
            "{} {what} of {} are in scrapersky_internal.set_aside, such as {}: {} (migration {})",
            entry.count, entry.source_table, entry.example_key, entry.reason, entry.migration
        ));
    }
    Ok(())
}
