//! One job: how far it is, why it is not done, what happened to it, and what may be done about it.

use database::models::enums::{JobStatus, Scope};
use database::models::event::Event;
use database::repo;
use database::repo::events::EventFilter;
use database::repo::paging::Paging;
use maud::{Markup, html};
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes};
use serde::Deserialize;

use super::rows::progress;
use crate::console::page::{Page, Place, time, words};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Db, Read, Scan, SignedIn};
use crate::routes::jobs::{HostPace, explain};
use crate::routes::names::view_job;
use crate::views::job::{JobView, domain_of};
use crate::views::scan::ScanId;

/// The maximum number of events that the page of a job shows.
const EVENTS: i64 = 100;

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![show_job, cancel, retry]
}

#[get("/jobs/<id>")]
async fn show_job(visit: SignedIn<Read>, db: Db<'_>, pace: &State<HostPace>, id: ScanId) -> ApiResult<Page> {
    let mut conn = db.tenant(&visit).await?;
    let job = repo::jobs::get(&mut conn, id.0).await?;
    let filter = EventFilter {
        job: Some(id.0),
        ..EventFilter::default()
    };
    let events = repo::events::list(&mut conn, &filter, &Paging::first(EVENTS)).await?;
    drop(conn);
    let waiting = explain(&visit, &db, pace, &job).await?;
    let (status, about) = (job.status, domain_of(&job));
    let mut conn = db.tenant(&visit).await?;
    let job = view_job(&mut conn, job).await?;
    drop(conn);
    let job = JobView {
        waiting: waiting.or(job.waiting),
        ..job
    };
    let (may_scan, is_open) = (visit.scopes().contains(&Scope::Scan), !status.is_final());
    let content = html! {
        section id="job" hx-get=[is_open.then(|| format!("/jobs/{}", id.0))] hx-trigger="moved, every 15s" hx-select="#job" hx-target="#job" hx-swap="outerHTML"
            data-follow=[is_open.then(|| format!("/jobs/events?job_id={}", id.0))] {
            p { span.state.(job.status) { (job.status) } " " (progress(&job)) }
            (facts(&job, about.as_deref()))
            @if may_scan && is_open {
                form method="post" action={ "/jobs/" (id.0) "/cancel" } { button { "Cancel" } }
            }
            @if may_scan && matches!(status, JobStatus::Failed | JobStatus::Cancelled) {
                form method="post" action={ "/jobs/" (id.0) "/retry" } { button { "Try again" } }
            }
            @if let Some(result) = &job.result {
                details { summary { "Result" } pre { (pretty(result.get())) } }
            }
            (timeline(&events))
        }
    };
    Ok(Page::new(Place::Jobs, &words(&job.kind), &visit, &content))
}

fn facts(job: &JobView, about: Option<&str>) -> Markup {
    html! {
        dl {
            dt { "Kind" } dd { (words(&job.kind)) }
            @if let Some(about) = about {
                dt { "About" }
                dd { @if let Some(domain) = job.domain_id { a href={ "/leads?domain_id=" (domain) } { (about) } } @else { (about) } }
            }
            dt { "Requested" } dd { (time(job.created_at)) " by " (job.created_by.name.as_deref().unwrap_or("unknown")) }
            @if let Some(at) = job.started_at { dt { "Last attempt" } dd { (time(at)) ", number " (job.attempts) " of at most " (job.max_attempts) } }
            @if let Some(at) = job.completed_at { dt { "Ended" } dd { (time(at)) } }
            @if let Some(error) = &job.error { dt { "Why it failed" } dd.error { (error) } }
            @if let Some(waiting) = &job.waiting { dt { "Why it is not done" } dd { (waiting.detail) } }
            @if let Some(batch) = job.batch_id { dt { "Batch" } dd { a href={ "/jobs?batch_id=" (batch) } { "All jobs of its batch" } } }
            @if let Some(parent) = job.parent_id { dt { "Queued by" } dd { a href={ "/jobs/" (parent) } { "another job" } } }
        }
    }
}

/// What an event says of a job.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    attempt: Option<i64>,
    progress: Option<f64>,
    message: Option<String>,
    outcome: Option<String>,
    error: Option<String>,
}

fn timeline(events: &[Event]) -> Markup {
    html! {
        @if !events.is_empty() {
            h2 { "What happened" }
            div.scroll tabindex="0" { table {
                thead { tr { th { "When" } th { "What" } th { "Attempt" } th { "Progress" } th { "In words" } } }
                tbody {
                    @for event in events {
                        @let told: Told = event.data.parse().unwrap_or_default();
                        tr {
                            td { (time(event.happened_at)) }
                            td { (words(event.kind.label())) }
                            td { @if let Some(attempt) = told.attempt { (attempt) } }
                            td { @if let Some(done) = told.progress { (format!("{:.0} %", done * 100.0)) } }
                            td { (told.error.or(told.message).or(told.outcome.map(|word| words(&word))).unwrap_or_default()) }
                        }
                    }
                }
            } }
        }
    }
}

/// Writes JSON for people; what cannot be read is shown as it is.
fn pretty(json: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(json);
    let text = value.and_then(|value| serde_json::to_string_pretty(&value));
    text.unwrap_or_else(|_| json.to_owned())
}

#[post("/jobs/<id>/cancel")]
async fn cancel(visit: SignedIn<Scan>, db: Db<'_>, id: ScanId) -> ApiResult<Redirect> {
    let mut conn = db.tenant(&visit).await?;
    repo::jobs::cancel(&mut conn, id.0).await?;
    conn.commit().await?;
    Ok(Redirect::to(format!("/jobs/{}", id.0)))
}

#[post("/jobs/<id>/retry")]
async fn retry(visit: SignedIn<Scan>, db: Db<'_>, id: ScanId) -> ApiResult<Redirect> {
    db.submit(&visit, None, async |submission| {
        let job = repo::jobs::get(submission.conn(), id.0).await?;
        match submission.retry(job.job_id).await? {
            Some(job) => Ok((Status::Accepted, job.job_id.get())),
            None => Err(ApiError::Conflict(format!(
                "the job is {}: only failed and cancelled jobs can be tried again",
                job.status
            ))),
        }
    })
    .await?;
    Ok(Redirect::to(format!("/jobs/{}", id.0)))
}
