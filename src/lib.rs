//! ScraperSky: an HTTP API that collects leads about local businesses.
//!
//! A client posts a domain, a batch, a place search or an email scan, gets a job, follows it, and reads the rows of its
//! own tenant. Three guarantees take precedence over features: an accepted job ends, "completed" means that results
//! were produced, and a tenant sees only its own rows.
//!
//! The modules are layers. Each may name only those to its left, which a test checks:
//!
//! ```text
//! config < logging < views < error < guards < headers < routes < console < (this file) < demo < cli < main
//! ```
//!
//! Below them are the crates `scans` (the scrapers), `jobs` (the queue and its runner), `database` (connections,
//! models, every query), `web` (fetching and parsing) and `postgres` (the private PostgreSQL).

pub mod cli;
pub mod config;
mod console;
pub mod demo;
mod error;
mod guards;
mod headers;
pub mod logging;
mod routes;
mod views;

use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;

use database::pool::Pool;
use database::replica::Reads;
use jobs::{Followers, StoredRowCounts, Waiters, Waker};
use postgres::Watch;
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::{Build, Request, Rocket};
use tokio::sync::oneshot;
use web::score::ScoreRules;

use self::config::Config;
use self::guards::{Identities, Limits, Meter, OneHost, Tokens, Traffic};
use self::routes::contract::Document;
use self::routes::jobs::HostPace;
pub use self::routes::metrics::{Sources, server as metrics};
pub use self::routes::schedule_work::start as start_scheduled;
use self::routes::service::Probe;
use self::routes::suppressions::Turns;
use self::routes::webhooks::Targets;
pub use self::views::webhook::write as write_delivery;

/// Builds the HTTP API. The server and the tests share this one composition root.
///
/// # Errors
///
/// Returns an error if the client for the public keys of tokens cannot be set up, or the API's description not be written.
pub fn rocket(config: &Config, pool: Pool) -> anyhow::Result<Rocket<Build>> {
    let callers = &config.callers;
    let document = Document::new(routes::descriptions())?;
    let traffic = Traffic::default();
    let meter = Meter::default();
    let replica = config.read_database.as_ref();
    let replica = replica.map(|url| Pool::new(url, &config.pool)).transpose()?;
    let reads = Reads::new(pool.clone(), replica);
    let server = rocket::custom(&config.rocket)
        .manage(Waker::new(pool.clone()))
        .manage(Waiters::new(pool.clone()))
        .manage(Followers::new(pool.clone()))
        .manage(Probe::new(&pool)?)
        .manage(pool)
        .manage(reads)
        .manage(Identities::default())
        .manage(traffic.clone())
        .manage(meter.clone())
        .manage(Turns::default())
        .manage(Targets(config.scans.fetch.clone()))
        .manage(StoredRowCounts::default())
        .manage(Watch::default())
        .manage(config.disk())
        .manage(config.places.clone())
        .manage(config.scans.sitemap.clone())
        .manage(config.bounds())
        .manage(ScoreRules::with(config.scans.versions_file.as_deref())?)
        .manage(HostPace(config.scans.fetch.pace))
        .manage(Tokens::new(&callers.tokens)?)
        .manage(Limits::new(callers.limits))
        .manage(document.parameters())
        .manage(document)
        .attach(traffic)
        .attach(meter)
        .attach(OneHost)
        .attach(console::Failures)
        .attach(headers::Bodies)
        .attach(headers::Headers::new(callers.origins.clone()))
        // An empty shield: `Headers` sets the security headers.
        .attach(rocket::shield::Shield::new())
        .mount("/", routes::routes())
        .mount("/", console::routes())
        .register("/", error::catchers());
    Ok(with_upkeep(server))
}

/// Attaches what works beside requests, and what makes paths equal.
fn with_upkeep(server: Rocket<Build>) -> Rocket<Build> {
    server
        .attach(AdHoc::on_liftoff("Tend what works beside requests", |rocket| {
            Box::pin(async move {
                let pool = rocket.state::<Pool>().cloned();
                if let (Some(limits), Some(pool)) = (rocket.state::<Limits>(), pool) {
                    tokio::spawn(limits.tend(pool));
                }
                if let Some(reads) = rocket.state::<Reads>() {
                    tokio::spawn(reads.clone().tend());
                }
            })
        }))
        .attach(AdHoc::on_shutdown(
            "Give back requests that were taken in advance",
            |rocket| {
                Box::pin(async move {
                    if let (Some(limits), Some(pool)) = (rocket.state::<Limits>(), rocket.state::<Pool>()) {
                        limits.give_back(pool).await;
                    }
                })
            },
        ))
        .attach(AdHoc::on_request("Ignore trailing slashes", |request, _| {
            Box::pin(async move { trim_slashes(request) })
        }))
}

fn trim_slashes(request: &mut Request<'_>) {
    let uri = request.uri();
    let path = uri.path().as_str();
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() || trimmed.len() == path.len() {
        return;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(uri) = rocket::http::uri::Origin::parse_owned(format!("{trimmed}{query}")) {
        request.set_uri(uri);
    }
}

/// Returns the server with what receives the address that it listens on, once it does. The receiver fails if the server ends
/// before.
#[must_use]
pub fn telling(server: Rocket<Build>) -> (Rocket<Build>, oneshot::Receiver<SocketAddr>) {
    let (listens, listening) = oneshot::channel();
    let listens = Mutex::new(Some(listens));
    let server = server.attach(AdHoc::on_liftoff("Tell where it listens", move |rocket| {
        let listens = listens.lock().ok().and_then(|mut listens| listens.take());
        if let Some(listens) = listens {
            // The receiver may have been dropped.
            let _ = listens.send(SocketAddr::from((rocket.config().address, rocket.config().port)));
        }
        Box::pin(std::future::ready(()))
    }));
    (server, listening)
}

/// Describes why a server could not listen on `address`, or ended by itself.
#[must_use]
pub fn launch_failure(error: &rocket::Error, address: SocketAddr) -> String {
    match error.kind() {
        ErrorKind::Bind(bind) if bind.kind() == io::ErrorKind::AddrInUse => format!(
            "port {} of {} is in use: stop the program that listens there, or set another port with `--port` or ROCKET_PORT",
            address.port(),
            address.ip()
        ),
        ErrorKind::Bind(bind) => format!(
            "the server cannot listen on {address}: {bind}; ROCKET_ADDRESS and ROCKET_PORT (or `--port`) say where it listens"
        ),
        _ => format!("the server failed: {error}"),
    }
}
