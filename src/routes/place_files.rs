//! Staged places as files: export as CSV and JSON lines, import of CSV.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use database::ids::{PlaceChangeId, TenantId, UserId};
use database::models::enums::PlaceAction;
use database::models::place_details::{NewPlaceDetails, PlaceDetails};
use database::models::staged_place::StagedPlace;
use database::models::values::RawJson;
use database::pool::Pool;
use database::repo;
use database::repo::paging::Paging;
use database::repo::place_changes::ChangedBy;
use database::repo::places::{PlaceFilter, PlaceOrder, PlacePosition};
use database::tenant::TenantConnection;
use rocket::http::{ContentType, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{State, get, post};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use uuid::Uuid;

use super::export::{Bom, Export, PartResult, json_lines, json_lines_type, unwritable};
use super::place_filter::{PlaceParams, PlaceQuery, read_order};
use super::places::who;
use super::query::{position_behind, query_value, read_flag};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Curate, Db, Once, Read, Upload};
use crate::views::answer::Answer;
use crate::views::place::PlaceView;
use crate::views::place_csv::{self, ImportLine, ImportReport, ImportResult, Imported, ImportedPlace};

/// How many places an export reads per transaction. No transaction is open while the client reads.
const PART: i64 = 500;
/// How many places an import writes per statement.
const BATCH: usize = 2000;

handlers![export_places_csv, export_places_jsonl, import_places];

/// Serializes a part of the places.
type Write = fn(Vec<StagedPlace>, &HashMap<String, PlaceDetails>) -> ApiResult<Vec<u8>>;

/// Whether an export has what Google sent.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
struct RawData<'r> {
    /// Whether to add the places as Google sent them.
    #[param(value_type = Option<bool>, default = false)]
    raw_data: Option<&'r str>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for RawData<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self {
            raw_data: query_value(request, "raw_data"),
        })
    }
}

/// Exports the matching places as CSV, with a byte order mark unless `bom=false`, and with the places as Google
/// returned them if `raw_data=true`.
#[utoipa::path(
    tag = "Places",
    params(
        Bom<'static>,
        RawData<'static>,
        PlaceParams,
    ),
    responses((status = 200, body = String, content_type = "text/csv")),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/places/export.csv?<query..>")]
fn export_places_csv<'r>(
    caller: Caller<Read>,
    pool: &'r State<Pool>,
    bom: Bom<'_>,
    raw_data: RawData<'_>,
    query: PlaceQuery<'r>,
) -> ApiResult<Export<'r>> {
    let raw_data = read_flag("raw_data", raw_data.raw_data)?.unwrap_or(false);
    let mut start = bom.csv_start()?;
    start.extend(place_csv::header(raw_data).map_err(unwritable)?);
    let write: Write = if raw_data {
        |rows, details| place_csv::lines(&rows, details, true).map_err(unwritable)
    } else {
        |rows, details| place_csv::lines(&rows, details, false).map_err(unwritable)
    };
    export(&caller, pool, query, ("places.csv", ContentType::CSV), start, write)
}

/// A line of JSON: the row, with website and phone from its details.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    place: PlaceView,
    website: Option<&'a str>,
    phone: Option<&'a str>,
}

/// Exports the matching places as JSON lines.
#[utoipa::path(
    tag = "Places",
    params(PlaceParams),
    responses((status = 200, body = String, content_type = "application/jsonl")),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/places/export.jsonl?<query..>")]
fn export_places_jsonl<'r>(
    caller: Caller<Read>,
    pool: &'r State<Pool>,
    query: PlaceQuery<'r>,
) -> ApiResult<Export<'r>> {
    let write: Write = |rows, details| {
        json_lines(rows.into_iter().map(|row| {
            let known = details.get(&row.place_id);
            Line {
                website: known.and_then(|details| details.website.as_deref()),
                phone: known.and_then(|details| details.phone.as_deref()),
                place: row.into(),
            }
        }))
    };
    export(
        &caller,
        pool,
        query,
        ("places.jsonl", json_lines_type()),
        Vec::new(),
        write,
    )
}

/// Exports the places that match a query, in the order of the query.
fn export<'r>(
    caller: &Caller<Read>,
    pool: &'r Pool,
    query: PlaceQuery<'r>,
    (name, content_type): (&'static str, ContentType),
    head: Vec<u8>,
    write: Write,
) -> ApiResult<Export<'r>> {
    let (tenant, filter, order) = (caller.tenant(), query.filter()?, read_order(query.sort)?);
    Ok(Export::new(name, content_type, head, move |after| {
        Box::pin(part(pool, tenant, filter.clone(), order, after, write))
    }))
}

async fn part(
    pool: &Pool,
    tenant: TenantId,
    filter: PlaceFilter<'_>,
    order: PlaceOrder,
    after: Option<PlacePosition>,
    write: Write,
) -> PartResult<PlacePosition> {
    let mut conn = pool.tenant(tenant).await?;
    let rows = repo::places::list_after(&mut conn, &filter, order, &Paging { limit: PART, after }).await?;
    let ids: Vec<&str> = rows.iter().map(|row| row.place_id.as_str()).collect();
    let details = repo::place_details::list(&mut conn, &ids).await?;
    drop(conn);
    let next = position_behind(&rows, PART, |row| PlacePosition::of(row, order));
    let details = details.into_iter().map(|row| (row.place_id.clone(), row)).collect();
    Ok((write(rows, &details)?, next))
}

/// Imports places from a CSV file, as exported or as saved by a spreadsheet, and reports the result of each line. Every
/// column of the file is set, including curation; the import can be undone like any bulk change.
#[utoipa::path(
    tag = "Places",
    params(Once),
    request_body(
        content = String,
        content_type = "text/csv",
        example = json!("name,website,status\nBayou Bikes,https://bayou-bikes.com,selected\n")
    ),
    responses((status = 200, body = ImportReport)),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/places/import", data = "<file>")]
async fn import_places(caller: Caller<Curate>, db: Db<'_>, once: Once, file: Upload) -> ApiResult<Answer> {
    let charset = file.charset();
    let (digest, imported) = parse(file.bytes, charset).await?;
    db.once(&caller, once.with_digest(&digest)?, async |conn| {
        let (report, _) = store(&caller, conn, imported).await?;
        Ok((Status::Ok, report))
    })
    .await
}

/// Returns the SHA-256 of a file, and the places in it.
///
/// # Errors
///
/// [`ApiError::BadRequest`] if the file is not CSV, or has no column that is known.
pub(crate) async fn parse(file: Vec<u8>, charset: Option<String>) -> ApiResult<([u8; 32], Imported)> {
    // On a blocking thread, since parsing a large file takes time.
    let read = move || (Sha256::digest(&file), place_csv::read(&file, charset.as_deref()));
    let (digest, read) = tokio::task::spawn_blocking(read)
        .await
        .map_err(|error| ApiError::Internal(format!("parsing an imported file failed: {error}")))?;
    let imported = read.map_err(|detail| ApiError::BadRequest {
        field: Some("file".into()),
        detail,
    })?;
    Ok((digest.into(), imported))
}

/// Stores places with what the file decides about them, and returns what became of each line and the id of the change.
///
/// # Errors
///
/// Those of the database.
pub(crate) async fn store(
    caller: &Caller<Curate>,
    conn: &mut TenantConnection,
    imported: Imported,
) -> ApiResult<(ImportReport, PlaceChangeId)> {
    let who = who(caller);
    let by = ChangedBy {
        change_id: PlaceChangeId::from(Uuid::new_v4()),
        action: PlaceAction::Import,
        who: &who,
    };
    let mut known = HashSet::new();
    let places = &imported.places;
    for some in places.chunks(BATCH) {
        known.extend(write(conn, some, UserId::from(caller.actor().id())).await?);
    }
    let ids: Vec<&str> = places.iter().map(|place| place.place_id.as_str()).collect();
    let curations: Vec<RawJson> = places.iter().map(|place| place.curation.clone()).collect();
    if !places.is_empty() {
        repo::place_changes::change_each(conn, &ids, &curations, by).await?;
    }
    let details = json!({ "places": places.len() });
    caller
        .note(conn, "places.import", Some(&by.change_id.to_string()), details)
        .await?;
    Ok((report(imported, &known), by.change_id))
}

/// Upserts places and returns the ids of those that existed before.
async fn write(conn: &mut TenantConnection, places: &[ImportedPlace], created_by: UserId) -> ApiResult<Vec<String>> {
    let ids: Vec<String> = places.iter().map(|place| place.place_id.clone()).collect();
    let filter = PlaceFilter {
        place_ids: Some(&ids),
        ..PlaceFilter::default()
    };
    let known = repo::places::list_ids(conn, &filter, i64::MAX).await?;
    let rows: Vec<_> = places.iter().map(|place| place.row(created_by)).collect();
    repo::places::upsert_many(conn, &rows).await?;
    let details: Vec<_> = places
        .iter()
        .filter(|place| place.website.is_some() || place.phone.is_some())
        .map(|place| NewPlaceDetails {
            place_id: &place.place_id,
            website: place.website.as_deref(),
            phone: place.phone.as_deref(),
            opening_hours: None,
            raw_data: None,
            content_at: place.search_time.unwrap_or_else(chrono::Utc::now),
        })
        .collect();
    if !details.is_empty() {
        repo::place_details::upsert_many(conn, &details).await?;
    }
    Ok(known)
}

fn report(imported: Imported, known: &HashSet<String>) -> ImportReport {
    let Imported {
        places,
        failed,
        ignored_columns,
    } = imported;
    let (rows, failures) = (places.len() + failed.len(), failed.len());
    let updated = places.iter().filter(|place| known.contains(&place.place_id)).count();
    let inserted = places.len() - updated;
    let written = places.into_iter().map(|place| ImportLine {
        line: place.line,
        result: if known.contains(&place.place_id) {
            ImportResult::Updated
        } else {
            ImportResult::Inserted
        },
        place_id: Some(place.place_id),
        error: None,
    });
    let mut lines: Vec<ImportLine> = written.chain(failed).collect();
    lines.sort_by_key(|line| line.line);
    ImportReport {
        rows,
        inserted,
        updated,
        failed: failures,
        ignored_columns,
        lines,
    }
}
