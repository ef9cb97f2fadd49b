//! Finding businesses: a search for places, with its price first, and domains that are pasted.

mod import;
mod map;
mod search;

use database::models::enums::Scope;
use maud::{Markup, html};
use rocket::form::Form;
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::{FromForm, Route, State, get, post, routes};
use scans::PlacesConfig;
use scans::domain;
use scans::places::cost::estimate;
use scans::places::{self, PlacesSearch};

use super::page::{Page, Place};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Db, Read, Scan, SignedIn, Upload};

/// Maximum number of domains that are pasted at once.
const MAX_DOMAINS: usize = 1000;

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![
        show_find,
        scan_domains,
        search_places,
        search::show_search,
        import::import_places
    ]
}

#[get("/find")]
async fn show_find(visit: SignedIn<Read>, db: Db<'_>) -> ApiResult<Page> {
    let mut conn = db.reading(&visit).await?;
    let searches = search::latest(&mut conn).await?;
    drop(conn);
    let content = html! {
        div.columns {
            (search_form(&Search::default(), None))
            (domains_form("", None))
            @if visit.scopes().contains(&Scope::Curate) { (import::form(None)) }
        }
        (search::searches(&searches))
    };
    Ok(Page::new(Place::Find, "Find", &visit, &content))
}

/// What the form of a search sends.
#[derive(FromForm)]
struct Search<'r> {
    business_type: &'r str,
    location: &'r str,
    radius_km: f64,
    max_results: i64,
    /// Whether the price was seen.
    confirmed: bool,
}

impl Default for Search<'_> {
    fn default() -> Self {
        Self {
            business_type: "",
            location: "",
            radius_km: 10.0,
            max_results: 20,
            confirmed: false,
        }
    }
}

fn search_form(search: &Search<'_>, problem: Option<&str>) -> Markup {
    html! {
        section {
            h2 { "Search for businesses" }
            form method="post" action="/find/places" {
                label for="business_type" { "Kind of business" }
                input id="business_type" name="business_type" value=(search.business_type) placeholder="dentist" required;
                label for="location" { "Where" }
                input id="location" name="location" value=(search.location) placeholder="Houston, TX" required;
                label for="radius_km" { "Within, in kilometres" }
                input id="radius_km" name="radius_km" type="number" min="0.1" max="50" step="0.1" value=(search.radius_km) required;
                label for="max_results" { "At most this many places" }
                input id="max_results" name="max_results" type="number" min="1" max="1000" value=(search.max_results) required;
                @if let Some(problem) = problem { p.error role="alert" { (problem) } }
                button { "Show the price" }
            }
        }
    }
}

/// Shows what a search costs; once that is confirmed, queues it.
#[post("/find/places", data = "<sent>")]
async fn search_places(
    visit: SignedIn<Scan>,
    db: Db<'_>,
    config: &State<PlacesConfig>,
    sent: Form<Search<'_>>,
) -> ApiResult<Result<Redirect, Page>> {
    let search = PlacesSearch::read(&places::SearchRequest {
        business_type: sent.business_type,
        location: sent.location,
        latitude: None,
        longitude: None,
        radius_km: sent.radius_km,
        max_results: sent.max_results,
        grid: None,
        created_by: visit.actor().id(),
    });
    let search = match search {
        Ok(search) => search,
        Err(error) => {
            let form = search_form(&sent, Some(&error.to_string()));
            let page = Page::new(Place::Find, "Find", &visit, &form);
            return Ok(Err(page.with_status(Status::BadRequest)));
        }
    };
    if !sent.confirmed {
        let cost = estimate(config, search.max_results, search.grid, search.center.is_some());
        let content = html! {
            p {
                "A search for " strong { (sent.business_type) } " in " strong { (sent.location) } " takes "
                (cost.calls_at_least) " to " (cost.calls_at_most) " calls to Google: "
                strong { (cost.usd_at_least) " to " (cost.usd_at_most) " US dollars" } " at list prices."
            }
            form method="post" action="/find/places" {
                @for (name, value) in [
                    ("business_type", sent.business_type.to_owned()),
                    ("location", sent.location.to_owned()),
                    ("radius_km", sent.radius_km.to_string()),
                    ("max_results", sent.max_results.to_string()),
                    ("confirmed", true.to_string()),
                ] {
                    input type="hidden" name=(name) value=(value);
                }
                button { "Search" }
                " " a href="/find" { "Change it" }
            }
        };
        return Ok(Err(Page::new(Place::Find, "The price", &visit, &content)));
    }
    let queued = db.submit(&visit, None, async |submission| {
        let job = places::submit_search(submission, search).await?;
        Ok((Status::Accepted, job.get()))
    });
    let id: uuid::Uuid = read(&queued.await?.body)?;
    Ok(Ok(Redirect::to(format!("/find/searches/{id}"))))
}

fn domains_form(pasted: &str, problem: Option<&str>) -> Markup {
    html! {
        section {
            h2 { "Scan domains" }
            form method="post" action="/find/domains" {
                label for="domains" { "One domain or address a line; a file may be dropped here" }
                textarea id="domains" name="domains" rows="8" spellcheck="false" required placeholder="example.com" data-file="file" { (pasted) }
                label for="file" { "Or a file of such lines" }
                input id="file" type="file" accept=".txt,.csv,text/plain";
                @if let Some(problem) = problem { p.error role="alert" { (problem) } }
                button { "Scan" }
            }
        }
    }
}

/// Queues a scan of each line, and shows what became of each.
#[post("/find/domains", data = "<sent>")]
async fn scan_domains(visit: SignedIn<Scan>, db: Db<'_>, sent: Upload) -> ApiResult<Page> {
    let pasted = sent.field("domains").unwrap_or_default();
    let lines: Vec<String> = pasted
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    if lines.is_empty() || lines.len() > MAX_DOMAINS {
        let problem = format!("there are {} lines: paste 1 to {MAX_DOMAINS}", lines.len());
        let page = Page::new(Place::Find, "Find", &visit, &domains_form(&pasted, Some(&problem)));
        return Ok(page.with_status(Status::BadRequest));
    }
    let queued = db.submit(&visit, None, async |submission| {
        let batch = domain::submit_batch(submission, &lines).await?;
        Ok((Status::Accepted, (batch.id.get(), batch.entries)))
    });
    let (batch, entries): (uuid::Uuid, Vec<domain::BatchEntry>) = read(&queued.await?.body)?;
    let queued = entries.iter().filter(|entry| entry.job_id.is_some()).count();
    let content = html! {
        p { (queued) " of " (entries.len()) " lines are scanned. " a href={ "/jobs?batch_id=" (batch) } { "Follow the jobs" } }
        @if queued < entries.len() {
            h2 { "Not scanned" }
            div.scroll tabindex="0" { table {
                thead { tr { th { "Line" } th { "Why" } } }
                tbody {
                    @for entry in entries.iter().filter(|entry| entry.job_id.is_none()) {
                        tr { td { (entry.domain) } td { (entry.error.as_deref().unwrap_or("it is a duplicate")) } }
                    }
                }
            } }
        }
    };
    Ok(Page::new(Place::Find, "Scans", &visit, &content))
}

/// Reads back what a transaction answered.
fn read<T: serde::de::DeserializeOwned>(body: &str) -> ApiResult<T> {
    serde_json::from_str(body).map_err(|error| ApiError::Internal(format!("reading an answer back failed: {error}")))
}
