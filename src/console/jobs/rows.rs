//! Jobs as a table.

use database::models::job::Job;
use database::tenant::TenantConnection;
use maud::{Markup, html};

use crate::console::page::{time, words};
use crate::error::ApiResult;
use crate::routes::names::view_jobs;
use crate::views::job::{JobView, domain_of};

/// A job, and what it is about.
pub struct Row {
    about: Option<String>,
    job: JobView,
}

/// Returns the rows of jobs, with the names of who requested them.
pub async fn rows(conn: &mut TenantConnection, jobs: Vec<Job>) -> ApiResult<Vec<Row>> {
    let about: Vec<Option<String>> = jobs.iter().map(domain_of).collect();
    let views = view_jobs(conn, jobs).await?;
    Ok(about
        .into_iter()
        .zip(views)
        .map(|(about, job)| Row { about, job })
        .collect())
}

/// Shows jobs as a table.
pub fn table(jobs: &[Row]) -> Markup {
    html! {
        @if jobs.is_empty() {
            p.empty { "No jobs. " a href="/find" { "Find businesses, or scan domains" } "." }
        } @else {
            div.scroll tabindex="0" { table {
                thead { tr { th { "Job" } th { "About" } th { "State" } th { "Progress" } th { "What happened" } th { "By" } th { "Requested" } } }
                tbody {
                    @for Row { about, job } in jobs {
                        tr {
                            td { a href={ "/jobs/" (job.id) } { (words(&job.kind)) } }
                            td.whole { (about.as_deref().unwrap_or_default()) }
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

/// How far a job is, or why it ended.
pub fn progress(job: &JobView) -> Markup {
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
