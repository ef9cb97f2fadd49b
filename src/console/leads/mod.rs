//! Leads: the list with its filters, decisions about what is selected, and one lead.

mod address;
mod decision;
mod export;
mod facts;
mod list;
mod more;
mod one;
mod views;

use database::ids::{LeadId, PlaceChangeId};
use database::models::enums::{PlaceAction, Scope};
use database::models::lead::Lead;
use database::models::place_change::PlaceCuration;
use database::repo;
use database::repo::leads::{LeadFilter, LeadPosition};
use maud::html;
use rocket::form::Form;
use rocket::http::uri::Origin;
use rocket::response::Redirect;
use rocket::{FromForm, Route, get, post, routes};
use serde_json::json;
use uuid::Uuid;

use self::address::Address;
use self::decision::change;
use self::list::{changed, decisions, filters, keys, table};
use super::page::{Page, Place};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Curate, Db, Read, SignedIn};
use crate::routes::curation::not_undone;
use crate::routes::lead_filter::{LeadQuery, read_order};
use crate::routes::place_filter::status_of;
use crate::routes::places::who;
use crate::routes::query::{Asked, PageQuery, PathId};
use crate::views::lead::LeadView;

/// The number of leads on a page.
const ROWS: &str = "50";

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![
        show_leads,
        change_leads,
        undo,
        export::export_leads,
        one::show_lead,
        one::show_report,
        one::change_lead,
        views::save_view,
        views::delete_view
    ]
}

#[get("/leads?<query..>")]
async fn show_leads(
    visit: SignedIn<Read>,
    db: Db<'_>,
    page: PageQuery<'_>,
    query: LeadQuery<'_>,
    origin: &Origin<'_>,
) -> ApiResult<Page> {
    let page = PageQuery {
        limit: Some(ROWS),
        ..page
    };
    let order = read_order(query.sort)?;
    let asked = Asked::read(&page, &order)?;
    let filter = query.filter()?;
    let mut conn = db.reading(&visit).await?;
    let (mut rows, total) = if asked.paging.after.is_none() {
        repo::leads::list(&mut conn, &filter, order, asked.paging.limit).await?
    } else {
        let rows = repo::leads::list_after(&mut conn, &filter, order, &asked.paging).await?;
        (rows, repo::leads::count(&mut conn, &filter).await?)
    };
    let next = asked.cut(&mut rows, |row: &Lead| LeadPosition::of(row, order))?;
    let shown = repo::leads::show(&mut conn, &rows).await?;
    let saved = views::read(&mut conn).await?;
    drop(conn);
    let leads = LeadView::all(rows, &shown);
    let asked = Address::of(origin);
    let may_curate = visit.scopes().contains(&Scope::Curate);
    let content = html! {
        (views::views(&saved, &asked, may_curate))
        (filters(&asked))
        @if let Some(change) = asked.value("changed") { (changed(&change, &asked)) }
        p.hint { (total) (if total == 1 { " lead" } else { " leads" }) }
        @if leads.is_empty() {
            p.empty { "No leads match. " a href="/leads" { "Show all" } ", or " a href="/find" { "find businesses" } "." }
        } @else {
            div.actions { (export::form(&asked)) (keys(may_curate)) }
            form method="post" action={ "/leads?" (asked.without(&["changed"])) } id="selection" {
                @if may_curate { (decisions(total)) }
                (table(&leads, may_curate))
            }
            @if let Some(next) = next {
                p { a rel="next" href={ "/leads?" (asked.with("cursor", &next)) } { "More leads" } }
            }
        }
    };
    Ok(Page::new(Place::Leads, "Leads", &visit, &content))
}

/// What the form of the list sends.
#[derive(FromForm)]
struct Decision<'r> {
    scope: &'r str,
    ids: Vec<&'r str>,
    new_status: &'r str,
    add_tag: &'r str,
    remove_tag: &'r str,
}

#[post("/leads?<query..>", data = "<sent>")]
async fn change_leads(
    visit: SignedIn<Curate>,
    db: Db<'_>,
    query: LeadQuery<'_>,
    origin: &Origin<'_>,
    sent: Form<Decision<'_>>,
) -> ApiResult<Redirect> {
    let filter = query.filter()?;
    let ids: Vec<LeadId> = sent
        .ids
        .iter()
        .filter_map(|id| Uuid::parse_str(id).ok().map(LeadId::from))
        .collect();
    let filter = match sent.scope {
        "matching" => filter,
        _ if ids.is_empty() => {
            return Err(ApiError::bad_request(
                "ids",
                "no lead is ticked: tick some, or choose all that match",
            ));
        }
        _ => LeadFilter {
            ids: Some(&ids),
            ..LeadFilter::default()
        },
    };
    let one = |tag: &str| {
        Some(tag.trim())
            .filter(|tag| !tag.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect()
    };
    let curation = PlaceCuration {
        status: Some(sent.new_status)
            .filter(|word| !word.is_empty())
            .map(status_of)
            .transpose()?,
        add_tags: one(sent.add_tag),
        remove_tags: one(sent.remove_tag),
        ..PlaceCuration::default()
    };
    if curation.is_empty() {
        return Err(ApiError::bad_request(
            "new_status",
            "nothing to change: choose a status or a tag",
        ));
    }
    let mut conn = db.tenant(&visit).await?;
    let (count, id) = change(&visit, &mut conn, &filter, &curation, PlaceAction::Bulk).await?;
    let details = json!({ "changed": count });
    visit
        .note(&mut conn, "leads.change", Some(&id.to_string()), details)
        .await?;
    conn.commit().await?;
    let back = Address::of(origin).after(count, id.get());
    Ok(Redirect::to(format!("/leads?{back}")))
}

#[post("/leads/undo/<id>")]
async fn undo(visit: SignedIn<Curate>, db: Db<'_>, id: PathId<PlaceChangeId>) -> ApiResult<Redirect> {
    let mut conn = db.tenant(&visit).await?;
    let undo = PlaceChangeId::from(Uuid::new_v4());
    let undone = repo::place_changes::undo(&mut conn, id.0, undo, &who(&visit)).await?;
    let undone = undone.map_err(not_undone)?;
    let details = json!({ "restored": undone.restored });
    visit
        .note(&mut conn, "leads.undo", Some(&undone.change_id.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok(Redirect::to("/leads"))
}
