//! `scrapersky serve` and `scrapersky worker`.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use clap::Args;
use database::connection::Connection;
use database::migrate;
use database::pool::Pool;
use database::settings::PoolConfig;
use jobs::{JobsConfig, Room, Runner};
use postgres::Watch;
use scans::places::retention;
use scans::schedules::Scheduler;
use scans::webhooks::Courier;
use scans::{Services, leads};
use tokio::sync::oneshot;
use web::score::ScoreRules;

use super::bring_up::{Database, embedded_options};
use super::keys;
use super::run::{RuleSets, block_on, require_schema};
use crate::Sources;
use crate::config::{Config, DatabaseSource};
use crate::guards::{Meter, Traffic, make_link};

/// The maximum number of connections that the workers of a server open in addition to its own, above the one they
/// keep. A job needs one for milliseconds, when it reports and when it stores.
const WORKER_CONNECTIONS: usize = 4;

/// How long a worker waits at its start for a database that does not answer, and between two tries.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(30);
const DATABASE_PAUSE: Duration = Duration::from_millis(500);

/// How long no request may be in progress before a server that stops closes its connections: answers may still be on
/// their way, and requests that were sent before the listener closed.
const LINGER: Duration = Duration::from_millis(1000);

/// How the server runs.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ServeOptions {
    /// Number of jobs to run at a time in this process; 0 leaves them to `scrapersky worker`
    #[arg(long, value_name = "N")]
    workers: Option<usize>,
    /// Does not migrate the database; refuses to start if it has to be migrated
    #[arg(long)]
    no_migrate: bool,
    /// Port to listen on, instead of that of the settings (`ROCKET_PORT`, 8000 by default)
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
}

/// Serves the HTTP API, and runs jobs, until it is told to stop.
///
/// # Errors
///
/// When the database, the schema or a setting does not allow it.
pub fn serve(options: &ServeOptions, config: &Config) -> anyhow::Result<()> {
    let rules = RuleSets::read(config)?;
    let database = Database::bring_up(config)?;
    block_on(async {
        if !options.no_migrate {
            bring_up_to_date(&database).await?;
        }
        require_schema(&database).await?;
        let pool = Pool::new(&database.url, &config.pool)?;
        let config = &options
            .port
            .map_or_else(|| config.clone(), |port| config.with_port(port));
        let address = config.listening_address()?;
        let greeting = greeting(&pool, config).await?;
        let (server, listening) = crate::telling(crate::rocket(config, pool.clone())?);
        let ready = server.ignite().await.context("the server cannot start")?;
        if let Some(watch) = ready.state::<Watch>() {
            revive(watch, config)?;
        }
        let score = rules.score.clone();
        let runner = runner_of_server((options.workers, rules), config, &database)?;
        if runner.is_some() {
            tend(&pool, config, score)?;
        }
        let sources = Sources::of_server(&ready, pool, runner.as_ref());
        let figures = serve_figures(config, sources).await?;
        let (stop_working, stopped) = oneshot::channel::<()>();
        let working = tokio::spawn(work_behind(listening, greeting, runner, stopped));
        let asked = stop_asked_for()?;
        let traffic = ready.state::<Traffic>().cloned().unwrap_or_default();
        let shutdown = ready.shutdown();
        let stopping = async {
            asked.await;
            drop(stop_working);
            drain(&traffic, config.drain).await?;
            shutdown.notify();
            // Rocket waits for its whole grace period if a connection is open at this instant.
            traffic.idle_for(LINGER).await;
            anyhow::Ok(())
        };
        let served = tokio::select! {
            served = ready.launch() => served.map(drop).map_err(|error| anyhow!(crate::launch_failure(&error, address))),
            stopped = stopping => stopped,
        };
        working.await.context("the workers failed")?;
        drop(figures);
        log::info!(
            "the server at http://{address} stopped: {} requests in progress",
            traffic.in_progress()
        );
        served
    })
}

/// Migrates the database, and repairs what guards its rows.
async fn bring_up_to_date(database: &Database) -> anyhow::Result<()> {
    migrate::up(&database.direct).await?;
    for safeguard in migrate::repair(&database.direct).await? {
        log::warn!("repaired {safeguard}");
    }
    Ok(())
}

/// Says where the server listens, once it does, and runs its workers until they are stopped.
async fn work_behind(
    listening: oneshot::Receiver<SocketAddr>,
    greeting: String,
    runner: Option<Runner<Services>>,
    stopped: oneshot::Receiver<()>,
) {
    // Without a listener the server ends at once: its workers claim nothing.
    let Ok(address) = listening.await else { return };
    say!(
        "ScraperSky listens on http://{address}.{}",
        greeting.replace(ADDRESS, &address.to_string())
    );
    log::info!("the server at http://{address} started");
    if let Some(runner) = runner {
        // A sender that is gone says the same.
        runner.run(async { drop(stopped.await) }).await;
    }
}

/// Prepares the workers of a server, with connections of their own: a heartbeat that waits behind requests for a
/// connection loses jobs.
fn runner_of_server(
    workers: (Option<usize>, RuleSets),
    config: &Config,
    database: &Database,
) -> anyhow::Result<Option<Runner<Services>>> {
    let connections = PoolConfig {
        base: config.pool.base.min(1),
        overflow: WORKER_CONNECTIONS,
        ..config.pool
    };
    runner(workers, config, database, Pool::new(&database.url, &connections)?)
}

/// The place of the server's address in a greeting, which is known when the server listens.
const ADDRESS: &str = "{address}";

/// Returns what operators are told once the server listens: how it is called.
async fn greeting(pool: &Pool, config: &Config) -> anyhow::Result<String> {
    if config.database != DatabaseSource::Embedded {
        return Ok(" `scrapersky keys create` makes an API key.".to_owned());
    }
    let file = keys::ensure_default_key(pool, &config.data_dir).await?;
    let key = file.display();
    // Whoever reads this could read the key as well. A log is read by others, and later.
    let console = if std::io::stdout().is_terminal() {
        let key = std::fs::read_to_string(&file).with_context(|| format!("the key in {key} cannot be read"))?;
        let link = make_link(pool, key.trim()).await?;
        format!("The console, signed in (once, within half an hour): http://{ADDRESS}{link}\n")
    } else {
        String::new()
    };
    Ok(format!(
        "\n{console}The API key of the default tenant is in {key}.\n\
         Try: curl -s -H \"Authorization: Bearer $(cat {key})\" -H 'Content-Type: application/json' \\\n       \
         -d '{{\"base_url\": \"example.com\"}}' http://{ADDRESS}/api/v1/scrapersky"
    ))
}

/// Serves the figures of the process, if the settings name an address, until the answer is dropped.
async fn serve_figures(config: &Config, sources: Sources) -> anyhow::Result<Option<oneshot::Sender<()>>> {
    let Some(address) = config.metrics else {
        return Ok(None);
    };
    let (server, listening) = crate::telling(crate::metrics(&config.rocket, address, sources));
    let ready = server
        .ignite()
        .await
        .context("the server of the figures cannot start")?;
    let shutdown = ready.shutdown();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        let served = ready.launch().await;
        served
            .map(drop)
            .map_err(|error| anyhow!(crate::launch_failure(&error, address)))
    });
    let Ok(address) = listening.await else {
        return served.await?.map(|()| None);
    };
    log::info!("the figures are at http://{address}/metrics");
    tokio::spawn(async move {
        // A sender that is gone says the same.
        let _ = stopped.await;
        shutdown.notify();
    });
    Ok(Some(stop))
}

/// Serves on for `time` while `/ready` says that the server stops, or until it is told to stop once more.
async fn drain(traffic: &Traffic, time: Duration) -> anyhow::Result<()> {
    traffic.begin_draining();
    log::info!(
        "the server stops: {} requests in progress, the listener closes in {} s",
        traffic.in_progress(),
        time.as_secs_f64()
    );
    let again = stop_asked_for()?;
    // A drain that is over tells nothing new.
    let _ = tokio::time::timeout(time, again).await;
    Ok(())
}

/// Runs jobs until it is told to stop.
///
/// # Errors
///
/// As [`serve`].
pub fn work(workers: Option<usize>, config: &Config) -> anyhow::Result<()> {
    let rules = RuleSets::read(config)?;
    let database = Database::bring_up(config)?;
    block_on(async {
        // Heard from the start: whoever is told that a worker works may stop it at once.
        let mut stop = pin!(stop_asked_for()?);
        let prepared = async {
            wait_for(&database).await?;
            require_schema(&database).await?;
            let pool = Pool::new(&database.url, &config.pool)?;
            anyhow::Ok((runner((workers, rules.clone()), config, &database, pool.clone())?, pool))
        };
        let (runner, pool) = tokio::select! {
            () = &mut stop => return Ok(()),
            prepared = prepared => prepared?,
        };
        let Some(runner) = runner else {
            anyhow::bail!("a worker needs at least one worker: use `--workers 1` or more");
        };
        revive(&Watch::default(), config)?;
        tend(&pool, config, rules.score)?;
        let sources = Sources {
            pool,
            stats: Some(runner.stats()),
            fetches: Some(runner.services().fetcher.counts()),
            disk: config.disk(),
            meter: Meter::default(),
            followers: None,
        };
        let _figures = serve_figures(config, sources).await?;
        say!("ScraperSky runs jobs as {}.", runner.name());
        runner.run(stop).await;
        Ok(())
    })
}

/// Begins what workers do besides jobs.
fn tend(pool: &Pool, config: &Config, score: ScoreRules) -> anyhow::Result<()> {
    let scheduler = Scheduler::new(pool.clone(), config.bounds(), crate::start_scheduled, room(config));
    tokio::spawn(retention::watch(pool.clone(), config.places.clone()));
    tokio::spawn(leads::watch(pool.clone(), score));
    tokio::spawn(courier(pool, config)?.run());
    tokio::spawn(scheduler.run());
    Ok(())
}

/// Prepares who posts events to webhooks.
fn courier(pool: &Pool, config: &Config) -> anyhow::Result<Courier> {
    let courier = Courier::new(
        pool.clone(),
        &config.scans.fetch,
        config.webhooks,
        crate::write_delivery,
    );
    courier.context("webhooks cannot be posted to")
}

/// Starts the private PostgreSQL again whenever it dies, if that is the database.
fn revive(watch: &Watch, config: &Config) -> anyhow::Result<()> {
    match config.database {
        DatabaseSource::Embedded => watch.begin(embedded_options(config)).context("cannot start a thread"),
        DatabaseSource::Server { .. } => Ok(()),
    }
}

/// Waits for a database that is just being started again: a worker that ends because of it would be missing when it is back.
async fn wait_for(database: &Database) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        match Connection::connect(&database.url).await {
            Ok(_) => return Ok(()),
            Err(error) if begun.elapsed() > DATABASE_TIMEOUT => return Err(error.into()),
            Err(error) => log::warn!("waiting for the database: {error}"),
        }
        tokio::time::sleep(DATABASE_PAUSE).await;
    }
}

/// Returns who tells jobs whether the database has room for more.
fn room(config: &Config) -> Room {
    let disk = config.disk();
    Room::new(move || disk.shortage().map(|shortage| shortage.to_string()))
}

/// Prepares the workers of this process, with their number and their rules; `None` when it is to
/// have none.
pub(super) fn runner(
    (workers, rules): (Option<usize>, RuleSets),
    config: &Config,
    database: &Database,
    pool: Pool,
) -> anyhow::Result<Option<Runner<Services>>> {
    let jobs = JobsConfig {
        workers: workers.unwrap_or(config.jobs.workers),
        ..config.jobs
    };
    if jobs.workers == 0 {
        return Ok(None);
    }
    let services = Arc::new(
        Services::new(&config.scans, rules.technologies)?
            .scoring_by(rules.score)
            .with_places(&config.scans.fetch, &config.places)?
            .sharing_pace(pool.clone()),
    );
    let runner = Runner::new(pool, scans::registry(), services, jobs)?;
    Ok(Some(
        runner.listening_at(database.direct.clone()).watching(room(config)),
    ))
}

/// Ends at the first SIGTERM or SIGINT.
pub(super) fn stop_asked_for() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
