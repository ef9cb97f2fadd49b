//! A search and what it found: a map and a list.

use chrono::{DateTime, Utc};
use database::ids::{JobId, PlaceSearchId};
use database::models::enums::JobStatus;
use database::models::place_search::PlaceSearch;
use database::models::staged_place::StagedPlace;
use database::repo;
use database::repo::jobs::JobFilter;
use database::repo::paging::{Newest, Paging};
use database::repo::place_searches::SearchFilter;
use database::repo::places::{PlaceFilter, PlaceOrder};
use database::tenant::TenantConnection;
use maud::{Markup, html};
use rocket::get;

use super::map::map;
use crate::console::page::{Page, Place, time, words};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Db, Read, SignedIn};
use crate::routes::query::PathId;

/// The number of past searches that are listed.
const SEARCHES: i64 = 10;
/// The maximum number of places on a map.
const PLACES: i64 = 200;

/// Lists the latest searches.
pub async fn latest(conn: &mut TenantConnection) -> ApiResult<Vec<PlaceSearch>> {
    let paging: Paging<Newest<PlaceSearchId, Option<DateTime<Utc>>>> = Paging::first(SEARCHES);
    let (searches, _) = repo::place_searches::list(conn, &SearchFilter::default(), &paging).await?;
    Ok(searches)
}

/// Shows searches as a table.
pub fn searches(searches: &[PlaceSearch]) -> Markup {
    html! {
        @if !searches.is_empty() {
            section {
                h2 { "The latest searches" }
                div.scroll tabindex="0" { table {
                    thead { tr { th { "For" } th { "Where" } th { "State" } th { "Requested" } } }
                    tbody {
                        @for search in searches {
                            tr {
                                td {
                                    @if let Some(job) = search.job_id { a href={ "/find/searches/" (job) } { (search.business_type) } }
                                    @else { (search.business_type) }
                                }
                                td { (search.location) }
                                td { @if let Some(status) = &search.status { (words(status)) } }
                                td { @if let Some(at) = search.created_at { (time(at)) } }
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// Shows what a search found so far.
#[get("/find/searches/<id>")]
pub async fn show_search(visit: SignedIn<Read>, db: Db<'_>, id: PathId<JobId>) -> ApiResult<Page> {
    let mut conn = db.reading(&visit).await?;
    let filter = PlaceFilter {
        search_job_id: Some(id.0),
        ..PlaceFilter::default()
    };
    let order = PlaceOrder::default();
    let places = repo::places::list_after(&mut conn, &filter, order, &Paging::first(PLACES)).await?;
    let ids = [id.0];
    let of_job = JobFilter {
        ids: Some(&ids),
        ..JobFilter::default()
    };
    let job = repo::jobs::list_after(&mut conn, &of_job, &Paging::first(1))
        .await?
        .pop();
    drop(conn);
    // A search outlives its job.
    if job.is_none() && places.is_empty() {
        return Err(ApiError::NotFound);
    }
    let is_open = job.as_ref().is_some_and(|job| !job.status.is_final());
    let title = heading(&places);
    let content = html! {
        section id="found" hx-get=[is_open.then(|| format!("/find/searches/{}", id.0))] hx-trigger="moved, every 15s" hx-select="#found" hx-target="#found" hx-swap="outerHTML"
            data-follow=[is_open.then(|| format!("/jobs/events?job_id={}", id.0))] {
            @if let Some(job) = &job {
                p { "The search is " a href={ "/jobs/" (job.job_id) } { span.state.(job.status.label()) { (job.status) } } "." }
            }
            @if places.is_empty() {
                p.empty { @if job.is_some_and(|job| job.status == JobStatus::Pending) { "It waits for a worker." } @else { "Nothing was found yet." } }
            } @else {
                p { a href={ "/leads?search_job_id=" (id.0) } { "Decide about them as leads" } }
                div.beside { (map(&places)) (list(&places)) }
            }
        }
    };
    Ok(Page::new(Place::Find, &title, &visit, &content))
}

fn heading(places: &[StagedPlace]) -> String {
    let first = places.first();
    let kind = first.and_then(|place| place.business_type.as_deref());
    match (kind, first.and_then(|place| place.search_location.as_deref())) {
        (Some(kind), Some(location)) => format!("{kind} in {location}"),
        (Some(kind), None) => kind.to_owned(),
        (None, _) => "A search".to_owned(),
    }
}

fn list(places: &[StagedPlace]) -> Markup {
    html! {
        div.scroll tabindex="0" { table {
            thead { tr { th { "Place" } th { "Address" } th { "Rating" } th { "Status" } } }
            tbody {
                @for place in places {
                    tr {
                        td { (place.name) }
                        td { (place.formatted_address.as_deref().or(place.vicinity.as_deref()).unwrap_or_default()) }
                        td { @if let Some(rating) = place.rating { (rating) @if let Some(count) = place.user_ratings_total { " (" (count) ")" } } }
                        td { (place.status.label()) }
                    }
                }
            }
        } }
    }
}
