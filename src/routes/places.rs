//! Searches for places and the staged places, as the v1 contract has them.

use database::ids::PlaceChangeId;
use database::models::enums::{PlaceAction, Scope};
use database::models::place_change::PlaceCuration;
use database::models::place_search::NewPlaceSearch;
use database::models::values::RawJson;
use database::repo;
use database::repo::place_changes::ChangedBy;
use database::repo::places::{PlaceCursor, PlaceFilter};
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{Route, State, get, post, routes};
use serde::Deserialize;
use uuid::Uuid;

use super::place_filter::{PlaceQuery, read_cursor, read_order, status_of, write_cursor};
use super::{cursor_behind, paging};
use crate::config::PlacesConfig;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, Db, Once, OptionalBody};
use crate::jobs::{self, BackgroundJob, EnqueueOptions, Waker};
use crate::scans::places::PlacesSearch;
use crate::scans::places::cost::estimate;
use crate::scans::places::grid::Point;
use crate::views::answer::Answer;
use crate::views::place::{Done, PlaceDetailsView, PlaceList, PlaceView, SearchAccepted, SearchRequest, SearchStatus};
use crate::views::scan::ScanId;

/// The largest radius, which is Google's.
const MOST_KM: f64 = 50.0;
/// The most places of a search, as v1 has it.
const MOST_RESULTS: i64 = 100;
/// The most places of a search that says that it may split its area.
const MOST_OF_GRID: i64 = 2000;
/// More than this many places Google does not tell of one query.
const OF_ONE_QUERY: i64 = 60;

/// Returns the routes of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![
        search_places,
        get_search_status,
        list_places,
        get_place,
        update_status,
        update_notes
    ]
}

/// Queues a search, or says what it would cost.
#[post("/api/v1/places/search", data = "<body>")]
async fn search_places(
    caller: Caller,
    db: Db<'_>,
    waker: &State<Waker>,
    config: &State<PlacesConfig>,
    once: Once,
    body: Body<SearchRequest>,
) -> ApiResult<Answer> {
    caller.require(Scope::Scan)?;
    let caller = caller.acting_for(body.value.tenant_id.as_deref(), &db).await?;
    let mut search = read_search(&body.value)?;
    search.created_by = caller.actor().id();
    if body.value.dry_run {
        let estimate = estimate(config, search.max_results, search.grid, search.center.is_some());
        return Answer::json(Status::Ok, &estimate)
            .map_err(|error| ApiError::Internal(format!("an estimate: {error}")));
    }
    let mut conn = db.tenant(&caller).await?;
    let begun = match once.earlier(&mut conn, &body).await? {
        Ok(answer) => return Ok(answer),
        Err(begun) => begun,
    };
    caller.count_scans(&mut conn, 1).await?;
    let params = RawJson::from(serde_json::json!({
        "radius_km": search.radius_km, "max_results": search.max_results, "grid": search.grid, "center": search.center,
    }));
    let new = NewPlaceSearch {
        user_id: None,
        location: &search.location,
        business_type: &search.business_type,
        params: Some(&params),
        status: None,
    };
    search.search_id = Some(repo::place_searches::insert(&mut conn, &new).await?.id.get());
    let job = jobs::enqueue(&mut conn, &search, &EnqueueOptions::default()).await?.job;
    let answer = begun
        .keep(&mut conn, Status::Ok, &SearchAccepted::from(job.job_id))
        .await?;
    conn.commit().await?;
    waker.wake();
    Ok(answer)
}

/// Reads what is to be searched for.
fn read_search(request: &SearchRequest) -> ApiResult<PlacesSearch> {
    let text = |field: &'static str, text: &str, longest: usize| {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > longest || text.contains('\0') {
            let detail = format!("{field} is {text:?}: it must have from 1 to {longest} characters");
            return Err(ApiError::bad_request(field, detail));
        }
        Ok(text.to_owned())
    };
    let center = match (request.latitude, request.longitude) {
        (None, None) => None,
        (Some(latitude), Some(longitude)) => Some(Point::new(latitude, longitude).ok_or_else(|| {
            ApiError::bad_request(
                "latitude",
                "latitude and longitude must be degrees: -90 to 90 and -180 to 180",
            )
        })?),
        _ => {
            return Err(ApiError::bad_request(
                "latitude",
                "latitude and longitude must be given both or not at all",
            ));
        }
    };
    let radius_km = request.radius_km;
    if !(1.0..=MOST_KM).contains(&radius_km) {
        let detail = format!("radius_km is {radius_km}: it must be from 1 to {MOST_KM}");
        return Err(ApiError::bad_request("radius_km", detail));
    }
    let most = if request.grid == Some(true) {
        MOST_OF_GRID
    } else {
        MOST_RESULTS
    };
    let wanted = request.max_results;
    let max_results = usize::try_from(wanted)
        .ok()
        .filter(|_| (1..=most).contains(&wanted))
        .ok_or_else(|| {
            let detail = format!("max_results is {wanted}: it must be from 1 to {most}");
            ApiError::bad_request("max_results", detail)
        })?;
    Ok(PlacesSearch {
        location: text("location", &request.location, 255)?,
        business_type: text("business_type", &request.business_type, 100)?,
        radius_km,
        max_results,
        grid: request.grid.unwrap_or(wanted > OF_ONE_QUERY),
        center,
        created_by: Uuid::nil(),
        search_id: None,
    })
}

/// Returns how far a search is.
#[get("/api/v1/places/status/<id>")]
async fn get_search_status(caller: Caller, db: Db<'_>, id: ScanId) -> ApiResult<Json<SearchStatus>> {
    caller.require(Scope::Read)?;
    let mut conn = db.tenant(&caller).await?;
    let job = repo::jobs::get(&mut conn, id.0).await?;
    if job.kind != PlacesSearch::KIND {
        return Err(ApiError::NotFound);
    }
    let stored = repo::place_finds::count_of_job(&mut conn, id.0).await?;
    let calls = repo::api_calls::list_of_job(&mut conn, id.0).await?;
    Ok(Json(SearchStatus::new(job, stored, &calls)))
}

/// Lists staged places, the one found last first.
#[get("/api/v1/places/staging?<limit>&<offset>&<cursor>&<query..>")]
async fn list_places(
    caller: Caller,
    db: Db<'_>,
    limit: Option<&str>,
    offset: Option<&str>,
    cursor: Option<&str>,
    query: PlaceQuery<'_>,
) -> ApiResult<Json<PlaceList>> {
    caller.require(Scope::Read)?;
    let paging = paging(limit, offset)?;
    let order = read_order(query.sort)?;
    let after = cursor.map(|cursor| read_cursor(cursor, order)).transpose()?;
    let filter = query.filter()?;
    let mut conn = db.tenant(&caller).await?;
    let (rows, total) = match &after {
        None => repo::places::list(&mut conn, &filter, order, paging).await?,
        Some(after) => {
            let rows = repo::places::list_after(&mut conn, &filter, order, Some(after), paging.limit).await?;
            (rows, repo::places::count(&mut conn, &filter).await?)
        }
    };
    let next_cursor = cursor_behind(&rows, paging.limit, |row| write_cursor(&PlaceCursor::of(row, order)));
    Ok(Json(PlaceList {
        places: rows.into_iter().map(PlaceView::from).collect(),
        total,
        limit: paging.limit,
        offset: paging.offset,
        next_cursor,
    }))
}

/// Returns a place, with what is known beside its row and what became of it.
#[get("/api/v1/places/<place_id>", rank = 10)]
async fn get_place(caller: Caller, db: Db<'_>, place_id: &str) -> ApiResult<Json<PlaceDetailsView>> {
    caller.require(Scope::Read)?;
    let mut conn = db.tenant(&caller).await?;
    let place = repo::places::get(&mut conn, place_id).await?;
    let details = repo::place_details::find(&mut conn, place_id).await?;
    let domain = match details.as_ref().and_then(|details| details.domain_id) {
        Some(id) => Some(repo::domains::get(&mut conn, id).await?),
        None => None,
    };
    let searches = repo::place_finds::list_of_place(&mut conn, place_id).await?;
    Ok(Json(PlaceDetailsView::new(place, details, domain, searches)))
}

/// A change of one place, where it is said in a body rather than in the query.
#[derive(Debug, Default, Deserialize)]
struct Update {
    place_id: Option<String>,
    status: Option<String>,
    notes: Option<String>,
    tenant_id: Option<String>,
}

impl Update {
    /// Takes from the query what the body does not say.
    fn or(self, place_id: Option<String>) -> Self {
        Self {
            place_id: self.place_id.or(place_id),
            tenant_id: self.tenant_id.filter(|tenant| !tenant.is_empty()),
            ..self
        }
    }
}

/// Changes what was decided about a place.
#[post("/api/v1/places/update-status?<place_id>&<status>", data = "<body>")]
async fn update_status(
    caller: Caller,
    db: Db<'_>,
    place_id: Option<String>,
    status: Option<String>,
    body: OptionalBody<Update>,
) -> ApiResult<Json<Done>> {
    let update = body.0.unwrap_or_default().or(place_id);
    let status = required("status", update.status.clone().or(status))?;
    let curation = PlaceCuration {
        status: Some(status_of(&status)?),
        ..PlaceCuration::default()
    };
    change_one(caller, &db, update, &curation).await?;
    Ok(Json(Done {
        message: "Status updated successfully",
    }))
}

/// Changes the notes about a place.
#[post("/api/v1/places/update-notes?<place_id>&<notes>", data = "<body>")]
async fn update_notes(
    caller: Caller,
    db: Db<'_>,
    place_id: Option<String>,
    notes: Option<String>,
    body: OptionalBody<Update>,
) -> ApiResult<Json<Done>> {
    let update = body.0.unwrap_or_default().or(place_id);
    let notes = required("notes", update.notes.clone().or(notes))?;
    let curation = PlaceCuration {
        notes: Some(Some(storable("notes", notes)?)),
        ..PlaceCuration::default()
    };
    change_one(caller, &db, update, &curation).await?;
    Ok(Json(Done {
        message: "Notes updated successfully",
    }))
}

async fn change_one(caller: Caller, db: &Db<'_>, update: Update, curation: &PlaceCuration) -> ApiResult<()> {
    caller.require(Scope::Curate)?;
    let caller = caller.acting_for(update.tenant_id.as_deref(), db).await?;
    let place_ids = [required("place_id", update.place_id)?];
    let filter = PlaceFilter {
        place_ids: Some(&place_ids),
        ..PlaceFilter::default()
    };
    let who = who(&caller);
    let by = ChangedBy {
        change_id: PlaceChangeId::from(Uuid::new_v4()),
        action: PlaceAction::Update,
        who: &who,
    };
    let mut conn = db.tenant(&caller).await?;
    if repo::place_changes::change(&mut conn, &filter, curation, by).await? == 0 {
        return Err(ApiError::NotFound);
    }
    conn.commit().await?;
    Ok(())
}

/// Names the caller in the history.
pub(super) fn who(caller: &Caller) -> String {
    caller.actor().to_string()
}

/// Refuses what PostgreSQL cannot hold.
pub(super) fn storable(field: &'static str, text: String) -> ApiResult<String> {
    if text.contains('\0') {
        return Err(ApiError::bad_request(field, format!("{field} holds a NUL character")));
    }
    Ok(text)
}

fn required(field: &'static str, value: Option<String>) -> ApiResult<String> {
    value.ok_or_else(|| ApiError::bad_request(field, format!("{field} is missing: it goes into the query or the body")))
}
