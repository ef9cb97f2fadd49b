//! Workers in a command's own process, so that it needs no other one.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use database::ids::{JobId, TenantId};
use database::models::job::Job;
use database::pool::Pool;
use database::repo;
use indicatif::{ProgressBar, ProgressStyle};
use scans::leads;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::bring_up::Database;
use super::run::RuleSets;
use super::serve;
use crate::config::Config;

/// How often a command polls its work.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long the database may be unavailable before a waiting command gives up.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(30);

/// The exit code of a command that was interrupted, as shells have it for SIGINT.
pub const INTERRUPTED: u8 = 130;

/// Work that a command waits for, in words.
#[derive(Clone, Debug)]
pub struct Awaited {
    /// The work, such as "the analysis".
    pub work: &'static str,
    /// What it is done on, such as a domain.
    pub subject: String,
}

/// The workers of a command, in its own process. Dropping them stops them as Ctrl-C does.
pub struct Workers {
    stop: oneshot::Sender<()>,
    working: Option<JoinHandle<()>>,
}

impl Workers {
    /// Starts the workers, unless the settings say that this process has none.
    ///
    /// # Errors
    ///
    /// When a setting is out of range, or a file of rules cannot be used.
    pub fn start(config: &Config, database: &Database, pool: &Pool) -> anyhow::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let rules = RuleSets::read(config)?;
        let score = rules.score.clone();
        let working = serve::runner((None, rules), config, database, pool.clone())?.map(|runner| {
            tokio::spawn(leads::watch(pool.clone(), score));
            tokio::spawn(runner.run(async {
                // A sender that is gone says the same.
                let _ = stopped.await;
            }))
        });
        Ok(Self { stop, working })
    }

    /// Waits for running jobs, and hands back those that do not end in time.
    ///
    /// # Errors
    ///
    /// When the workers panicked.
    pub async fn end(self) -> anyhow::Result<()> {
        drop(self.stop);
        match self.working {
            Some(working) => working.await.context("the workers failed"),
            None => Ok(()),
        }
    }
}

/// Runs jobs until this one has ended, and shows its progress. Returns `None` when interrupted, after saying what happens to
/// the work.
///
/// # Errors
///
/// When the job cannot be read for half a minute, or the workers fail.
pub async fn run_to_its_end(
    config: &Config,
    database: &Database,
    pool: &Pool,
    tenant: TenantId,
    id: JobId,
    awaited: &Awaited,
) -> anyhow::Result<Option<Job>> {
    let workers = Workers::start(config, database, pool)?;
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} {prefix}: {msg}, {elapsed}")?);
    bar.set_prefix(awaited.subject.clone());
    let ended = until(async || {
        let mut conn = pool.tenant(tenant).await?;
        let job = repo::jobs::get(&mut conn, id).await?;
        bar.set_message(job.progress_message.clone().unwrap_or_else(|| "waiting".to_owned()));
        bar.tick();
        Ok(job.status.is_final().then_some(job))
    })
    .await;
    bar.finish_and_clear();
    if matches!(ended, Ok(None)) {
        let Awaited { work, subject } = awaited;
        leave(&format!(
            "{work} of {subject} goes on when a worker runs (`scrapersky worker`); follow it with `scrapersky jobs show {id}`"
        ))?;
    }
    workers.end().await?;
    ended
}

/// Says what happens to work that a command no longer waits for; a second signal ends the program at once.
///
/// # Errors
///
/// When signals cannot be heard.
pub fn leave(what_happens: &str) -> anyhow::Result<()> {
    let again = serve::stop_asked_for()?;
    eprintln!("scrapersky: interrupted: {what_happens}");
    eprintln!("scrapersky: handing back what runs here; Ctrl-C once more ends at once");
    tokio::spawn(async move {
        again.await;
        // The leases of its jobs run out, and other workers take them.
        std::process::exit(i32::from(INTERRUPTED));
    });
    Ok(())
}

/// Returns the exit code of an interrupted command.
#[must_use]
pub fn interrupted() -> ExitCode {
    ExitCode::from(INTERRUPTED)
}

/// Polls until there is something to return. Returns `None` when interrupted.
///
/// # Errors
///
/// When polling has failed for half a minute: the database may restart meanwhile.
pub async fn until<T>(mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<Option<T>> {
    let mut interrupted = Box::pin(serve::stop_asked_for()?);
    let mut failing_since = None;
    loop {
        match look().await {
            Ok(Some(found)) => return Ok(Some(found)),
            Ok(None) => failing_since = None,
            Err(error) if failing_since.get_or_insert_with(Instant::now).elapsed() > DATABASE_TIMEOUT => {
                return Err(error);
            }
            Err(error) => log::debug!("looking again soon: {error:#}"),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = &mut interrupted => return Ok(None),
        }
    }
}
