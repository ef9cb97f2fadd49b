//! The start page: how far the leads have come, what the last day brought, and what runs.

use chrono::{TimeDelta, Utc};
use database::models::enums::{JobStatus, Outcome};
use database::repo;
use database::repo::domain_changes::DomainChangeFilter;
use database::repo::jobs::JobFilter;
use database::repo::jobs::States;
use database::repo::overview::{Funnel, Overview, RecentJobs};
use database::repo::paging::Paging;
use maud::{Markup, html};
use rocket::{Route, State, get, routes};
use scans::PlacesConfig;
use scans::places::money::Usd;

use super::chart::{Bar, Chart};
use super::jobs::{rows, table};
use super::page::{Page, Place, thousands, time, words};
use crate::error::ApiResult;
use crate::guards::{Db, Read, SignedIn};
use crate::views::domain::DomainChangeView;

/// The number of jobs on the page, and of changes.
const LATEST: i64 = 10;

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![show_start]
}

#[get("/")]
async fn show_start(visit: SignedIn<Read>, db: Db<'_>, places: &State<PlacesConfig>) -> ApiResult<Page> {
    let since = Utc::now() - TimeDelta::days(1);
    let mut conn = db.tenant(&visit).await?;
    let overview = repo::overview::read(&mut conn, since).await?;
    let states = repo::jobs::count_states(&mut conn, &JobFilter::default()).await?;
    let paid = repo::api_calls::sum_of_month(&mut conn).await?;
    let jobs = repo::jobs::list_after(&mut conn, &JobFilter::default(), &Paging::first(LATEST)).await?;
    let jobs = rows(&mut conn, jobs).await?;
    let filter = DomainChangeFilter {
        since: Some(since),
        ..DomainChangeFilter::default()
    };
    let changes = repo::domain_changes::list(&mut conn, &filter, &Paging::first(LATEST)).await?;
    drop(conn);
    let changes: Vec<DomainChangeView> = changes.into_iter().map(Into::into).collect();
    let content = html! {
        @if overview.funnel.found == 0 {
            p.empty { "Nothing was gathered yet. " a href="/find" { "Find businesses, or scan domains" } "." }
        }
        (figures(&overview, &states))
        div.columns {
            @if overview.funnel.found > 0 { section { h2 { "How far the leads have come" } (funnel(&overview.funnel)) } }
            section {
                h2 { "The last day" }
                (last_day(&overview))
                p {
                    "Paid calls this month: " strong { (thousands(paid.calls)) }
                    @if let Some(limit) = places.calls_per_month { " of at most " (thousands(limit)) }
                    ", " strong { (Usd::from_micros(paid.price_micros())) " US dollars" } " at list prices."
                }
            }
        }
        (running(&overview))
        (news(&overview, &changes))
        h2 { "Latest jobs" }
        (table(&jobs))
    };
    Ok(Page::new(Place::Start, "Start", &visit, &content))
}

fn figures(overview: &Overview, states: &States) -> Markup {
    let jobs = |state: JobStatus| states.of(&[state]);
    html! {
        ul.figures {
            (figure("Leads", overview.funnel.found, "/leads"))
            (figure("Selected", overview.funnel.selected, "/leads?status=selected"))
            (figure("With an email", overview.funnel.with_email, "/leads?has_email=true"))
            (figure("Jobs waiting", jobs(JobStatus::Pending), "/jobs?status=pending"))
            (figure("Jobs running", jobs(JobStatus::Running), "/jobs?status=running"))
            (figure("Jobs failed", jobs(JobStatus::Failed), "/jobs?status=failed"))
        }
    }
}

fn figure(name: &str, count: i64, path: &str) -> Markup {
    html! { li { a href=(path) { b { (thousands(count)) } " " span { (name) } } } }
}

fn funnel(funnel: &Funnel) -> Markup {
    let Funnel {
        found,
        selected,
        handed_over,
        scanned,
        with_email,
        contacted,
    } = *funnel;
    let chart = Chart {
        id: "funnel",
        title: "How far the leads have come",
        rows: "Leads",
        parts: &[("Leads", "plain")],
    };
    chart.draw(&[
        Bar::new("Found", vec![found]),
        Bar::new("Selected", vec![selected]),
        Bar::new("Handed over", vec![handed_over]),
        Bar::new("Scanned", vec![scanned]),
        Bar::new("With an email", vec![with_email]),
        Bar::new("Written to", vec![contacted]),
    ])
}

/// What became of the jobs that were requested in the last day.
fn last_day(overview: &Overview) -> Markup {
    let chart = Chart {
        id: "yield",
        title: "Jobs of the last day, and what became of them",
        rows: "Kind",
        parts: &[
            ("found something", "good"),
            ("found nothing", "soft"),
            ("failed", "bad"),
            ("not done", "busy"),
        ],
    };
    html! {
        p {
            strong { (thousands(overview.new_leads)) } " new leads and " strong { (thousands(overview.new_contacts)) } " new contacts."
        }
        @if overview.jobs.is_empty() {
            p.empty { "No job was requested." }
        } @else {
            (chart.draw(&by_kind(&overview.jobs)))
        }
    }
}

/// Adds up the jobs of each kind: those that found something, that found nothing, that failed, and that have not ended.
fn by_kind(jobs: &[RecentJobs]) -> Vec<Bar> {
    let of_kind = |some: &[RecentJobs]| {
        let (mut found, mut nothing, mut failed, mut open) = (0, 0, 0, 0);
        for RecentJobs {
            status, outcome, jobs, ..
        } in some
        {
            match (status, outcome) {
                (JobStatus::Completed, Some(Outcome::OkEmpty)) => nothing += jobs,
                (JobStatus::Completed, _) => found += jobs,
                (JobStatus::Failed | JobStatus::Cancelled, _) => failed += jobs,
                (JobStatus::Pending | JobStatus::Running, _) => open += jobs,
            }
        }
        let kind = some.first().map(|jobs| words(&jobs.kind));
        Bar::new(kind.unwrap_or_default(), vec![found, nothing, failed, open])
    };
    jobs.chunk_by(|one, other| one.kind == other.kind)
        .map(of_kind)
        .collect()
}

/// What waits for longest, and who works.
fn running(overview: &Overview) -> Markup {
    html! {
        @if overview.waiting.is_some() || !overview.workers.is_empty() {
            h2 { "What runs" }
            @if let Some(job) = &overview.waiting {
                p { "The oldest waiting job, " a href={ "/jobs/" (job.id) } { (words(&job.kind)) } ", waits since " (time(job.created_at)) "." }
            }
            @if !overview.workers.is_empty() {
                div.scroll tabindex="0" { table {
                    thead { tr { th { "Worker" } th { "Jobs" } th { "Heard of" } } }
                    tbody {
                        @for worker in &overview.workers {
                            tr {
                                td { (worker.name.as_deref().unwrap_or("unknown")) }
                                td { (worker.jobs) }
                                td {
                                    @if let Some(until) = worker.until.filter(|until| *until > Utc::now()) { "its jobs are its own until " (time(until)) }
                                    @else { span.error { "not in time: its jobs go to another worker" } }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }
}

/// What scans found changed in the last day.
fn news(overview: &Overview, changes: &[DomainChangeView]) -> Markup {
    html! {
        h2 { "What changed since yesterday" }
        @if changes.is_empty() {
            p.empty { "No scan found a change. Sites that are scanned again show here what is new on them." }
        } @else {
            p {
                @for (kind, count) in &overview.changes { span.chip { (words(kind.label())) " " (thousands(*count)) } " " }
            }
            div.scroll tabindex="0" { table {
                thead { tr { th { "Site" } th { "What" } th { "Before" } th { "After" } th { "When" } } }
                tbody {
                    @for change in changes {
                        tr {
                            td { a href={ "/leads?domain_id=" (change.domain_id) } { (change.domain) } }
                            td { (words(change.kind)) @if let Some(subject) = &change.subject { ": " (subject) } }
                            td { (change.before.as_deref().unwrap_or_default()) }
                            td { (change.after.as_deref().unwrap_or_default()) }
                            td { (time(change.changed_at)) }
                        }
                    }
                }
            } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_of_a_kind_are_one_bar() {
        let jobs = |kind: &str, status, outcome, jobs| RecentJobs {
            kind: kind.to_owned(),
            status,
            outcome,
            jobs,
        };
        let bars = by_kind(&[
            jobs("domain_scan", JobStatus::Completed, Some(Outcome::Ok), 5),
            jobs("domain_scan", JobStatus::Completed, Some(Outcome::OkEmpty), 2),
            jobs("domain_scan", JobStatus::Pending, Some(Outcome::Timeout), 1),
            jobs("email_scan", JobStatus::Cancelled, None, 3),
        ]);
        let drawn = Chart {
            id: "x",
            title: "x",
            rows: "x",
            parts: &[("a", ""), ("b", ""), ("c", ""), ("d", "")],
        };
        let drawn = drawn.draw(&bars).into_string();
        assert!(
            drawn.contains("domain scan: 5 a, 2 b, 1 d. email scan: 3 c. "),
            "{drawn}"
        );
    }
}
