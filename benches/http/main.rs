//! The API over HTTP, beside the same statements sent to PostgreSQL directly in the same run.
//!
//! Starts the program on a private PostgreSQL that waits for the disk, with ten tenants of 10,000 places each. For each
//! kind of request, the API and `pgbench` (prepared statements, under the program's role and tenant) take turns
//! `HTTP_ROUNDS` times (3 unless set) for `HTTP_SECONDS` (5); the medians and their ratio are printed. Limits are set
//! and counted, and no request reaches them. At last 100 scans of a hostile page are under way while `/ready` is asked.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a benchmark that cannot run ends"
)]

mod clients;
mod direct;
mod program;

use std::time::Duration;
use std::{env, fs};

use postgres::{DATABASE, Durability, EmbeddedOptions, EmbeddedPostgres};
use scrapersky::demo::sites::Sites;
use serde_json::Value;
use tokio::runtime::Builder;

use self::clients::{Answers, Request};
use self::direct::Direct;
use self::program::Program;

/// Clients of the API.
const CLIENTS: usize = 32;
/// Scans of a hostile page that are under way at once.
const HOSTILE: usize = 100;

fn main() {
    let count = |name: &str, default: u64| env::var(name).map_or(default, |text| text.parse().unwrap());
    let (rounds, time) = (count("HTTP_ROUNDS", 3), Duration::from_secs(count("HTTP_SECONDS", 5)));
    let folder = env::temp_dir().join(format!("scrapersky-http-{}", std::process::id()));
    let postgres = EmbeddedPostgres::start(&EmbeddedOptions {
        data_dir: folder.clone(),
        pg_bin: None,
        durability: Durability::Durable,
    })
    .unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(compare(&postgres.url(DATABASE), rounds, time));
    postgres.stop().unwrap();
    fs::remove_dir_all(folder).unwrap();
}

async fn compare(url: &str, rounds: u64, time: Duration) {
    let sites = Sites::open().await.unwrap();
    let program = Program::install(url, &sites);
    let direct = Direct::fill(url).await;
    let server = program.serve().await;
    println!(
        "started in {:.0?}, {} MB of memory",
        server.started_in,
        server.memory("VmRSS")
    );
    let scan = server
        .post("/api/v1/scrapersky", r#"{"base_url":"first.demo.test"}"#)
        .await;
    let status = scan.get("status_url").and_then(Value::as_str).unwrap();
    let job = direct.any_job().await;
    let kinds = [
        ("GET /live", Request::get("/live"), None),
        ("POST /scrapersky", Request::scans(), Some(direct.scan())),
        ("GET /status/<id>", Request::get(status), Some(direct.job(&job))),
        (
            "GET 100 places",
            Request::get("/api/v1/places/staging?limit=100"),
            Some(direct.places()),
        ),
    ];
    for (name, request, statements) in kinds {
        let mut answers = Vec::new();
        let mut rates = Vec::new();
        for _ in 0..rounds {
            answers.push(clients::load(&server, &request, CLIENTS, time).await);
            if let Some(statements) = &statements {
                rates.push(direct.pgbench(statements, time));
            }
        }
        report(name, answers, rates);
    }
    println!("after the load {} MB of memory", server.memory("VmRSS"));
    beside_hostile_scans(&program, &server).await;
}

/// Prints the medians of several rounds.
fn report(name: &str, mut answers: Vec<Answers>, mut rates: Vec<f64>) {
    answers.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    rates.sort_by(f64::total_cmp);
    let ours = answers.get(answers.len() / 2).unwrap();
    let beside = rates.get(rates.len() / 2).map_or_else(String::new, |direct| {
        format!(", PostgreSQL alone {direct:.0}/s: {:.2} of it", ours.rate / direct)
    });
    println!(
        "{name}: {:.0}/s, median {:.1?}, p99 {:.1?}{beside}",
        ours.rate, ours.median, ours.p99
    );
}

/// Prints how fast the server says that it is ready while workers read hostile pages.
async fn beside_hostile_scans(program: &Program, server: &program::Server) {
    let workers = program.work();
    for _ in 0..HOSTILE {
        server
            .post("/api/v1/scrapersky", r#"{"base_url":"hostile.demo.test"}"#)
            .await;
    }
    let time = Duration::from_secs(5);
    let answers = clients::load(server, &Request::get("/ready"), 1, time).await;
    println!(
        "GET /ready beside {HOSTILE} scans of a hostile page: median {:.1?}, p99 {:.1?}; the worker used {} MB at most",
        answers.median,
        answers.p99,
        workers.memory("VmHWM")
    );
}
