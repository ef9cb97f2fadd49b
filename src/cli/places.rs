//! `scrapersky places`: searches, lists and exports of places.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
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
use uuid::Uuid;

use super::bring_up::Database;
use super::run::{block_on, require_schema};
use super::{keys, work};
use crate::config::Config;
use crate::views::csv::BYTE_ORDER_MARK;
use crate::views::place::{PlaceView, STATUS_WORDS, read_status, status_word};
use crate::views::place_csv;

/// Number of places read at a time.
const AT_ONCE: i64 = 500;

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum PlacesCommand {
    /// Searches for businesses now and prints what was found
    Search(SearchOptions),
    /// Prints staged places as a table
    List(ListOptions),
    /// Writes staged places to standard output as a CSV file or JSON lines
    Export {
        /// File format
        #[arg(long, value_enum, default_value_t = Format::Csv)]
        format: Format,
        /// Adds a column with the places as Google sent them to the CSV
        #[arg(long)]
        raw_data: bool,
        /// Writes the CSV without a byte order mark
        #[arg(long)]
        no_bom: bool,
        /// Places to export
        #[command(flatten)]
        which: ListOptions,
    },
}

/// Format of an exported file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// CSV with a header line, safe to open in a spreadsheet
    Csv,
    /// One JSON object per line
    Jsonl,
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
    /// Tenant that owns the results
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// A filter.
#[derive(Debug, Args)]
pub struct ListOptions {
    /// Only places with this curation status: new, selected, maybe, `not_a_fit`, archived
    #[arg(long, value_parser = parse_status)]
    status: Option<CurationStatus>,
    /// Only places found as this kind of business
    #[arg(long)]
    business_type: Option<String>,
    /// Only places whose address or searched location contains this text
    #[arg(long)]
    location: Option<String>,
    /// Maximum number of places
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Tenant that owns the places
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

fn parse_status(text: &str) -> Result<CurationStatus, String> {
    read_status(text).ok_or_else(|| format!("it must be one of {STATUS_WORDS}"))
}

/// Runs the command. The exit code is 0 if a search completed.
///
/// # Errors
///
/// When the database, the schema or a setting does not allow it.
pub fn run(command: &PlacesCommand, config: &Config) -> anyhow::Result<ExitCode> {
    match command {
        PlacesCommand::Search(options) => search(options, config),
        PlacesCommand::List(which) => {
            let mut table = Table::new();
            table
                .load_style(presets::NOTHING)
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_header(["place", "name", "address", "rating", "status", "found as"]);
            each_part(which, config, async |_, _, rows| {
                for place in rows {
                    table.add_row(line(place));
                }
                Ok(())
            })?;
            say!("{table}");
            Ok(ExitCode::SUCCESS)
        }
        PlacesCommand::Export {
            format,
            raw_data,
            no_bom,
            which,
        } => {
            let mut out = io::stdout();
            if *format == Format::Csv {
                if !no_bom {
                    out.write_all(BYTE_ORDER_MARK.as_bytes())?;
                }
                out.write_all(&place_csv::header(*raw_data)?)?;
            }
            each_part(which, config, async |pool, tenant, rows| {
                let written = write((*format, *raw_data), pool, tenant, rows).await?;
                Ok(out.write_all(&written)?)
            })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn write(
    (format, raw_data): (Format, bool),
    pool: &Pool,
    tenant: TenantId,
    rows: Vec<StagedPlace>,
) -> anyhow::Result<Vec<u8>> {
    match format {
        Format::Csv => {
            let ids: Vec<&str> = rows.iter().map(|row| row.place_id.as_str()).collect();
            let mut conn = pool.tenant(tenant).await?;
            let details = repo::place_details::list(&mut conn, &ids).await?;
            let details: HashMap<_, _> = details.into_iter().map(|row| (row.place_id.clone(), row)).collect();
            Ok(place_csv::lines(&rows, &details, raw_data)?)
        }
        Format::Jsonl => {
            let mut bytes = Vec::new();
            for row in rows {
                serde_json::to_writer(&mut bytes, &PlaceView::from(row))?;
                bytes.push(b'\n');
            }
            Ok(bytes)
        }
    }
}

fn line(place: StagedPlace) -> [String; 6] {
    [
        place.place_id,
        place.name,
        place.formatted_address.unwrap_or_default(),
        place.rating.map(|rating| rating.to_string()).unwrap_or_default(),
        status_word(place.status).to_owned(),
        place.business_type.unwrap_or_default(),
    ]
}

/// Reads the matching places, page by page.
fn each_part(
    which: &ListOptions,
    config: &Config,
    mut part: impl AsyncFnMut(&Pool, TenantId, Vec<StagedPlace>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let database = Database::bring_up(config)?;
    block_on(async {
        require_schema(&database).await?;
        let pool = Pool::new(&database.url, &config.pool)?;
        let tenant = keys::tenant(&pool, which.tenant).await?;
        let filter = PlaceFilter {
            status: which.status,
            business_type: which.business_type.as_deref(),
            location: which.location.as_deref(),
            ..PlaceFilter::default()
        };
        let (order, mut after, mut left) = (PlaceOrder::Newest, None, which.limit.unwrap_or(usize::MAX));
        while left > 0 {
            let wanted = i64::try_from(left).unwrap_or(i64::MAX).min(AT_ONCE);
            let mut conn = pool.tenant(tenant).await?;
            let paging = Paging { limit: wanted, after };
            let rows = repo::places::list_after(&mut conn, &filter, order, &paging).await?;
            drop(conn);
            let Some(last) = rows.last() else { break };
            after = Some(PlacePosition::of(last, order));
            left -= rows.len();
            part(&pool, tenant, rows).await?;
        }
        Ok(())
    })
}

fn search(options: &SearchOptions, config: &Config) -> anyhow::Result<ExitCode> {
    let SearchOptions {
        business_type,
        location,
        radius_km,
        max_results,
        dry_run,
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
    block_on(search_now(search, *tenant, config, &database))
}

async fn search_now(
    search: PlacesSearch,
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

    let Some(job) = work::run_to_its_end(config, database, &pool, tenant, id).await? else {
        bail!("interrupted: the search waits in the database for `scrapersky worker`");
    };
    if job.status == JobStatus::Completed {
        let places = found(&pool, tenant, id).await?;
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(["place", "name", "address", "rating", "status", "found as"]);
        let count = places.len();
        for place in places {
            table.add_row(line(place));
        }
        say!("{table}");
        log::info!("{count} places were found");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{}", job.error.as_deref().unwrap_or(job.status.label()));
    Ok(ExitCode::FAILURE)
}

/// Reads all places that a search found: at most 2,000.
async fn found(pool: &Pool, tenant: TenantId, id: JobId) -> anyhow::Result<Vec<StagedPlace>> {
    let filter = PlaceFilter {
        search_job_id: Some(id),
        ..PlaceFilter::default()
    };
    let mut conn = pool.tenant(tenant).await?;
    Ok(repo::places::list_after(&mut conn, &filter, PlaceOrder::Newest, &Paging::first(2000)).await?)
}
