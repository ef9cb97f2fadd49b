//! The start page: how much there is, and what runs.

use database::models::enums::{CurationStatus, JobStatus};
use database::repo;
use database::repo::contacts::ContactFilter;
use database::repo::domains::DomainFilter;
use database::repo::jobs::JobFilter;
use database::repo::paging::Paging;
use database::repo::places::PlaceFilter;
use database::tenant::TenantConnection;
use maud::{Markup, html};
use rocket::{Route, get, routes};

use super::jobs::table;
use super::page::{Page, Place};
use crate::error::ApiResult;
use crate::guards::{Db, Read, SignedIn};
use crate::routes::names::view_jobs;

/// The number of jobs on the page.
const LATEST: i64 = 10;

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![show_start]
}

/// How many rows of each kind the tenant has.
struct Counts {
    places: i64,
    selected: i64,
    domains: i64,
    contacts: i64,
    waiting: i64,
    running: i64,
    failed: i64,
}

impl Counts {
    async fn load(conn: &mut TenantConnection) -> ApiResult<Self> {
        let selected = PlaceFilter {
            status: Some(CurationStatus::Selected),
            ..PlaceFilter::default()
        };
        Ok(Self {
            places: repo::places::count(conn, &PlaceFilter::default()).await?,
            selected: repo::places::count(conn, &selected).await?,
            domains: repo::domains::count(conn, &DomainFilter::default()).await?,
            contacts: repo::contacts::count(conn, &ContactFilter::default()).await?,
            waiting: count_jobs(conn, JobStatus::Pending).await?,
            running: count_jobs(conn, JobStatus::Running).await?,
            failed: count_jobs(conn, JobStatus::Failed).await?,
        })
    }
}

async fn count_jobs(conn: &mut TenantConnection, status: JobStatus) -> ApiResult<i64> {
    let filter = JobFilter {
        statuses: &[status],
        ..JobFilter::default()
    };
    Ok(repo::jobs::count(conn, &filter).await?)
}

#[get("/")]
async fn show_start(visit: SignedIn<Read>, db: Db<'_>) -> ApiResult<Page> {
    let mut conn = db.tenant(&visit).await?;
    let counts = Counts::load(&mut conn).await?;
    let jobs = repo::jobs::list_after(&mut conn, &JobFilter::default(), &Paging::first(LATEST)).await?;
    let jobs = view_jobs(&mut conn, jobs).await?;
    let is_empty = counts.places == 0 && counts.domains == 0;
    let content = html! {
        @if is_empty {
            p.empty { "Nothing was gathered yet. " a href="/find" { "Find businesses, or scan domains" } "." }
        }
        ul.figures {
            (figure("Places found", counts.places, "/find"))
            (figure("Places selected", counts.selected, "/find"))
            (figure("Domains", counts.domains, "/jobs?kind=domain_scan"))
            (figure("Contacts", counts.contacts, "/jobs?kind=email_scan"))
            (figure("Jobs waiting", counts.waiting, "/jobs?status=pending"))
            (figure("Jobs running", counts.running, "/jobs?status=running"))
            (figure("Jobs failed", counts.failed, "/jobs?status=failed"))
        }
        h2 { "Latest jobs" }
        (table(&jobs))
    };
    Ok(Page::new(Place::Start, "Start", &visit, &content))
}

fn figure(name: &str, count: i64, path: &str) -> Markup {
    html! { li { a href=(path) { b { (thousands(count)) } " " span { (name) } } } }
}

/// Writes a number with a thin space between groups of three digits.
fn thousands(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn groups_digits_by_three() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1\u{202f}000"),
            (1_234_567, "1\u{202f}234\u{202f}567"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }
}
