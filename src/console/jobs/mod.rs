//! Jobs: a list that stays current, one job, and what may be done about one or many.

mod bulk;
mod one;
mod query;
mod rows;

use database::models::enums::{JobStatus, Outcome, Scope};
use database::models::job::Job;
use database::repo;
use database::repo::jobs::States;
use database::repo::paging::Newest;
use maud::{Markup, html};
use rocket::{Route, get};

use self::query::JobQuery;
pub use self::rows::{rows, table};
use super::form::Field;
use super::page::{Page, Place, thousands, words};
use crate::error::ApiResult;
use crate::guards::{Db, Read, SignedIn};
use crate::routes::events::{self, EventWords};
use crate::routes::follow::{Beginning, Events, Following};
use crate::routes::job_filter::ChosenJobs;
use crate::routes::query::{Asked, PageQuery};

/// The number of jobs on a page.
const ROWS: &str = "50";

/// Returns the routes of the jobs.
pub fn routes() -> Vec<Route> {
    [rocket::routes![show_jobs, follow_jobs], one::routes(), bulk::routes()].concat()
}

#[get("/jobs?<changed>&<query..>")]
async fn show_jobs(
    visit: SignedIn<Read>,
    db: Db<'_>,
    page: PageQuery<'_>,
    changed: Option<u32>,
    query: JobQuery<'_>,
) -> ApiResult<Page> {
    let page = PageQuery {
        limit: Some(ROWS),
        ..page
    };
    let asked = Asked::read(&page, &())?;
    let mut chosen = ChosenJobs::read(&query.words())?;
    let mut of_all = ChosenJobs::read(&query.in_any_state().words())?;
    let mut conn = db.tenant(&visit).await?;
    chosen.join(&mut conn).await?;
    of_all.join(&mut conn).await?;
    let states = repo::jobs::count_states(&mut conn, &of_all.filter()).await?;
    let mut jobs = repo::jobs::list_after(&mut conn, &chosen.filter(), &asked.paging).await?;
    let next = asked.cut(&mut jobs, |job: &Job| Newest::new(job.created_at, job.job_id))?;
    let jobs = rows(&mut conn, jobs).await?;
    drop(conn);
    // A page of older jobs stays as it is, so that rows do not move away from who reads them.
    let is_first = page.cursor.is_none();
    let content = html! {
        (filters(&query))
        @if let Some(count) = changed { p.notice role="status" { (count) @if count == 1 { " job was changed." } @else { " jobs were changed." } } }
        section id="list" hx-get=[is_first.then(|| query.address("/jobs"))] hx-trigger="moved, every 15s" hx-select="#list" hx-target="#list" hx-swap="outerHTML"
            data-follow=[is_first.then(|| query.stream())] {
            (by_state(&query, &states))
            (table(&jobs))
            @if let Some(next) = &next {
                p { a rel="next" href=(query.with("/jobs", "cursor", next)) { "Older jobs" } }
            }
        }
        @if visit.scopes().contains(&Scope::Scan) { (bulk::links(&query)) }
    };
    Ok(Page::new(Place::Jobs, "Jobs", &visit, &content))
}

fn filters(query: &JobQuery<'_>) -> Markup {
    let option = |chosen: Option<&str>, word: &str| {
        html! { option value=(word) selected[chosen == Some(word)] { (words(word)) } }
    };
    html! {
        form.filters method="get" action="/jobs" role="search" {
            span.field {
                label for="status" { "State" }
                select id="status" name="status" {
                    option value="" { "any" }
                    @for status in JobStatus::ALL { (option(query.status(), status.label())) }
                }
            }
            span.field {
                label for="kind" { "Kind" }
                select id="kind" name="kind" {
                    option value="" { "any" }
                    @for kind in scans::registry().kinds() { (option(query.kind(), kind)) }
                }
            }
            span.field {
                label for="outcome" { "Ended because" }
                select id="outcome" name="outcome" {
                    option value="" { "any" }
                    @for outcome in Outcome::ALL { (option(query.outcome(), outcome.label())) }
                }
            }
            span.field { (Field::text("batch_id", "Batch").with(query.batch_id().unwrap_or_default()).show(None)) }
            button { "Show" }
            @if !query.is_empty() { a href="/jobs" { "Clear" } }
        }
    }
}

/// The numbers of jobs in each state, which the other filters select.
fn by_state(query: &JobQuery<'_>, states: &States) -> Markup {
    let any = query.in_any_state();
    html! {
        ul.counts {
            @for status in JobStatus::ALL {
                li {
                    a href=(any.with("/jobs", "status", status.label())) aria-current=[(query.status() == Some(status.label())).then_some("true")] {
                        b { (thousands(states.of(&[*status]))) } " " (status.label())
                    }
                }
            }
            li { a href=(any.address("/jobs")) { b { (thousands(states.of(JobStatus::ALL))) } " in all" } }
        }
    }
}

/// Streams what happens to jobs, as the API does; a page shows by it what has moved.
#[get("/jobs/events?<query..>")]
async fn follow_jobs<'r>(
    visit: SignedIn<Read>,
    db: Db<'r>,
    page: PageQuery<'r>,
    query: EventWords,
    following: Following<'r>,
) -> ApiResult<Events<'r>> {
    let asked = Asked::read(&page, &())?;
    let filter = query.read()?;
    events::answer(visit.into_caller(), &db, &asked, filter, following, Beginning::Now).await
}
