//! Figures of the program in the format of `OpenMetrics`, on an address of their own.
//!
//! They name no tenant: whoever may read them learns nothing of whose work it is.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;

use chrono::{TimeDelta, Utc};
use database::models::enums::{DeliveryStatus, JobStatus};
use database::pool::Pool;
use database::repo::events::{self, EndCount};
use database::repo::jobs::waiting::{self, OpenJobs};
use database::repo::webhook_deliveries;
use jobs::{Followers, RunnerStats};
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

/// What the database knows.
struct Asked {
    open: Vec<OpenJobs>,
    ended: Vec<EndCount>,
    deliveries: Vec<(DeliveryStatus, i64)>,
}

/// The labels of connections.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

impl Sources {
    /// Returns the sources of a server with this pool, and of the workers in its process.
    #[must_use]
    pub fn of_server(server: &Rocket<Ignite>, pool: Pool, stats: Option<RunnerStats>) -> Self {
        Self {
            pool,
            stats,
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
        if let Some(stats) = &self.stats {
            let counts = stats.snapshot();
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

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
