//! Curation of places in bulk: changes, their history, look-up of details and hand-over to domains.

use chrono::NaiveDate;
use database::ids::PlaceChangeId;
use database::models::enums::PlaceAction;
use database::repo;
use database::repo::place_changes::ChangedBy;
use rocket::http::Status;
use rocket::{get, post};
use scans::places::{self, PlacesHandOver, Submitted};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::curation::{BulkUpdated, Decisions, Undone, not_undone, noted, nothing_to_change, nothing_to_undo};
use super::names::names_of;
use super::place_filter::{Chosen, FilterBody};
use super::places::who;
use super::query::{Asked, PageQuery, PathId};
use crate::error::ApiResult;
use crate::guards::{Body, Caller, Curate, Db, NoFields, Once, OptionalBody, Read, Scan};
use crate::views::Page;
use crate::views::answer::{Accepted, Answer};
use crate::views::fields;
use crate::views::place::ChangeView;
use crate::views::who::id_in;
use crate::views::words::CurationWord;

handlers![
    update_places,
    undo_place_change,
    undo_named_change,
    list_place_changes,
    list_changes_of_place,
    look_up_places,
    hand_over_places
];

/// A bulk change of places. A missing field changes nothing; null removes the value.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "filter": { "min_rating": 4.5 }, "status": "selected", "add_tags": ["today"] }))]
struct BulkUpdate {
    /// Ids of places.
    #[schema(example = json!(["ChIJAbC123"]))]
    place_ids: Option<Vec<String>>,
    /// What the places have in common; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    filter: Option<FilterBody>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    tenant_id: Option<String>,
    /// Whether to only count the places.
    #[serde(default)]
    #[schema(default = false)]
    preview: bool,
    /// The new curation status.
    #[schema(value_type = Option<CurationWord>)]
    status: Option<String>,
    /// The new notes.
    #[serde(default, deserialize_with = "fields::null_or")]
    notes: Option<Option<String>>,
    /// Labels, instead of those that the places have.
    #[serde(default, deserialize_with = "fields::null_or")]
    #[schema(max_items = 100)]
    tags: Option<Option<Vec<String>>>,
    /// Labels to add.
    #[serde(default)]
    #[schema(max_items = 100)]
    add_tags: Vec<String>,
    /// Labels to remove.
    #[serde(default)]
    #[schema(max_items = 100)]
    remove_tags: Vec<String>,
    /// The new priority: higher comes first.
    #[serde(default, deserialize_with = "fields::null_or")]
    priority: Option<Option<i32>>,
    /// The date to look at the places again.
    #[serde(default, deserialize_with = "fields::null_or")]
    revisit_date: Option<Option<NaiveDate>>,
}

const fn chosen<'r>(place_ids: Option<&'r [String]>, filter: Option<&'r FilterBody>) -> Chosen<'r> {
    Chosen { place_ids, filter }
}

/// Changes places by their ids or by a filter; with `preview` only counts them.
#[utoipa::path(
    tag = "Places",
    params(Once),
    request_body = BulkUpdate,
    responses((status = 200, body = BulkUpdated)),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/places/update", data = "<body>")]
async fn update_places(caller: Caller<Curate>, db: Db<'_>, once: Once, body: Body<BulkUpdate>) -> ApiResult<Answer> {
    let update = &body.value;
    let caller = caller.acting_for(update.tenant_id.as_deref(), db.pool()).await?;
    let filter = chosen(update.place_ids.as_deref(), update.filter.as_ref()).filter()?;
    let decisions = Decisions {
        status: update.status.as_deref(),
        notes: &update.notes,
        tags: &update.tags,
        add_tags: &update.add_tags,
        remove_tags: &update.remove_tags,
        priority: update.priority,
        revisit_date: update.revisit_date,
    };
    let curation = decisions.read()?;
    if curation.is_empty() && !update.preview {
        return Err(nothing_to_change());
    }
    db.once(&caller, once.of(&body)?, async |conn| {
        if update.preview {
            let matched = repo::places::count(conn, &filter).await?;
            return Ok((Status::Ok, BulkUpdated::preview(matched)));
        }
        let who = who(&caller);
        let by = ChangedBy {
            change_id: PlaceChangeId::from(Uuid::new_v4()),
            action: PlaceAction::Bulk,
            who: &who,
        };
        let changed = repo::place_changes::change(conn, &filter, &curation, by).await?;
        let details = json!({ "changed": changed });
        caller
            .note(conn, "places.update", Some(&by.change_id.to_string()), details)
            .await?;
        Ok((Status::Ok, BulkUpdated::new(changed, by.change_id)))
    })
    .await
}

/// Undoes the latest bulk change or import that was not undone yet.
#[utoipa::path(
    tag = "Places",
    params(Once),
    request_body = Option<NoFields>,
    responses((status = 200, body = Undone), (status = 409, description = "No bulk change is left to undo.")),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/places/undo", data = "<_body>")]
async fn undo_place_change(
    caller: Caller<Curate>,
    db: Db<'_>,
    once: Once,
    _body: OptionalBody<NoFields>,
) -> ApiResult<Answer> {
    db.once(&caller, once.without_body()?, async |conn| {
        let undo = PlaceChangeId::from(Uuid::new_v4());
        let undone = repo::place_changes::undo_last(conn, undo, &who(&caller)).await?;
        let undone = undone.ok_or_else(nothing_to_undo)?;
        Ok((Status::Ok, noted(&caller, conn, "places.undo", undone).await?))
    })
    .await
}

/// Undoes the change with this id, of any kind, for every place that was not changed again since.
#[utoipa::path(
    tag = "Places",
    params(("change_id" = Uuid, Path, description = "Id of the change."), Once),
    request_body = Option<NoFields>,
    responses(
        (status = 200, body = Undone),
        (status = 409, description = "The change was undone already, is an undo itself, or has nothing left to restore.")
    ),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/places/changes/<change_id>/undo", data = "<_body>")]
async fn undo_named_change(
    caller: Caller<Curate>,
    db: Db<'_>,
    once: Once,
    change_id: PathId<PlaceChangeId>,
    _body: OptionalBody<NoFields>,
) -> ApiResult<Answer> {
    db.once(&caller, once.without_body()?, async |conn| {
        let undo = PlaceChangeId::from(Uuid::new_v4());
        let undone = repo::place_changes::undo(conn, change_id.0, undo, &who(&caller)).await?;
        let undone = undone.map_err(not_undone)?;
        Ok((Status::Ok, noted(&caller, conn, "places.undo", undone).await?))
    })
    .await
}

/// Lists the changes of all places, newest first.
#[utoipa::path(
    tag = "Places",
    params(
        PageQuery<'static>,
    ),
    responses((status = 200, body = Page<ChangeView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/places/history")]
async fn list_place_changes(caller: Caller<Read>, db: Db<'_>, page: PageQuery<'_>) -> ApiResult<Page<ChangeView>> {
    history(&caller, &db, None, &page).await
}

/// Lists the changes of a place, newest first.
#[utoipa::path(
    tag = "Places",
    params(
        PageQuery<'static>,
        ("place_id" = String, Path, description = "Id of the place at Google, or as imported."),
    ),
    responses((status = 200, body = Page<ChangeView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/places/<place_id>/history", rank = 10)]
async fn list_changes_of_place(
    caller: Caller<Read>,
    db: Db<'_>,
    place_id: &str,
    page: PageQuery<'_>,
) -> ApiResult<Page<ChangeView>> {
    history(&caller, &db, Some(place_id), &page).await
}

async fn history(
    caller: &Caller<Read>,
    db: &Db<'_>,
    place_id: Option<&str>,
    page: &PageQuery<'_>,
) -> ApiResult<Page<ChangeView>> {
    let asked = Asked::read(page, &())?;
    let mut conn = db.reading(caller).await?;
    if let Some(place_id) = place_id {
        repo::places::get(&mut conn, place_id).await?;
    }
    let mut changes = repo::place_changes::list(&mut conn, place_id, &asked.paging).await?;
    let next_cursor = asked.cut(&mut changes, |change| change.id)?;
    let names = names_of(&mut conn, changes.iter().filter_map(|change| id_in(&change.changed_by))).await?;
    Ok(Page {
        items: changes
            .into_iter()
            .map(|change| ChangeView::new(change, &names))
            .collect(),
        next_cursor,
        total: None,
    })
}

/// Places whose details to look up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "filter": { "status": "selected" } }))]
struct LookUpRequest {
    /// Ids of places.
    #[schema(example = json!(["ChIJAbC123"]))]
    place_ids: Option<Vec<String>>,
    /// What the places have in common; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    filter: Option<FilterBody>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    tenant_id: Option<String>,
}

/// Places to hand over, and what to do with their domains.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "filter": { "status": "selected" }, "scan": true, "emails": true }))]
struct HandOverRequest {
    /// Ids of places.
    #[schema(example = json!(["ChIJAbC123"]))]
    place_ids: Option<Vec<String>>,
    /// What the places have in common; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    filter: Option<FilterBody>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    tenant_id: Option<String>,
    /// Whether to scan the domains.
    #[serde(default)]
    #[schema(default = false)]
    scan: bool,
    /// Whether to scan their sites for email addresses.
    #[serde(default)]
    #[schema(default = false)]
    emails: bool,
    /// Whether to look up details of places without a known website, at the cost of one call each.
    #[serde(default)]
    #[schema(default = false)]
    look_up: bool,
}

/// How many places a queued job works on.
#[derive(Debug, Serialize, ToSchema)]
struct Queued {
    /// The batch of the job and those that it queues; null if it queues none.
    batch_id: Option<Uuid>,
    /// The number of places.
    places: usize,
}

fn accepted(submitted: &Submitted) -> (Status, Accepted<Queued>) {
    let queued = Queued {
        batch_id: submitted.batch_id.map(|id| id.get()),
        places: submitted.places,
    };
    (Status::Accepted, Accepted::new(submitted.job_id, queued))
}

/// Queues the look-up of places' details: one call to Google per place.
#[utoipa::path(
    tag = "Places",
    params(Once),
    request_body = LookUpRequest,
    responses((status = 202, body = Accepted<Queued>)),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/places/details", data = "<body>")]
async fn look_up_places(caller: Caller<Scan>, db: Db<'_>, once: Once, body: Body<LookUpRequest>) -> ApiResult<Answer> {
    let LookUpRequest {
        place_ids,
        filter,
        tenant_id,
    } = &body.value;
    let caller = caller.acting_for(tenant_id.as_deref(), db.pool()).await?;
    let filter = chosen(place_ids.as_deref(), filter.as_ref()).filter()?;
    db.submit(&caller, once.of(&body)?, async |submission| {
        let submitted = places::submit_details(submission, &filter).await?;
        Ok(accepted(&submitted))
    })
    .await
}

/// Queues the hand-over of selected places, which makes domains of those with a website.
#[utoipa::path(
    tag = "Places",
    params(Once),
    request_body = HandOverRequest,
    responses((status = 202, body = Accepted<Queued>)),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/places/hand-over", data = "<body>")]
async fn hand_over_places(
    caller: Caller<Scan>,
    db: Db<'_>,
    once: Once,
    body: Body<HandOverRequest>,
) -> ApiResult<Answer> {
    let HandOverRequest {
        place_ids,
        filter,
        tenant_id,
        scan,
        emails,
        look_up,
    } = &body.value;
    let caller = caller.acting_for(tenant_id.as_deref(), db.pool()).await?;
    let filter = chosen(place_ids.as_deref(), filter.as_ref()).filter()?;
    let job = PlacesHandOver {
        place_ids: Vec::new(),
        scan: *scan,
        emails: *emails,
        look_up: *look_up,
    };
    db.submit(&caller, once.of(&body)?, async |submission| {
        let submitted = places::submit_hand_over(submission, &filter, job).await?;
        Ok(accepted(&submitted))
    })
    .await
}
