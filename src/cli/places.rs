//! `scrapersky places`: searches, lists and exports of places.

use std::collections::HashMap;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use database::ids::{JobId, TenantId};
use database::migrate;
use database::models::enums::{CurationStatus, JobStatus};
use database::models::staged_place::StagedPlace;
use database::pool::Pool;
use database::repo;
use database::repo::paging::Paging;
use database::repo::places::{PlaceFilter, PlaceOrder, PlacePosition};
use database::repo::tenants::DEFAULT_TENANT;
use jobs::Submission;
use scans::places::cost::estimate;
use scans::places::{PlacesSearch, RESULTS_OF_ONE_QUERY, SearchRequest, submit_search};
use serde_json::json;
use uuid::Uuid;

use super::bring_up::Database;
use super::listing::{ExportForm, Format, ListForm, Listed, Source, json_lines, table};
use super::run::{block_on, require_schema};
use super::work::Awaited;
use super::{keys, work};
use crate::config::Config;
use crate::routes::names::view_job;
use crate::routes::place_filter::{circle, read_point};
use crate::views::place::PlaceView;
use crate::views::place_csv;
use crate::views::words::Words;

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum PlacesCommand {
    /// Searches for businesses now and prints what was found
    Search(SearchOptions),
    /// Prints staged places as a table
    List {
        /// The places to list
        #[command(flatten)]
        which: PlaceChoice,
        /// How they are shown
        #[command(flatten)]
        form: ListForm,
    },
    /// Writes staged places as CSV or JSON lines
    Export {
        /// Adds a column with the places as Google sent them to the CSV
        #[arg(long)]
        raw_data: bool,
        /// Places to export
        #[command(flatten)]
        which: PlaceChoice,
        /// How they are written
        #[command(flatten)]
        form: ExportForm,
    },
}

/// A search.
#[derive(Debug, Args)]
pub struct SearchOptions {
    /// Kind of business, such as dentist
    business_type: String,
    /// Place to search in, such as "Houston, TX"
    location: String,
    /// Radius of the search
    #[arg(long, default_value_t = 10.0, value_name = "KM")]
    radius_km: f64,
    /// Maximum number of places; more than 60 split the area
    #[arg(long, default_value_t = 20, value_name = "N")]
    max_results: i64,
    /// Only prints the estimated cost
    #[arg(long)]
    dry_run: bool,
    /// Prints the search and its places as JSON
    #[arg(long, conflicts_with = "dry_run")]
    json: bool,
    /// Tenant that owns the results
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// A filter and an order, as the API has them.
#[derive(Debug, Args)]
pub struct PlaceChoice {
    /// Only places with this curation status: new, selected, maybe, `not_a_fit`, archived
    #[arg(long, value_parser = parse_status)]
    status: Option<CurationStatus>,
    /// Only places found as this kind of business
    #[arg(long)]
    business_type: Option<String>,
    /// Only places whose address or searched location contains this text
    #[arg(long)]
    location: Option<String>,
    /// Only places whose name contains this text
    #[arg(long, short, value_name = "TEXT")]
    q: Option<String>,
    /// Only places with at least this rating
    #[arg(long, value_name = "RATING")]
    min_rating: Option<f64>,
    /// Only places with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only places that the search of this job found
    #[arg(long, value_name = "UUID")]
    search_job_id: Option<Uuid>,
    /// Only places around this point, in degrees north and east, such as 29.76,-95.37
    #[arg(long, value_name = "NORTH,EAST", value_parser = read_point, requires = "within_km", allow_hyphen_values = true)]
    near: Option<(f64, f64)>,
    /// How far from there
    #[arg(long, value_name = "KM", requires = "near")]
    within_km: Option<f64>,
    /// The order
    #[arg(long, value_enum, default_value_t = Sort::Newest, allow_hyphen_values = true)]
    sort: Sort,
}

/// The order of a list of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// Most recently found first
    #[value(alias = "-search_time")]
    Newest,
    /// Best rating first
    #[value(alias = "-rating")]
    Rating,
    /// Highest priority first
    #[value(alias = "-priority")]
    Priority,
    /// By name
    Name,
}

impl From<Sort> for PlaceOrder {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::Newest => Self::Newest,
            Sort::Rating => Self::Rating,
            Sort::Priority => Self::Priority,
            Sort::Name => Self::Name,
        }
    }
}

fn parse_status(text: &str) -> Result<CurationStatus, String> {
    CurationStatus::read(text).ok_or_else(|| format!("it must be one of {}", CurationStatus::listed()))
}

/// Runs the command. The exit code is 0 if a search completed.
///
/// # Errors
///
/// When the database, the schema or a setting does not allow it.
pub fn run(command: &PlacesCommand, config: &Config) -> anyhow::Result<ExitCode> {
    match command {
        PlacesCommand::Search(options) => search(options, config),
        PlacesCommand::List { which, form } => {
            form.print(
                config,
                async |source, paging| which.read(source, paging).await,
                |place| PlacePosition::of(place, which.sort.into()),
                async |_, rows| Ok(rows.into_iter().map(PlaceView::from).collect()),
            )?;
            Ok(ExitCode::SUCCESS)
        }
        PlacesCommand::Export { raw_data, which, form } => {
            form.write_parts(
                config,
                place_csv::header(*raw_data)?,
                async |source, paging| which.read(source, paging).await,
                |place| PlacePosition::of(place, which.sort.into()),
                async |source, format, rows| write(source, format, *raw_data, rows).await,
            )?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn write(source: &Source, format: Format, raw_data: bool, rows: Vec<StagedPlace>) -> anyhow::Result<Vec<u8>> {
    match format {
        Format::Csv => {
            let ids: Vec<&str> = rows.iter().map(|row| row.place_id.as_str()).collect();
            let mut conn = source.pool.tenant(source.tenant).await?;
            let details = repo::place_details::list(&mut conn, &ids).await?;
            let details: HashMap<_, _> = details.into_iter().map(|row| (row.place_id.clone(), row)).collect();
            Ok(place_csv::lines(&rows, &details, raw_data)?)
        }
        Format::Jsonl => {
            let places: Vec<PlaceView> = rows.into_iter().map(PlaceView::from).collect();
            json_lines(&places)
        }
    }
}

impl PlaceChoice {
    async fn read(&self, source: &Source, paging: &Paging<PlacePosition>) -> anyhow::Result<Vec<StagedPlace>> {
        let filter = PlaceFilter {
            status: self.status,
            business_type: self.business_type.as_deref(),
            location: self.location.as_deref(),
            name: self.q.as_deref(),
            min_rating: self.min_rating,
            tag: self.tag.as_deref(),
            search_job_id: self.search_job_id.map(JobId::from),
            near: circle(self.near, self.within_km)?,
            place_ids: None,
        };
        let mut conn = source.pool.tenant(source.tenant).await?;
        Ok(repo::places::list_after(&mut conn, &filter, self.sort.into(), paging).await?)
    }
}

impl Listed for PlaceView {
    const TABLE: &'static [&'static str] = &["place", "name", "address", "rating", "status", "found as"];

    fn row(&self) -> Vec<String> {
        vec![
            self.place_id.clone(),
            self.name.clone(),
            self.formatted_address.clone().unwrap_or_default(),
            self.rating.map(|rating| rating.to_string()).unwrap_or_default(),
            self.status.to_owned(),
            self.business_type.clone().unwrap_or_default(),
        ]
    }
}

fn search(options: &SearchOptions, config: &Config) -> anyhow::Result<ExitCode> {
    let SearchOptions {
        business_type,
        location,
        radius_km,
        max_results,
        dry_run,
        json,
        tenant,
    } = options;
    let grid = *max_results > RESULTS_OF_ONE_QUERY;
    let search = PlacesSearch::read(&SearchRequest {
        business_type,
        location,
        latitude: None,
        longitude: None,
        radius_km: *radius_km,
        max_results: *max_results,
        grid: Some(grid),
        created_by: Uuid::nil(),
    })?;
    if *dry_run {
        let cost = estimate(&config.places, search.max_results, grid, false);
        say!(
            "{} to {} calls ({}), {} to {} US dollars by the list.",
            cost.calls_at_least,
            cost.calls_at_most,
            cost.price_class,
            cost.usd_at_least,
            cost.usd_at_most
        );
        return Ok(ExitCode::SUCCESS);
    }
    let database = Database::bring_up(config)?;
    let awaited = Awaited {
        work: "the search",
        subject: format!("{business_type} in {location}"),
    };
    block_on(search_now(search, &awaited, *json, *tenant, config, &database))
}

async fn search_now(
    search: PlacesSearch,
    awaited: &Awaited,
    json: bool,
    tenant: Uuid,
    config: &Config,
    database: &Database,
) -> anyhow::Result<ExitCode> {
    migrate::up(&database.direct).await?;
    require_schema(database).await?;
    let pool = Pool::new(&database.url, &config.pool)?;
    let tenant = keys::tenant(&pool, tenant).await?;
    let mut conn = pool.tenant(tenant).await?;
    let id = submit_search(&mut Submission::of_operator(&mut conn), search).await?;
    conn.commit().await?;

    let Some(job) = work::run_to_its_end(config, database, &pool, tenant, id, awaited).await? else {
        return Ok(work::interrupted());
    };
    let is_completed = job.status == JobStatus::Completed;
    if !is_completed {
        eprintln!("scrapersky: {}", job.error.as_deref().unwrap_or(job.status.label()));
    }
    if json {
        let places = found(&pool, tenant, id).await?;
        let view = view_job(&mut pool.tenant(tenant).await?, job).await?;
        say!("{:#}", json!({ "job": view, "places": places }));
    } else if is_completed {
        let places = found(&pool, tenant, id).await?;
        say!("{}", table(Some(PlaceView::TABLE), places.iter().map(Listed::row)));
        say!("{} places", places.len());
    }
    Ok(if is_completed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Reads all places that a search found: at most 2,000.
async fn found(pool: &Pool, tenant: TenantId, id: JobId) -> anyhow::Result<Vec<PlaceView>> {
    let filter = PlaceFilter {
        search_job_id: Some(id),
        ..PlaceFilter::default()
    };
    let mut conn = pool.tenant(tenant).await?;
    let rows = repo::places::list_after(&mut conn, &filter, PlaceOrder::Newest, &Paging::first(2000)).await?;
    Ok(rows.into_iter().map(PlaceView::from).collect())
}
