//! Figures of the program in the format of `OpenMetrics`, on an address of their own.
//!
//! They name no tenant: whoever may read them learns nothing of whose work it is.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;

use chrono::{TimeDelta, Utc};
use database::models::enums::{DeliveryStatus, JobStatus, RunOutcome};
use database::pool::Pool;
use database::repo::api_calls::{self, Billed};
use database::repo::events::{self, EndCount};
use database::repo::jobs::waiting::{self, OpenJobs};
use database::repo::{schedule_runs, webhook_deliveries};
use jobs::{Followers, Runner, RunnerStats};
use postgres::Disk;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;
use rocket::figment::Figment;
use rocket::http::ContentType;
use rocket::{Build, Ignite, Rocket, State, get};
use scans::Services;
use scans::places::money::Usd;
use web::fetch::FetchCounts;

use crate::error::{ApiError, ApiResult, catchers};
use crate::guards::Meter;

/// The time of which the ends of jobs are counted.
const RECENTLY: TimeDelta = TimeDelta::minutes(5);

/// Where the figures of a process come from.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The connections of its requests or jobs.
    pub pool: Pool,
    /// What its workers did; `None` if it has none.
    pub stats: Option<RunnerStats>,
    /// The disk of the database.
    pub disk: Disk,
    /// Its requests.
    pub meter: Meter,
    /// Its streams of events.
    pub followers: Option<Followers>,
    /// The requests of its workers to other hosts; `None` if it has none.
    pub fetches: Option<FetchCounts>,
}

/// Builds the server of the figures.
#[must_use]
pub fn server(settings: &Figment, address: SocketAddr, sources: Sources) -> Rocket<Build> {
    let settings = settings
        .clone()
        .merge(("address", address.ip()))
        .merge(("port", address.port()));
    rocket::custom(settings)
        .manage(sources)
        .mount("/", rocket::routes![get_metrics])
        .register("/", catchers())
}

#[get("/metrics")]
async fn get_metrics(sources: &State<Sources>) -> ApiResult<(ContentType, String)> {
    let text = sources.text().await?;
    let kind = ContentType::new("application", "openmetrics-text");
    Ok((kind.with_params([("version", "1.0.0"), ("charset", "utf-8")]), text))
}

/// The labels of jobs that have not ended.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Open {
    kind: String,
    status: &'static str,
}

/// The labels of the oldest waiting job.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfKind {
    kind: String,
}

/// The labels of jobs that have ended.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ended {
    kind: String,
    status: String,
    outcome: String,
}

/// The labels of deliveries.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Became {
    status: &'static str,
}

/// The labels of runs of schedules.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ran {
    outcome: &'static str,
}

/// The labels of paid calls.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Paid {
    sku: String,
}

/// What the database knows.
struct Asked {
    open: Vec<OpenJobs>,
    ended: Vec<EndCount>,
    deliveries: Vec<(DeliveryStatus, i64)>,
    runs: Vec<(RunOutcome, i64)>,
    paid: Vec<(String, Billed)>,
}

/// The labels of connections.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

impl Sources {
    /// Returns the sources of a server with this pool, and of the workers in its process.
    #[must_use]
    pub fn of_server(server: &Rocket<Ignite>, pool: Pool, runner: Option<&Runner<Services>>) -> Self {
        Self {
            pool,
            stats: runner.map(Runner::stats),
            fetches: runner.map(|runner| runner.services().fetcher.counts()),
            disk: server.state().cloned().unwrap_or_default(),
            meter: server.state().cloned().unwrap_or_default(),
            followers: server.state().cloned(),
        }
    }

    /// Returns all figures. Those of the database are left out while it cannot be asked.
    async fn text(&self) -> ApiResult<String> {
        let mut registry = Registry::with_prefix("scrapersky");
        self.meter.register(&mut registry);
        self.add_process(&mut registry);
        let asked = self.ask().await;
        let answers = ConstGauge::new(i64::from(asked.is_ok()));
        registry.register("database_answers", "Whether the database answered", answers);
        match asked {
            Ok(asked) => {
                add_open(&mut registry, asked.open);
                add_ended(&mut registry, asked.ended);
                add_deliveries(&mut registry, &asked.deliveries);
                add_runs(&mut registry, &asked.runs);
                add_paid(&mut registry, asked.paid);
            }
            Err(error) => log::warn!("the figures lack those of the database: {error}"),
        }
        let mut text = String::new();
        encode(&mut text, &registry)
            .map_err(|fmt::Error| ApiError::Internal("writing the figures failed".to_owned()))?;
        Ok(text)
    }

    async fn ask(&self) -> ApiResult<Asked> {
        let mut conn = self.pool.system().await?;
        let since = Utc::now() - RECENTLY;
        Ok(Asked {
            open: waiting::list_open(&mut conn).await?,
            ended: events::count_ends(&mut conn, since).await?,
            deliveries: webhook_deliveries::count_recent(&mut conn, since).await?,
            runs: schedule_runs::count_recent(&mut conn, since).await?,
            paid: api_calls::count_recent(&mut conn, since).await?,
        })
    }

    /// Adds what the process knows by itself.
    fn add_process(&self, registry: &mut Registry) {
        let status = self.pool.status();
        let connections = Family::<InState, Gauge>::default();
        for (state, count) in [
            ("idle", status.idle),
            ("in_use", status.in_use),
            ("waited_for", status.waiting),
        ] {
            connections.get_or_create(&InState { state }).set(whole(count));
        }
        registry.register(
            "connections",
            "Connections of the pool, and callers that wait for one",
            connections,
        );
        let most = ConstGauge::new(whole(status.max));
        registry.register("connections_max", "Maximum number of connections", most);
        registry.register(
            "connection_wait_seconds",
            "Time that callers waited for a connection",
            self.pool.waits().clone(),
        );
        if let Some(free) = self.disk.free() {
            let free = ConstGauge::new(i64::try_from(free).unwrap_or(i64::MAX));
            registry.register("disk_free_bytes", "Free room on the disk of the database", free);
        }
        let shortage = ConstGauge::new(i64::from(self.disk.shortage().is_some()));
        registry.register(
            "disk_short",
            "Whether the disk of the database is short of room",
            shortage,
        );
        if let Some(followers) = &self.followers {
            let streams = ConstGauge::new(whole(followers.count()));
            registry.register("event_streams", "Open streams of events", streams);
        }
        if let Some(fetches) = &self.fetches {
            fetches.register(registry);
        }
        if let Some(stats) = &self.stats {
            add_workers(registry, stats);
        }
    }
}

/// Adds what the workers of the process did.
fn add_workers(registry: &mut Registry, stats: &RunnerStats) {
    let counts = stats.snapshot();
    if let Some(beat) = stats.last_beat() {
        registry.register(
            "worker_last_heartbeat_timestamp_seconds",
            "When the leases of running jobs were last extended, in seconds since 1970",
            ConstGauge::new(beat.timestamp()),
        );
    }
    registry.register(
        "worker_attempt_duration_seconds",
        "Time of attempts that were not interrupted, by the kind of the job",
        stats.durations(),
    );
    let running = ConstGauge::new(i64::try_from(counts.running).unwrap_or(i64::MAX));
    registry.register("worker_jobs_running", "Jobs that run in this process", running);
    for (name, help, count) in [
        ("worker_attempts", "Attempts that were begun", counts.claimed),
        ("worker_jobs_completed", "Jobs that completed", counts.completed),
        ("worker_jobs_failed", "Jobs that failed for good", counts.failed),
        (
            "worker_attempts_retried",
            "Failed attempts that are repeated",
            counts.retried,
        ),
        (
            "worker_jobs_cancelled",
            "Jobs that were cancelled while they ran",
            counts.cancelled,
        ),
        ("worker_leases_lost", "Jobs whose lease was lost", counts.lost),
        (
            "worker_jobs_handed_back",
            "Jobs handed back at shutdown",
            counts.released,
        ),
    ] {
        registry.register(name, help, ConstCounter::new(count));
    }
}

fn add_open(registry: &mut Registry, open: Vec<OpenJobs>) {
    let jobs = Family::<Open, Gauge>::default();
    let oldest = Family::<OfKind, Gauge<f64, AtomicU64>>::default();
    let now = Utc::now();
    for OpenJobs {
        kind,
        status,
        jobs: count,
        due_at,
    } in open
    {
        let labels = Open {
            kind: kind.clone(),
            status: status.label(),
        };
        jobs.get_or_create(&labels).set(count);
        if let Some(due_at) = due_at.filter(|_| status == JobStatus::Pending) {
            let waited = (now - due_at).as_seconds_f64().max(0.0);
            oldest.get_or_create(&OfKind { kind }).set(waited);
        }
    }
    registry.register("jobs", "Jobs that have not ended, of all processes", jobs);
    registry.register(
        "jobs_oldest_waiting_seconds",
        "How long the job that is due for longest has waited",
        oldest,
    );
}

fn add_ended(registry: &mut Registry, ended: Vec<EndCount>) {
    let jobs = Family::<Ended, Gauge>::default();
    for EndCount {
        kind,
        status,
        outcome,
        jobs: count,
    } in ended
    {
        let labels = Ended {
            kind,
            status,
            outcome: outcome.unwrap_or_else(|| "none".to_owned()),
        };
        jobs.get_or_create(&labels).set(count);
    }
    registry.register(
        "jobs_ended_recently",
        "Jobs that ended in the last five minutes, of all processes",
        jobs,
    );
}

fn add_deliveries(registry: &mut Registry, counts: &[(DeliveryStatus, i64)]) {
    let deliveries = Family::<Became, Gauge>::default();
    for (status, count) in counts {
        let status = status.label();
        deliveries.get_or_create(&Became { status }).set(*count);
    }
    registry.register(
        "webhook_deliveries",
        "Events for webhooks that wait, and that ended in the last five minutes, of all processes",
        deliveries,
    );
}

fn add_runs(registry: &mut Registry, counts: &[(RunOutcome, i64)]) {
    let runs = Family::<Ran, Gauge>::default();
    for (outcome, count) in counts {
        let outcome = outcome.label();
        runs.get_or_create(&Ran { outcome }).set(*count);
    }
    registry.register(
        "schedule_runs_recently",
        "Runs of schedules in the last five minutes that were started, refused or missed, or had nothing to do, of all processes",
        runs,
    );
}

fn add_paid(registry: &mut Registry, billed: Vec<(String, Billed)>) {
    let calls = Family::<Paid, Gauge>::default();
    let costs = Family::<Paid, Gauge<f64, AtomicU64>>::default();
    for (sku, billed) in billed {
        // As the decimal number that it is shown as everywhere.
        let dollars = Usd::from_micros(billed.price_micros())
            .to_string()
            .parse()
            .unwrap_or_default();
        let sku = Paid { sku };
        calls.get_or_create(&sku).set(billed.calls);
        costs.get_or_create(&sku).set(dollars);
    }
    registry.register(
        "paid_calls_recently",
        "Billed calls of paid services in the last five minutes, of all processes",
        calls,
    );
    registry.register("paid_cost_recently_dollars", "Their list price in US dollars", costs);
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
