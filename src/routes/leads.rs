//! Leads: lists, and people's decisions about them.

use chrono::NaiveDate;
use database::ids::{LeadChangeRowId, LeadId, PlaceChangeId, PlaceChangeRowId};
use database::models::enums::PlaceAction;
use database::models::lead::Lead;
use database::models::place_change::{ChangedBy, PlaceCuration};
use database::repo;
use database::repo::leads::{LeadFilter, LeadPosition};
use database::repo::paging::Paging;
use database::tenant::TenantConnection;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{get, patch, post};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::curation::{BulkUpdated, Decisions, Undone, not_undone, noted, nothing_to_change, nothing_to_undo};
use super::lead_filter::{LeadFilterBody, LeadQuery, read_order};
use super::names::names_of;
use super::places::who;
use super::query::{Asked, PageQuery, PathId};
use crate::error::ApiResult;
use crate::guards::{Body, Caller, Curate, Db, NoFields, Once, OptionalBody, Read};
use crate::views::answer::Answer;
use crate::views::lead::{Change, LeadChangeView, LeadView};
use crate::views::who::id_in;
use crate::views::words::CurationWord;
use crate::views::{Page, fields};

handlers![
    list_leads,
    get_lead,
    list_lead_changes,
    update_lead,
    change_leads,
    undo_lead_change,
    undo_named_lead_change
];

/// Lists leads, by default the newest first: each place with its domain, and each domain without a place.
#[utoipa::path(
    tag = "Leads",
    params(PageQuery<'static>, LeadQuery<'static>),
    responses((status = 200, body = Page<LeadView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/leads?<query..>")]
async fn list_leads(
    caller: Caller<Read>,
    db: Db<'_>,
    page: PageQuery<'_>,
    query: LeadQuery<'_>,
) -> ApiResult<Page<LeadView>> {
    let order = read_order(query.sort)?;
    let asked = Asked::read(&page, &order)?;
    let filter = query.filter()?;
    let mut conn = db.reading(&caller).await?;
    let (mut rows, total) = if asked.paging.after.is_none() {
        repo::leads::list(&mut conn, &filter, order, asked.paging.limit).await?
    } else {
        let rows = repo::leads::list_after(&mut conn, &filter, order, &asked.paging).await?;
        (rows, repo::leads::count(&mut conn, &filter).await?)
    };
    let next_cursor = asked.cut(&mut rows, |row| LeadPosition::of(row, order))?;
    let shown = repo::leads::show(&mut conn, &rows).await?;
    Ok(Page {
        items: LeadView::all(rows, &shown),
        next_cursor,
        total: Some(total),
    })
}

/// Returns a lead.
#[utoipa::path(
    tag = "Leads",
    params(PathId<LeadId>),
    responses((status = 200, body = LeadView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/leads/<id>")]
async fn get_lead(caller: Caller<Read>, db: Db<'_>, id: PathId<LeadId>) -> ApiResult<Json<LeadView>> {
    let mut conn = db.reading(&caller).await?;
    let lead = repo::leads::get(&mut conn, id.0).await?;
    Ok(Json(view(&mut conn, lead).await?))
}

async fn view(conn: &mut TenantConnection, lead: Lead) -> ApiResult<LeadView> {
    let shown = repo::leads::show(conn, std::slice::from_ref(&lead)).await?;
    Ok(LeadView::new(lead, &shown))
}

/// Lists the changes of a lead, newest first; those of its place, if it has one.
#[utoipa::path(
    tag = "Leads",
    params(PathId<LeadId>, PageQuery<'static>),
    responses((status = 200, body = Page<LeadChangeView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/leads/<id>/history")]
async fn list_lead_changes(
    caller: Caller<Read>,
    db: Db<'_>,
    id: PathId<LeadId>,
    page: PageQuery<'_>,
) -> ApiResult<Page<LeadChangeView>> {
    let asked = Asked::<LeadChangeRowId>::read(&page, &())?;
    let mut conn = db.reading(&caller).await?;
    let lead = repo::leads::get(&mut conn, id.0).await?;
    let mut items = changes_of(&mut conn, &lead, &asked.paging).await?;
    let next_cursor = asked.cut(&mut items, |change| change.id.into())?;
    Ok(Page {
        items,
        next_cursor,
        total: None,
    })
}

/// Lists the changes of a lead, newest first; those of its place, if it has one.
///
/// # Errors
///
/// Those of the database.
pub(crate) async fn changes_of(
    conn: &mut TenantConnection,
    lead: &Lead,
    paging: &Paging<LeadChangeRowId>,
) -> ApiResult<Vec<LeadChangeView>> {
    let changes: Vec<Change> = match &lead.place_id {
        Some(place) => {
            let paging = Paging {
                limit: paging.limit,
                after: paging.after.map(|row| PlaceChangeRowId::from(row.get())),
            };
            let rows = repo::place_changes::list(conn, Some(place), &paging).await?;
            rows.into_iter().map(Change::from).collect()
        }
        None => {
            let rows = repo::lead_changes::list(conn, lead.id, paging).await?;
            rows.into_iter().map(Change::from).collect()
        }
    };
    let names = names_of(conn, changes.iter().filter_map(|change| id_in(&change.changed_by))).await?;
    Ok(changes
        .iter()
        .map(|change| LeadChangeView::new(change, &names))
        .collect())
}

/// A change of a lead. A missing field changes nothing; null removes the value.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "status": "selected", "add_tags": ["today"] }))]
struct LeadPatch {
    /// The new curation status.
    #[schema(value_type = Option<CurationWord>)]
    status: Option<String>,
    /// The new notes.
    #[serde(default, deserialize_with = "fields::null_or")]
    notes: Option<Option<String>>,
    /// Labels, instead of those that are there.
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
    /// The date to look at the leads again.
    #[serde(default, deserialize_with = "fields::null_or")]
    revisit_date: Option<Option<NaiveDate>>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    tenant_id: Option<String>,
}

/// Changes what people decided about a lead; with a place it is the place's.
#[utoipa::path(
    tag = "Leads",
    params(PathId<LeadId>),
    request_body = LeadPatch,
    responses((status = 200, body = LeadView)),
    security(("credential" = ["curate"]))
)]
#[patch("/api/v1/leads/<id>", data = "<body>")]
async fn update_lead(
    caller: Caller<Curate>,
    db: Db<'_>,
    id: PathId<LeadId>,
    body: Body<LeadPatch>,
) -> ApiResult<Json<LeadView>> {
    let patch = &body.value;
    let caller = caller.acting_for(patch.tenant_id.as_deref(), db.pool()).await?;
    let decisions = Decisions {
        status: patch.status.as_deref(),
        notes: &patch.notes,
        tags: &patch.tags,
        add_tags: &patch.add_tags,
        remove_tags: &patch.remove_tags,
        priority: patch.priority,
        revisit_date: patch.revisit_date,
    };
    let curation = decisions.read()?;
    let mut conn = db.tenant(&caller).await?;
    if !curation.is_empty() {
        let filter = LeadFilter {
            ids: Some(&[id.0]),
            ..LeadFilter::default()
        };
        change(&caller, &mut conn, &filter, &curation, PlaceAction::Update).await?;
    }
    let lead = repo::leads::get(&mut conn, id.0).await?;
    let view = view(&mut conn, lead).await?;
    conn.commit().await?;
    Ok(Json(view))
}

/// Changes leads, and returns how many and the id of the change.
async fn change(
    caller: &Caller<Curate>,
    conn: &mut TenantConnection,
    filter: &LeadFilter<'_>,
    curation: &PlaceCuration,
    action: PlaceAction,
) -> ApiResult<(usize, PlaceChangeId)> {
    let who = who(caller);
    let by = ChangedBy {
        change_id: PlaceChangeId::from(Uuid::new_v4()),
        action,
        who: &who,
    };
    let changed = repo::leads::change(conn, filter, curation, by).await?;
    Ok((changed, by.change_id))
}

/// A bulk change of leads. A missing field changes nothing; null removes the value.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "filter": { "has_email": true }, "status": "selected", "add_tags": ["today"] }))]
struct LeadsChange {
    /// Ids of leads.
    ids: Option<Vec<Uuid>>,
    /// What the leads have in common; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    filter: Option<LeadFilterBody>,
    /// Whether to only count the leads.
    #[serde(default)]
    #[schema(default = false)]
    preview: bool,
    /// The new curation status.
    #[schema(value_type = Option<CurationWord>)]
    status: Option<String>,
    /// The new notes.
    #[serde(default, deserialize_with = "fields::null_or")]
    notes: Option<Option<String>>,
    /// Labels, instead of those that are there.
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
    /// The date to look at the leads again.
    #[serde(default, deserialize_with = "fields::null_or")]
    revisit_date: Option<Option<NaiveDate>>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    tenant_id: Option<String>,
}

/// Changes leads by their ids or by a filter; with `preview` only counts them.
#[utoipa::path(
    tag = "Leads",
    params(Once),
    request_body = LeadsChange,
    responses((status = 200, body = BulkUpdated)),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/leads/change", data = "<body>")]
async fn change_leads(caller: Caller<Curate>, db: Db<'_>, once: Once, body: Body<LeadsChange>) -> ApiResult<Answer> {
    let asked = &body.value;
    let caller = caller.acting_for(asked.tenant_id.as_deref(), db.pool()).await?;
    let ids: Option<Vec<LeadId>> = asked
        .ids
        .as_ref()
        .map(|ids| ids.iter().copied().map(LeadId::from).collect());
    let filter = LeadFilterBody::chosen(ids.as_deref(), asked.filter.as_ref())?;
    let decisions = Decisions {
        status: asked.status.as_deref(),
        notes: &asked.notes,
        tags: &asked.tags,
        add_tags: &asked.add_tags,
        remove_tags: &asked.remove_tags,
        priority: asked.priority,
        revisit_date: asked.revisit_date,
    };
    let curation = decisions.read()?;
    if curation.is_empty() && !asked.preview {
        return Err(nothing_to_change());
    }
    db.once(&caller, once.of(&body)?, async |conn| {
        if asked.preview {
            let matched = repo::leads::count(conn, &filter).await?;
            return Ok((Status::Ok, BulkUpdated::preview(matched)));
        }
        let (changed, id) = change(&caller, conn, &filter, &curation, PlaceAction::Bulk).await?;
        let details = json!({ "changed": changed });
        caller
            .note(conn, "leads.change", Some(&id.to_string()), details)
            .await?;
        Ok((Status::Ok, BulkUpdated::new(changed, id)))
    })
    .await
}

/// Undoes the latest bulk change or import, of leads or places, that was not undone yet.
#[utoipa::path(
    tag = "Leads",
    params(Once),
    request_body = Option<NoFields>,
    responses((status = 200, body = Undone), (status = 409, description = "No bulk change is left to undo.")),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/leads/undo", data = "<_body>")]
async fn undo_lead_change(
    caller: Caller<Curate>,
    db: Db<'_>,
    once: Once,
    _body: OptionalBody<NoFields>,
) -> ApiResult<Answer> {
    db.once(&caller, once.without_body()?, async |conn| {
        let undo = PlaceChangeId::from(Uuid::new_v4());
        let undone = repo::leads::undo_last(conn, undo, &who(&caller)).await?;
        let undone = undone.ok_or_else(nothing_to_undo)?;
        Ok((Status::Ok, noted(&caller, conn, "leads.undo", undone).await?))
    })
    .await
}

/// Undoes the change with this id, of any kind, for every lead that was not changed again since.
#[utoipa::path(
    tag = "Leads",
    params(("change_id" = Uuid, Path, description = "Id of the change."), Once),
    request_body = Option<NoFields>,
    responses(
        (status = 200, body = Undone),
        (status = 409, description = "The change was undone already, is an undo itself, or has nothing left to restore.")
    ),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/leads/changes/<change_id>/undo", data = "<_body>")]
async fn undo_named_lead_change(
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
        Ok((Status::Ok, noted(&caller, conn, "leads.undo", undone).await?))
    })
    .await
}
