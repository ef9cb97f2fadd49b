//! Jobs: a list that stays current, one job, and what may be done about it.

use database::models::enums::{JobStatus, Scope};
use database::models::job::Job;
use database::repo;
use database::repo::paging::Newest;
use maud::{Markup, html};
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::{Route, get, post, routes};

use super::page::{Page, Place, time};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Db, Read, Scan, SignedIn};
use crate::routes::job_filter::{ChosenJobs, JobWords};
use crate::routes::names::{view_job, view_jobs};
use crate::routes::query::{Asked, PageQuery};
use crate::views::job::JobView;
use crate::views::scan::ScanId;

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![show_jobs, show_job, cancel, retry]
}

/// What a list of jobs is asked for, to link to the next page and to ask again.
fn address(query: &JobWords, cursor: Option<&str>) -> String {
    let words = [
        ("status", query.status()),
        ("kind", query.kind()),
        ("batch_id", query.batch_id()),
    ];
    let mut address = "/jobs?limit=50".to_owned();
    let given = words.into_iter().chain([("cursor", cursor)]);
    for (name, value) in given.filter_map(|(name, value)| Some((name, value?))) {
        let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
        address.push_str(&format!("&{name}={value}"));
    }
    address
}

#[get("/jobs?<query..>")]
async fn show_jobs(visit: SignedIn<Read>, db: Db<'_>, page: PageQuery<'_>, query: JobWords) -> ApiResult<Page> {
    let asked = Asked::read(&page, &())?;
    let mut chosen = ChosenJobs::read(&query)?;
    let mut conn = db.tenant(&visit).await?;
    chosen.join(&mut conn).await?;
    let (mut jobs, total) = repo::jobs::list(&mut conn, &chosen.filter(), &asked.paging).await?;
    let next = asked.cut(&mut jobs, |job: &Job| Newest::new(job.created_at, job.job_id))?;
    let jobs = view_jobs(&mut conn, jobs).await?;
    let is_moving = jobs.iter().any(|job| job.completed_at.is_none());
    let content = html! {
        form.filters method="get" action="/jobs" role="search" {
            label for="status" { "State" }
            select id="status" name="status" {
                option value=(STATES) { "any" }
                @for status in JobStatus::ALL {
                    option value=(status.label()) selected[query.status() == Some(status.label())] { (status.label()) }
                }
            }
            button { "Show" }
        }
        // While something moves, the list is asked for again; htmx takes the same part out of the answer.
        section id="list" hx-get=[is_moving.then(|| address(&query, page.cursor))] hx-trigger="every 2s" hx-select="#list" hx-target="#list" hx-swap="outerHTML" {
            p.hint { (total) (if total == 1 { " job" } else { " jobs" }) }
            (table(&jobs))
            @if let Some(next) = &next {
                p { a rel="next" href=(address(&query, Some(next))) { "Older jobs" } }
            }
        }
    };
    Ok(Page::new(Place::Jobs, "Jobs", &visit, &content))
}

/// All states, as the filter writes them.
const STATES: &str = "pending,running,completed,failed,cancelled";

/// Shows jobs as a table.
pub fn table(jobs: &[JobView]) -> Markup {
    html! {
        @if jobs.is_empty() {
            p.empty { "No jobs. " a href="/find" { "Find businesses, or scan domains" } "." }
        } @else {
            div.scroll { table {
                thead { tr { th { "Job" } th { "State" } th { "Progress" } th { "What happened" } th { "By" } th { "Requested" } } }
                tbody {
                    @for job in jobs {
                        tr {
                            td { a href={ "/jobs/" (job.id) } { (words(&job.kind)) } }
                            td { span.state.(job.status) { (job.status) } }
                            td { (progress(job)) }
                            td { (happened(job)) }
                            td { (job.created_by.name.as_deref().unwrap_or("unknown")) }
                            td { (time(job.created_at)) }
                        }
                    }
                }
            } }
        }
    }
}

fn words(kind: &str) -> String {
    kind.replace('_', " ")
}

fn progress(job: &JobView) -> Markup {
    html! {
        @if job.completed_at.is_none() {
            progress value=(job.progress) max="1" aria-label="Progress" { (format!("{:.0} %", job.progress * 100.0)) }
        } @else if let Some(outcome) = job.outcome {
            (words(outcome))
        }
    }
}

fn happened(job: &JobView) -> Markup {
    let waiting = job.waiting.as_ref().map(|waiting| waiting.detail.as_str());
    html! { (job.error.as_deref().or(waiting).or(job.message.as_deref()).unwrap_or_default()) }
}

#[get("/jobs/<id>")]
async fn show_job(visit: SignedIn<Read>, db: Db<'_>, id: ScanId) -> ApiResult<Page> {
    let mut conn = db.tenant(&visit).await?;
    let job = repo::jobs::get(&mut conn, id.0).await?;
    let status = job.status;
    let job = view_job(&mut conn, job).await?;
    let may_scan = visit.scopes().contains(&Scope::Scan);
    let can_retry = matches!(status, JobStatus::Failed | JobStatus::Cancelled);
    let content = html! {
        section id="job" hx-get=[(!status.is_final()).then(|| format!("/jobs/{}", id.0))] hx-trigger="every 2s" hx-select="#job" hx-target="#job" hx-swap="outerHTML" {
            p { span.state.(job.status) { (job.status) } " " (progress(&job)) }
            dl {
                dt { "Kind" } dd { (words(&job.kind)) }
                dt { "Requested" } dd { (time(job.created_at)) " by " (job.created_by.name.as_deref().unwrap_or("unknown")) }
                @if let Some(at) = job.started_at { dt { "Last attempt" } dd { (time(at)) ", number " (job.attempts) " of at most " (job.max_attempts) } }
                @if let Some(at) = job.completed_at { dt { "Ended" } dd { (time(at)) } }
                @if let Some(error) = &job.error { dt { "Why it failed" } dd.error { (error) } }
                @if let Some(waiting) = &job.waiting { dt { "Why it is not done" } dd { (waiting.detail) } }
                @if let Some(batch) = job.batch_id { dt { "Batch" } dd { a href={ "/jobs?batch_id=" (batch) } { "All jobs of its batch" } } }
            }
            @if may_scan && !status.is_final() {
                form method="post" action={ "/jobs/" (id.0) "/cancel" } { button { "Cancel" } }
            }
            @if may_scan && can_retry {
                form method="post" action={ "/jobs/" (id.0) "/retry" } { button { "Try again" } }
            }
            @if let Some(result) = &job.result {
                details { summary { "Result" } pre { (pretty(result.get())) } }
            }
        }
    };
    Ok(Page::new(Place::Jobs, &words(&job.kind), &visit, &content))
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
