//! Many places at once: what people decide about them, the history of that, and what is done with those selected.

use chrono::NaiveDate;
use database::ids::PlaceChangeId;
use database::models::enums::{PlaceAction, ProcessingStatus, Scope};
use database::models::place_change::PlaceCuration;
use database::repo;
use database::repo::place_changes::ChangedBy;
use database::repo::places::PlaceFilter;
use database::tenant::TenantConnection;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{Route, State, get, post, routes};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::place_filter::Chosen;
use super::place_filter::status_of;
use super::places::{storable, who};
use super::{cursor_behind, parsed};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, Db, Once};
use crate::jobs::{self, BackgroundJob, EnqueueOptions, Waker};
use crate::scans::Services;
use crate::scans::places::{PlacesDetails, PlacesHandOver};
use crate::views::answer::Answer;
use crate::views::place::ChangeView;

/// The most places that one job looks up or hands over.
const MOST_OF_JOB: i64 = 5000;
/// The most labels of a place.
const MOST_TAGS: usize = 100;

/// Returns the routes of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![
        update_places,
        undo_change,
        list_changes,
        list_changes_of_place,
        look_up_details,
        hand_over
    ]
}

/// A change of many places. A field that is missing changes nothing; null removes a value.
#[derive(Debug, Default, Deserialize)]
struct BulkUpdate {
    #[serde(flatten)]
    chosen: Chosen,
    #[serde(default)]
    tenant_id: Option<String>,
    /// Whether only to count the places.
    #[serde(default)]
    preview: bool,
    status: Option<String>,
    #[serde(default, deserialize_with = "null_or")]
    notes: Option<Option<String>>,
    #[serde(default, deserialize_with = "null_or")]
    tags: Option<Option<Vec<String>>>,
    #[serde(default)]
    add_tags: Vec<String>,
    #[serde(default)]
    remove_tags: Vec<String>,
    #[serde(default, deserialize_with = "null_or")]
    priority: Option<Option<i32>>,
    #[serde(default, deserialize_with = "null_or")]
    revisit_date: Option<Option<NaiveDate>>,
}

/// Tells null from a field that is missing.
#[expect(clippy::option_option, reason = "missing, null and a value are three things")]
fn null_or<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// What a change of many places did.
#[derive(Debug, Serialize)]
struct BulkUpdated {
    matched: i64,
    changed: usize,
    change_id: Option<Uuid>,
}

/// Changes what people decided about places, by their ids or by a filter, or counts them.
#[post("/api/v1/places/update", data = "<body>")]
async fn update_places(caller: Caller, db: Db<'_>, once: Once, body: Body<BulkUpdate>) -> ApiResult<Answer> {
    caller.require(Scope::Curate)?;
    let update = &body.value;
    let caller = caller.acting_for(update.tenant_id.as_deref(), &db).await?;
    let filter = update.chosen.filter()?;
    let curation = read_curation(update)?;
    if curation.is_empty() && !update.preview {
        let detail = "nothing is to be changed: give status, notes, tags, add_tags, remove_tags, priority or \
                      revisit_date, or preview";
        return Err(ApiError::bad_request("status", detail));
    }
    let mut conn = db.tenant(&caller).await?;
    let begun = match once.earlier(&mut conn, &body).await? {
        Ok(answer) => return Ok(answer),
        Err(begun) => begun,
    };
    if update.preview {
        let view = BulkUpdated {
            matched: repo::places::count(&mut conn, &filter).await?,
            changed: 0,
            change_id: None,
        };
        let answer = begun.keep(&mut conn, Status::Ok, &view).await?;
        conn.commit().await?;
        return Ok(answer);
    }
    let who = who(&caller);
    let by = ChangedBy {
        change_id: PlaceChangeId::from(Uuid::new_v4()),
        action: PlaceAction::Bulk,
        who: &who,
    };
    let changed = repo::place_changes::change(&mut conn, &filter, &curation, by).await?;
    let details = json!({ "changed": changed });
    caller
        .note(&mut conn, "places.update", Some(&by.change_id.to_string()), details)
        .await?;
    let view = BulkUpdated {
        matched: i64::try_from(changed).unwrap_or(i64::MAX),
        changed,
        change_id: (changed > 0).then(|| by.change_id.get()),
    };
    let answer = begun.keep(&mut conn, Status::Ok, &view).await?;
    conn.commit().await?;
    Ok(answer)
}

fn read_curation(update: &BulkUpdate) -> ApiResult<PlaceCuration> {
    let tags = update.tags.iter().flatten().flatten();
    let all = tags.chain(&update.add_tags).chain(&update.remove_tags);
    for tag in all.clone() {
        storable("tags", tag.clone())?;
    }
    if all.count() > MOST_TAGS {
        return Err(ApiError::bad_request(
            "tags",
            format!("there are more than {MOST_TAGS} tags"),
        ));
    }
    let notes = match &update.notes {
        Some(Some(notes)) => Some(Some(storable("notes", notes.clone())?)),
        notes => notes.clone(),
    };
    Ok(PlaceCuration {
        status: update.status.as_deref().map(status_of).transpose()?,
        notes,
        tags: update.tags.clone(),
        add_tags: update.add_tags.clone(),
        remove_tags: update.remove_tags.clone(),
        priority: update.priority,
        revisit_date: update.revisit_date,
    })
}

/// What an undoing did.
#[derive(Debug, Serialize)]
struct Undone {
    change_id: Uuid,
    restored: i64,
    /// Places that were changed once more since, or are gone.
    skipped: i64,
}

/// Undoes the last bulk change or import that is not undone yet.
#[post("/api/v1/places/undo")]
async fn undo_change(caller: Caller, db: Db<'_>) -> ApiResult<Json<Undone>> {
    caller.require(Scope::Curate)?;
    let mut conn = db.tenant(&caller).await?;
    let undo = PlaceChangeId::from(Uuid::new_v4());
    let undone = repo::place_changes::undo_last(&mut conn, undo, &who(&caller)).await?;
    let Some(change_id) = undone.change_id else {
        return Err(ApiError::Conflict("there is no bulk change left to undo".to_owned()));
    };
    let details = json!({ "restored": undone.restored });
    caller
        .note(&mut conn, "places.undo", Some(&change_id.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok(Json(Undone {
        change_id: change_id.get(),
        restored: undone.restored,
        skipped: undone.changed - undone.restored,
    }))
}

/// A part of the history.
#[derive(Debug, Serialize)]
struct History {
    items: Vec<ChangeView>,
    next_cursor: Option<String>,
}

/// Lists who changed what, the last change first.
#[get("/api/v1/places/history?<limit>&<cursor>")]
async fn list_changes(
    caller: Caller,
    db: Db<'_>,
    limit: Option<&str>,
    cursor: Option<&str>,
) -> ApiResult<Json<History>> {
    history(&caller, &db, None, limit, cursor).await
}

/// Lists who changed what about a place, the last change first.
#[get("/api/v1/places/<place_id>/history?<limit>&<cursor>")]
async fn list_changes_of_place(
    caller: Caller,
    db: Db<'_>,
    place_id: &str,
    limit: Option<&str>,
    cursor: Option<&str>,
) -> ApiResult<Json<History>> {
    history(&caller, &db, Some(place_id), limit, cursor).await
}

async fn history(
    caller: &Caller,
    db: &Db<'_>,
    place_id: Option<&str>,
    limit: Option<&str>,
    cursor: Option<&str>,
) -> ApiResult<Json<History>> {
    caller.require(Scope::Read)?;
    let limit = super::paging(limit, None)?.limit;
    let before = parsed("cursor", cursor)?;
    let mut conn = db.tenant(caller).await?;
    if let Some(place_id) = place_id {
        repo::places::get(&mut conn, place_id).await?;
    }
    let changes = repo::place_changes::list(&mut conn, place_id, before, limit).await?;
    let next_cursor = cursor_behind(&changes, limit, |change| change.id.to_string());
    Ok(Json(History {
        items: changes.into_iter().map(ChangeView::from).collect(),
        next_cursor,
    }))
}

/// Names places whose details are to be looked up.
#[derive(Debug, Deserialize)]
struct LookUpRequest {
    #[serde(flatten)]
    chosen: Chosen,
    #[serde(default)]
    tenant_id: Option<String>,
}

/// Names places that are to become domains.
#[derive(Debug, Deserialize)]
struct HandOverRequest {
    #[serde(flatten)]
    chosen: Chosen,
    #[serde(default)]
    tenant_id: Option<String>,
    /// Whether the domains are to be scanned.
    #[serde(default)]
    scan: bool,
    /// Whether their sites are to be scanned for email addresses.
    #[serde(default)]
    emails: bool,
    /// Whether details are to be looked up where the website is not known, which costs a call each.
    #[serde(default)]
    look_up: bool,
}

/// A job that was queued.
#[derive(Debug, Serialize)]
struct Queued {
    job_id: Uuid,
    status_url: String,
    places: usize,
}

/// Queues the look-up of places' details: a call of Google's each.
#[post("/api/v1/places/details", data = "<body>")]
async fn look_up_details(
    caller: Caller,
    db: Db<'_>,
    waker: &State<Waker>,
    body: Body<LookUpRequest>,
) -> ApiResult<(Status, Json<Queued>)> {
    caller.require(Scope::Scan)?;
    let LookUpRequest { chosen, tenant_id } = body.value;
    let caller = caller.acting_for(tenant_id.as_deref(), &db).await?;
    let mut conn = db.tenant(&caller).await?;
    let place_ids = ids_of(&mut conn, &chosen.filter()?).await?;
    caller.count_scans(&mut conn, 1).await?;
    let all: Vec<&str> = place_ids.iter().map(String::as_str).collect();
    repo::place_details::set_look_up(&mut conn, &all, ProcessingStatus::Queued, None).await?;
    queue(conn, waker, place_ids.len(), &PlacesDetails { place_ids }).await
}

/// Queues the hand-over of selected places: those with a website become domains.
#[post("/api/v1/places/hand-over", data = "<body>")]
async fn hand_over(
    caller: Caller,
    db: Db<'_>,
    waker: &State<Waker>,
    body: Body<HandOverRequest>,
) -> ApiResult<(Status, Json<Queued>)> {
    caller.require(Scope::Scan)?;
    let HandOverRequest {
        chosen,
        tenant_id,
        scan,
        emails,
        look_up,
    } = body.value;
    let caller = caller.acting_for(tenant_id.as_deref(), &db).await?;
    let mut conn = db.tenant(&caller).await?;
    let place_ids = ids_of(&mut conn, &chosen.filter()?).await?;
    let count = place_ids.len();
    // Each site is a scan of each kind; the hand-over itself is none.
    let scans = count * (usize::from(scan) + usize::from(emails));
    caller.count_scans(&mut conn, scans.max(1)).await?;
    let job = PlacesHandOver {
        place_ids,
        scan,
        emails,
        look_up,
    };
    queue(conn, waker, count, &job).await
}

/// Returns the ids of the places that match: those there are, and not too many for one job.
async fn ids_of(conn: &mut TenantConnection, filter: &PlaceFilter<'_>) -> ApiResult<Vec<String>> {
    let ids = repo::places::list_ids(conn, filter, MOST_OF_JOB + 1).await?;
    if ids.is_empty() {
        return Err(ApiError::NotFound);
    }
    if i64::try_from(ids.len()).is_ok_and(|count| count > MOST_OF_JOB) {
        let detail = format!("more than {MOST_OF_JOB} places match: a job takes no more");
        return Err(ApiError::bad_request("filter", detail));
    }
    Ok(ids)
}

async fn queue<J: BackgroundJob<Services = Services>>(
    mut conn: TenantConnection,
    waker: &Waker,
    places: usize,
    job: &J,
) -> ApiResult<(Status, Json<Queued>)> {
    let job_id = jobs::enqueue(&mut conn, job, &EnqueueOptions::default())
        .await?
        .job
        .job_id;
    conn.commit().await?;
    waker.wake();
    let queued = Queued {
        job_id: job_id.get(),
        status_url: format!("/api/v1/jobs/{job_id}"),
        places,
    };
    Ok((Status::Accepted, Json(queued)))
}
