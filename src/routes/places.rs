//! Searches for places, and the staged places (v1 contract).

use database::ids::PlaceChangeId;
use database::models::enums::PlaceAction;
use database::models::place_change::PlaceCuration;
use database::repo;
use database::repo::paging::Offset;
use database::repo::place_changes::ChangedBy;
use database::repo::places::{PlaceFilter, PlacePosition};
use jobs::BackgroundJob;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{FromForm, State, get, post};
use scans::PlacesConfig;
use scans::places::cost::estimate;
use scans::places::{self, PlacesSearch};
use scans::webhooks::{Ending, tell_of_end};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::names::names_of;
use super::place_filter::{PlaceQuery, read_order, status_of};
use super::query::{Asked, OffsetQuery, PageQuery};
use super::wait::{self, Patience};
use super::webhooks::Targets;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, Curate, Db, Once, OptionalBody, Permission, Read, Scan};
use crate::views::answer::Answer;
use crate::views::place::{Done, PlaceDetailsView, PlaceList, PlaceView, SearchAnswer, SearchRequest, SearchStatus};
use crate::views::scan::ScanId;
use crate::views::words::CurationWord;

handlers![
    search_places,
    get_search_status,
    list_places,
    get_place,
    update_status,
    update_notes
];

/// Queues a search; with `dry_run` only estimates its cost.
#[utoipa::path(
    tags = ["Places", "v1"],
    params(Once),
    request_body = SearchRequest,
    responses((status = 200, body = SearchAnswer), (status = 409, description = "Nothing is posted to `webhook_url`.")),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/places/search", data = "<body>")]
async fn search_places(
    caller: Caller<Scan>,
    db: Db<'_>,
    config: &State<PlacesConfig>,
    targets: &State<Targets>,
    once: Once,
    body: Body<SearchRequest>,
) -> ApiResult<Answer> {
    let request = &body.value;
    let caller = caller.acting_for(request.tenant_id.as_deref(), db.pool()).await?;
    let search = PlacesSearch::read(&places::SearchRequest {
        business_type: &request.business_type,
        location: &request.location,
        latitude: request.latitude,
        longitude: request.longitude,
        radius_km: request.radius_km,
        max_results: request.max_results,
        grid: request.grid,
        created_by: caller.actor().id(),
    })?;
    let webhook_url = targets.of_request(request.webhook_url.as_deref())?;
    if request.dry_run {
        let estimate = estimate(config, search.max_results, search.grid, search.center.is_some());
        return Answer::json(Status::Ok, &SearchAnswer::Estimate(estimate.into()))
            .map_err(|error| ApiError::Internal(format!("serializing an estimate failed: {error}")));
    }
    db.submit(&caller, once.of(&body)?, async |submission| {
        let job = places::submit_search(submission, search).await?;
        tell_of_end(submission, webhook_url.as_deref(), Ending::Job(job)).await?;
        Ok((Status::Ok, SearchAnswer::Accepted(job.into())))
    })
    .await
}

/// Returns the status of a search. With `wait`, answers when it ends, or after that many seconds.
#[utoipa::path(
    tags = ["Places", "v1"],
    params(
        ScanId,
        Patience<'static>,
    ),
    responses((status = 200, body = SearchStatus)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/places/status/<id>")]
async fn get_search_status(
    caller: Caller<Read>,
    db: Db<'_>,
    patience: Patience<'_>,
    id: ScanId,
) -> ApiResult<Json<SearchStatus>> {
    let job = wait::get_job(&caller, &db, patience, id.0).await?;
    let mut conn = db.tenant(&caller).await?;
    if job.kind != PlacesSearch::KIND {
        return Err(ApiError::NotFound);
    }
    let stored = repo::place_finds::count_of_job(&mut conn, id.0).await?;
    let calls = repo::api_calls::list_of_job(&mut conn, id.0).await?;
    let names = names_of(&mut conn, job.created_by.iter().map(|id| id.get())).await?;
    Ok(Json(SearchStatus::new(job, stored, &calls, &names)))
}

/// Lists staged places, by default the most recently found first.
#[utoipa::path(
    tags = ["Places", "v1"],
    params(
        PageQuery<'static>,
        OffsetQuery<'static>,
        PlaceQuery<'static>,
    ),
    responses((status = 200, body = PlaceList)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/places/staging?<query..>")]
async fn list_places(
    caller: Caller<Read>,
    db: Db<'_>,
    page: PageQuery<'_>,
    offset: OffsetQuery<'_>,
    query: PlaceQuery<'_>,
) -> ApiResult<PlaceList> {
    let order = read_order(query.sort)?;
    let asked = Asked::read(&page, &order)?;
    let offset = asked.read_offset(&offset)?;
    let filter = query.filter()?;
    let mut conn = db.reading(&caller).await?;
    let (mut rows, total) = if asked.paging.after.is_none() {
        let paging = Offset {
            limit: asked.paging.limit,
            offset,
        };
        repo::places::list(&mut conn, &filter, order, paging).await?
    } else {
        let rows = repo::places::list_after(&mut conn, &filter, order, &asked.paging).await?;
        (rows, repo::places::count(&mut conn, &filter).await?)
    };
    let next_cursor = asked.cut(&mut rows, |row| PlacePosition::of(row, order))?;
    Ok(PlaceList {
        places: rows.into_iter().map(PlaceView::from).collect(),
        total,
        limit: asked.limit,
        offset,
        next_cursor,
    })
}

/// Returns a place with its details, its domain and the searches that found it.
#[utoipa::path(
    tag = "Places",
    params(
        ("place_id" = String, Path, description = "Id of the place at Google, or as imported."),
    ),
    responses((status = 200, body = PlaceDetailsView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/places/<place_id>", rank = 10)]
async fn get_place(caller: Caller<Read>, db: Db<'_>, place_id: &str) -> ApiResult<Json<PlaceDetailsView>> {
    let mut conn = db.reading(&caller).await?;
    let place = repo::places::get(&mut conn, place_id).await?;
    let details = repo::place_details::find(&mut conn, place_id).await?;
    let domain = match details.as_ref().and_then(|details| details.domain_id) {
        Some(id) => Some(repo::domains::get(&mut conn, id).await?),
        None => None,
    };
    let searches = repo::place_finds::list_of_place(&mut conn, place_id).await?;
    Ok(Json(PlaceDetailsView::new(place, details, domain, searches)))
}

/// A change of one place in a body, as an alternative to query parameters.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({ "place_id": "ChIJAbC123", "status": "selected" }))]
struct Update {
    /// Id of the place; also in the query.
    place_id: Option<String>,
    /// The new status; also in the query.
    #[schema(value_type = Option<CurationWord>)]
    status: Option<String>,
    /// The new notes; also in the query.
    notes: Option<String>,
    /// Id of the tenant to act for; by default the caller's own.
    tenant_id: Option<String>,
}

/// The new status in a query.
#[derive(FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
struct StatusQuery {
    /// Id of the place; also in the body.
    place_id: Option<String>,
    /// The new status; also in the body.
    #[param(inline, value_type = Option<CurationWord>)]
    status: Option<String>,
}

impl Update {
    /// Returns the change with the query's place if the body names none.
    fn or(self, place_id: Option<String>) -> Self {
        Self {
            place_id: self.place_id.or(place_id),
            tenant_id: self.tenant_id.filter(|tenant| !tenant.is_empty()),
            ..self
        }
    }
}

/// Changes the status of a place.
#[utoipa::path(
    tags = ["Places", "v1"],
    params(
        StatusQuery,
    ),
    request_body = Option<Update>,
    responses((status = 200, body = Done)),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/places/update-status?<query..>", data = "<body>")]
async fn update_status(
    caller: Caller<Curate>,
    db: Db<'_>,
    query: StatusQuery,
    body: OptionalBody<Update>,
) -> ApiResult<Json<Done>> {
    let update = body.0.unwrap_or_default().or(query.place_id);
    let status = required("status", update.status.clone().or(query.status))?;
    let curation = PlaceCuration {
        status: Some(status_of(&status)?),
        ..PlaceCuration::default()
    };
    change_one(caller, &db, update, &curation).await?;
    Ok(Json(Done {
        message: "Status updated successfully",
    }))
}

/// Changes the notes on a place.
#[utoipa::path(
    tags = ["Places", "v1"],
    params(
        ("place_id" = Option<String>, Query, description = "Id of the place; also in the body."),
        ("notes" = Option<String>, Query, description = "The new notes; also in the body."),
    ),
    request_body = Option<Update>,
    responses((status = 200, body = Done)),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/places/update-notes?<place_id>&<notes>", data = "<body>")]
async fn update_notes(
    caller: Caller<Curate>,
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

async fn change_one(caller: Caller<Curate>, db: &Db<'_>, update: Update, curation: &PlaceCuration) -> ApiResult<()> {
    let caller = caller.acting_for(update.tenant_id.as_deref(), db.pool()).await?;
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

/// Returns the caller's name in the history.
pub(crate) fn who<P: Permission>(caller: &Caller<P>) -> String {
    caller.actor().to_string()
}

/// Refuses texts that PostgreSQL cannot store.
pub(super) fn storable(field: &'static str, text: String) -> ApiResult<String> {
    if text.contains('\0') {
        return Err(ApiError::bad_request(
            field,
            format!("{field} must not contain NUL characters"),
        ));
    }
    Ok(text)
}

fn required(field: &'static str, value: Option<String>) -> ApiResult<String> {
    value.ok_or_else(|| ApiError::bad_request(field, format!("`{field}` is required, in the query or the body")))
}
