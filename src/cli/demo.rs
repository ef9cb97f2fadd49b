//! `scrapersky demo`: everything at once, on this machine alone.

use std::fs;
use std::pin::pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use database::migrate;
use database::pool::Pool;
use database::repo::tenants::DEFAULT_TENANT;
use indicatif::{ProgressBar, ProgressStyle};
use postgres::{DATABASE, Durability, EmbeddedError, EmbeddedOptions, EmbeddedPostgres};
use reqwest::{Client, RequestBuilder};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::bring_up::Database;
use super::run::block_on;
use super::scan::{self, Scanned};
use super::work::Workers;
use super::{keys, serve, work};
use crate::config::Config;
use crate::demo;
use crate::demo::places_api::{PlacesApi, Trouble, World};
use crate::demo::sites::{DOMAINS, SUFFIX, Sites};
use crate::guards::make_link;

/// How often the demo polls the batch.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long the scans may take, with a wide margin.
const AT_MOST: Duration = Duration::from_secs(120);
/// The delay before the broken site is tried again, shorter than the usual one.
const RETRY: Duration = Duration::from_millis(500);

/// Options of the demo.
#[derive(Clone, Copy, Debug, Args)]
pub struct DemoOptions {
    /// Keeps serving after the table is printed, until interrupted
    #[arg(long)]
    keep: bool,
}

/// Starts a temporary PostgreSQL, sample sites, the HTTP API and workers; posts a batch as a client does, follows it
/// and prints what was found. Leaves nothing behind.
///
/// # Errors
///
/// When a part cannot be started, or the API answers with an error.
pub fn run(options: DemoOptions, config: &Config) -> anyhow::Result<ExitCode> {
    block_on(async {
        // Heard before anything exists that would be left behind.
        let mut interrupted = pin!(serve::stop_asked_for()?);
        let temporary = Temporary::new(config);
        say!(
            "Starting a PostgreSQL for this demo in {} ...",
            temporary.options.data_dir.display()
        );
        let mut starting = temporary.start();
        let (server, is_interrupted) = tokio::select! {
            server = &mut starting => (server, false),
            // What is being started has to be there before it can be removed.
            () = &mut interrupted => {
                say!("Stopping as soon as it has started ...");
                (starting.await, true)
            }
        };
        let shown = match server.context("the start was cut off")? {
            Ok(_) if is_interrupted => Ok(work::interrupted()),
            Ok(server) => tokio::select! {
                shown = show(options, config, &server) => shown.map(|()| ExitCode::SUCCESS),
                () = &mut interrupted => {
                    say!("Stopping ...");
                    Ok(if options.keep { ExitCode::SUCCESS } else { work::interrupted() })
                }
            },
            Err(_) if is_interrupted => Ok(work::interrupted()),
            Err(error) => Err(error.into()),
        };
        let removed = tokio::task::spawn_blocking(move || temporary.remove()).await?;
        shown.and_then(|code| removed.map(|()| code))
    })
}

async fn show(options: DemoOptions, config: &Config, postgres: &EmbeddedPostgres) -> anyhow::Result<()> {
    let url = postgres.url(DATABASE).parse()?;
    say!("Creating the tables ...");
    migrate::up(&url).await?;
    let database = Database {
        direct: url.clone(),
        url,
    };
    let pool = Pool::new(&database.url, &config.pool)?;
    let tenant = keys::tenant(&pool, DEFAULT_TENANT).await?;
    let (_, key) = keys::create(&pool, tenant, "demo", &[], None).await?;

    say!("Opening the sample sites, the HTTP API and workers ...");
    let sites = Sites::open().await.context("the sample sites cannot be opened")?;
    let mut config = config.clone();
    config.scans.fetch.connect_to = sites.connect_to();
    config.jobs.retry_base = RETRY;
    // The businesses on the map have their sites among the samples.
    let world = World {
        websites: SUFFIX.to_owned(),
        ..World::default()
    };
    let google = PlacesApi::start(world)
        .await
        .context("the stand-in for Google cannot be opened")?;
    config.places.url = google.url().parse()?;
    config.places.key = Some(SecretString::from("demo"));
    // It is refused once, as Google does when it is asked too fast, and then answers.
    google.trouble(1, Trouble::Status("OVER_QUERY_LIMIT", "You have exceeded your quota."));
    config.rocket = demo::figment();
    // A demo follows what it starts more closely than clients should.
    config.callers.limits.caller.reads = 0;
    config.callers.limits.tenant.reads = 0;
    let server = demo::launch(crate::rocket(&config, pool.clone())?).await?;
    let workers = Workers::start(&config, &database, &pool)?;
    let api = Api::new(format!("http://{}", server.addr), key.expose())?;
    say!(
        "The HTTP API is at {}, the sample sites at {}.\n",
        api.url,
        sites.addr()
    );

    let posted = api.post("/api/v1/batch", &json!({ "domains": DOMAINS })).await?;
    let batch: Accepted = serde_json::from_value(posted)?;
    say!(
        "Posted a batch of {} domains; its status is at {}.",
        DOMAINS.len(),
        batch.status_url
    );
    say!("{}\n", scan::table(&api.follow(&batch).await?));
    api.search_places().await?;
    api.show_leads().await?;

    if options.keep {
        stay_open(&pool, &api).await?;
    } else {
        say!("`scrapersky demo --keep` leaves the API open; `scrapersky` alone starts the real server.");
    }
    server.close().await;
    workers.end().await?;
    Ok(())
}

/// Says where the server is, and keeps it open until the demo is interrupted.
async fn stay_open(pool: &Pool, api: &Api) -> anyhow::Result<()> {
    let link = make_link(pool, &api.key).await?;
    say!(
        "The console, signed in (once, within half an hour): {}{link}\n",
        api.url
    );
    say!("The API goes on until you press Ctrl-C. For the tour in the README:");
    say!("  export API={}", api.url);
    say!("  export KEY={}", api.key);
    say!("Every route is described at {}/docs.", api.url);
    std::future::pending().await
}

/// A client of the HTTP API.
struct Api {
    http: Client,
    url: String,
    key: String,
}

/// The answer to a new batch.
#[derive(Deserialize)]
struct Accepted {
    status_url: String,
}

/// The status of a search for places.
#[derive(Deserialize)]
struct Search {
    status: String,
    stored_places: u64,
    calls: u64,
    error: Option<String>,
}

/// A page of the list of places.
#[derive(Deserialize)]
struct Places {
    places: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    name: String,
    formatted_address: Option<String>,
    rating: Option<f64>,
}

/// A page of the list of leads.
#[derive(Deserialize)]
struct Leads {
    items: Vec<Lead>,
}

#[derive(Deserialize)]
struct Lead {
    score: Option<i16>,
    name: String,
    score_reasons: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    because: String,
}

/// The status of a batch.
#[derive(Deserialize)]
struct Batch {
    status: String,
    total_jobs: u64,
    completed_jobs: u64,
    failed_jobs: u64,
    jobs: Vec<Entry>,
}

/// A domain of a batch.
#[derive(Deserialize)]
struct Entry {
    domain: String,
    job_id: Option<String>,
    status: String,
    outcome: Option<String>,
    error: Option<String>,
}

/// The status of a scan.
#[derive(Deserialize)]
struct Status {
    metadata: Option<Value>,
}

impl Api {
    fn new(url: String, key: &str) -> anyhow::Result<Self> {
        // This client speaks plain HTTP to loopback, and is not built without some TLS all the same. An error
        // says that there is a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder().no_proxy().timeout(AT_MOST).build()?;
        let key = key.to_owned();
        Ok(Self { http, url, key })
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request
            .header("Content-Type", "application/json")
            .body(body.to_string());
        self.answer(path, request).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.answer(path, self.http.get(format!("{}{path}", self.url))).await
    }

    async fn answer<T: DeserializeOwned>(&self, path: &str, request: RequestBuilder) -> anyhow::Result<T> {
        let response = request.bearer_auth(&self.key).send().await?;
        let status = response.status();
        let body = response.bytes().await?;
        ensure!(
            status.is_success(),
            "{path} answered {status}: {}",
            String::from_utf8_lossy(&body)
        );
        serde_json::from_slice(&body).with_context(|| format!("{path} gave an unexpected answer"))
    }

    /// Searches for places on the sample map and prints some of them.
    async fn search_places(&self) -> anyhow::Result<()> {
        let wanted = json!({ "business_type": "dentist", "location": "Houston, TX", "max_results": 60 });
        let posted = self.post("/api/v1/places/search", &wanted).await?;
        let accepted: Accepted = serde_json::from_value(posted)?;
        say!(
            "Searched for dentists in Houston, TX, on a made-up map; the search's status is at {}.",
            accepted.status_url
        );
        let begun = Instant::now();
        let ended = loop {
            let search: Search = self.get(&accepted.status_url).await?;
            match search.status.as_str() {
                "pending" | "running" if begun.elapsed() > AT_MOST => {
                    bail!("the search has not ended after {} s", AT_MOST.as_secs());
                }
                "pending" | "running" => tokio::time::sleep(LOOK_EVERY).await,
                _ => break search,
            }
        };
        ensure!(
            ended.status == "completed",
            "the search ended as {}: {}",
            ended.status,
            ended.error.unwrap_or_default()
        );
        let first: Places = self.get("/api/v1/places/staging?sort=-rating&limit=5").await?;
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_header(["name", "address", "rating"]);
        for place in first.places {
            let rating = place.rating.map(|rating| rating.to_string()).unwrap_or_default();
            table.add_row([place.name, place.formatted_address.unwrap_or_default(), rating]);
        }
        say!(
            "{table}\n... {} places in all, by {} calls.\n",
            ended.stored_places,
            ended.calls
        );
        Ok(())
    }

    /// Prints the leads with the highest scores, and why.
    async fn show_leads(&self) -> anyhow::Result<()> {
        let first: Leads = self.get("/api/v1/leads?sort=-score&limit=5").await?;
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(["score", "lead", "why"]);
        for lead in first.items {
            let why: Vec<String> = lead.score_reasons.into_iter().map(|reason| reason.because).collect();
            let score = lead.score.map(|score| score.to_string()).unwrap_or_default();
            table.add_row([score, lead.name, why.join("; ")]);
        }
        say!("The leads with the highest scores:\n{table}\n");
        Ok(())
    }

    /// Shows the progress of a batch until it ends, and returns its results.
    async fn follow(&self, accepted: &Accepted) -> anyhow::Result<Vec<Scanned>> {
        let begun = Instant::now();
        let bar = ProgressBar::new(0);
        bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} domains, {elapsed}")?);
        let batch = loop {
            let batch: Batch = self.get(&accepted.status_url).await?;
            bar.set_length(batch.total_jobs);
            bar.set_position(batch.completed_jobs + batch.failed_jobs);
            match batch.status.as_str() {
                "pending" | "in_progress" if begun.elapsed() > AT_MOST => {
                    bail!("the batch has not ended after {} s", AT_MOST.as_secs());
                }
                "pending" | "in_progress" => tokio::time::sleep(LOOK_EVERY).await,
                _ => break batch,
            }
        };
        bar.finish_and_clear();
        let mut scanned = Vec::new();
        for Entry {
            domain,
            job_id,
            status,
            outcome,
            error,
        } in batch.jobs
        {
            let metadata = match job_id {
                Some(id) => self.get::<Status>(&format!("/api/v1/status/{id}")).await?.metadata,
                None => None,
            };
            scanned.push(Scanned {
                domain,
                status,
                outcome,
                error,
                metadata,
                score: None,
            });
        }
        Ok(scanned)
    }
}

/// The PostgreSQL of a demo, which is removed when the demo ends.
struct Temporary {
    options: EmbeddedOptions,
}

impl Temporary {
    fn new(config: &Config) -> Self {
        let options = EmbeddedOptions {
            data_dir: std::env::temp_dir().join(format!("scrapersky-demo-{}", std::process::id())),
            pg_bin: config.pg_bin.clone(),
            durability: Durability::Throwaway,
        };
        Self { options }
    }

    /// Starts the server on a thread, which cannot be cut off.
    fn start(&self) -> JoinHandle<Result<EmbeddedPostgres, EmbeddedError>> {
        let options = self.options.clone();
        tokio::task::spawn_blocking(move || EmbeddedPostgres::start(&options))
    }

    /// Stops the server, also one whose start failed midway, and removes its folder.
    fn remove(&self) -> anyhow::Result<()> {
        let folder = &self.options.data_dir;
        if !folder.exists() {
            return Ok(());
        }
        if let Some(server) = EmbeddedPostgres::find(&self.options)? {
            server.stop()?;
        }
        fs::remove_dir_all(folder).with_context(|| format!("{} cannot be removed", folder.display()))
    }
}
