//! Changes of all jobs that match, after their number was seen.

use database::repo::jobs::bulk;
use maud::{Markup, html};
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::{FromFormField, Route, get, post, routes};

use super::query::JobQuery;
use crate::console::page::{Page, Place, thousands};
use crate::error::ApiResult;
use crate::guards::{Db, Scan, SignedIn};
use crate::routes::job_changes::{self, JobsRetried};
use crate::routes::job_filter::ChosenJobs;

const PATH: &str = "/jobs/change";

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![preview, change]
}

/// What is done about jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromFormField)]
enum What {
    /// Those that have not ended are cancelled.
    Cancel,
    /// Those that failed or were cancelled are queued again.
    Retry,
}

impl What {
    const fn word(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Retry => "retry",
        }
    }
}

/// Links to the changes of all jobs that match.
pub fn links(query: &JobQuery<'_>) -> Markup {
    html! {
        p.actions {
            a.button href=(query.with(PATH, "what", What::Retry.word())) { "Try all that failed again" }
            " "
            a.button href=(query.with(PATH, "what", What::Cancel.word())) { "Cancel all that have not ended" }
        }
    }
}

/// Says how many jobs a change would change.
#[get("/jobs/change?<what>&<query..>")]
async fn preview(visit: SignedIn<Scan>, db: Db<'_>, what: What, query: JobQuery<'_>) -> ApiResult<Page> {
    let mut chosen = ChosenJobs::read(&query.words())?;
    let mut conn = db.tenant(&visit).await?;
    chosen.join(&mut conn).await?;
    let count = match what {
        What::Cancel => bulk::count_cancellable(&mut conn, &chosen.filter()).await?,
        What::Retry => bulk::count_retriable(&mut conn, &chosen.filter()).await?,
    };
    drop(conn);
    let (title, explained) = match what {
        What::Cancel => ("Cancel jobs", "Waiting jobs end at once, running ones within seconds."),
        What::Retry => (
            "Try jobs again",
            "They get all their attempts again; work that is queued already is left out.",
        ),
    };
    let most = i64::try_from(bulk::MAX_JOBS).unwrap_or(i64::MAX);
    let content = html! {
        p { strong { (thousands(count)) } @if count == 1 { " job matches. " } @else { " jobs match. " } (explained) }
        @if count > most { p.hint { "At most " (thousands(most)) " are changed at a time." } }
        @if count > 0 {
            form method="post" action=(query.with(PATH, "what", what.word())) { button.grave { (title) } }
        }
        p { a href=(query.address("/jobs")) { "Back to the jobs" } }
    };
    Ok(Page::new(Place::Jobs, title, &visit, &content))
}

#[post("/jobs/change?<what>&<query..>")]
async fn change(visit: SignedIn<Scan>, db: Db<'_>, what: What, query: JobQuery<'_>) -> ApiResult<Redirect> {
    let mut chosen = ChosenJobs::read(&query.words())?;
    let changed = match what {
        What::Cancel => {
            let mut conn = db.tenant(&visit).await?;
            let done = job_changes::cancel(&visit, &mut conn, &mut chosen).await?;
            conn.commit().await?;
            done.changed
        }
        What::Retry => {
            let mut changed = 0;
            db.submit(&visit, None, async |submission| {
                let done: JobsRetried = job_changes::retry(&visit, submission, &mut chosen).await?;
                changed = done.changed;
                Ok((Status::Ok, done))
            })
            .await?;
            changed
        }
    };
    // The jobs are in another state now, which the list would leave out.
    Ok(Redirect::to(query.in_any_state().with(
        "/jobs",
        "changed",
        &changed.to_string(),
    )))
}
