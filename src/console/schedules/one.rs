//! One schedule: run it now, pause, resume, delete, and its runs.

use database::ids::{ScheduleId, ScheduleRunId};
use database::models::enums::Scope;
use database::models::schedule_run::ScheduleRun;
use database::repo;
use database::repo::paging::Newest;
use maud::{Markup, html};
use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes};
use scans::schedules::Bounds;

use super::shown::{next_run, outcome, work};
use crate::console::form::confirmed;
use crate::console::page::{Page, Place, time};
use crate::error::ApiResult;
use crate::guards::{Db, Read, Scan, SignedIn};
use crate::routes::query::{Asked, PageQuery, PathId};
use crate::routes::schedule_requests::SchedulePatch;
use crate::routes::schedules::{self, view_schedule};
use crate::views::schedule::{ScheduleRunView, ScheduleView};

/// Returns the routes of this file.
pub fn routes() -> Vec<Route> {
    routes![
        show_schedule,
        run_schedule,
        pause_schedule,
        resume_schedule,
        delete_schedule
    ]
}

fn path(id: ScheduleId) -> String {
    format!("/schedules/{id}")
}

#[get("/schedules/<id>")]
async fn show_schedule(
    visit: SignedIn<Read>,
    db: Db<'_>,
    id: PathId<ScheduleId>,
    query: PageQuery<'_>,
) -> ApiResult<Page> {
    let asked = Asked::read(&query, &())?;
    let mut conn = db.tenant(&visit).await?;
    let schedule = repo::schedules::get(&mut conn, id.0).await?;
    let schedule = view_schedule(&mut conn, schedule).await?;
    let (mut runs, total) = repo::schedule_runs::list(&mut conn, id.0, &asked.paging).await?;
    drop(conn);
    let next = asked.cut(&mut runs, |run: &ScheduleRun| {
        Newest::<ScheduleRunId>::new(run.started_at, run.id)
    })?;
    let runs: Vec<ScheduleRunView> = runs.into_iter().map(Into::into).collect();
    let here = path(id.0);
    let content = html! {
        (about(&schedule))
        @if visit.scopes().contains(&Scope::Scan) { (actions(&here, schedule.is_paused)) }
        h2 { "Runs" }
        @if total == 0 {
            p.empty { "It has not run yet." }
        } @else {
            div.scroll tabindex="0" { table {
                thead { tr { th { "Started" } th { "Was due" } th { "Outcome" } } }
                tbody {
                    @for run in &runs {
                        tr {
                            td { (time(run.started_at)) }
                            td { @if let Some(at) = run.due_at { (time(at)) } @else { span.hint { "on request" } } }
                            td { (outcome(run)) }
                        }
                    }
                }
            } }
            @if let Some(next) = next { p { a rel="next" href={ (here) "?cursor=" (next) } { "Older ones" } } }
        }
    };
    Ok(Page::new(Place::Schedules, &schedule.name, &visit, &content))
}

fn about(schedule: &ScheduleView) -> Markup {
    html! {
        dl {
            dt { "When" } dd { (schedule.in_words.as_deref().unwrap_or("it cannot be told any more")) }
            dt { "Starts" } dd { (work(&schedule.work)) }
            dt { "Next run" } dd { (next_run(schedule)) }
            dt { "Runs in the name of" } dd { (schedule.run_by.name.as_deref().unwrap_or("the operator")) }
            dt { "A run that no worker started in time" } dd { @if schedule.missed == "once" { "runs once, late" } @else { "is left out" } }
            dt { "Made" } dd { (time(schedule.created_at)) }
        }
    }
}

fn actions(here: &str, is_paused: bool) -> Markup {
    let post = |what: &str, word: &str| {
        html! { form method="post" action={ (here) "/" (what) } { button { (word) } } }
    };
    html! {
        div.actions {
            (post("run", "Run now"))
            @if is_paused { (post("resume", "Resume")) } @else { (post("pause", "Pause")) }
            (confirmed("Delete", &format!("{here}/delete"), "The record of its runs is deleted with it. Jobs that it started go on."))
        }
    }
}

#[post("/schedules/<id>/run")]
async fn run_schedule(
    visit: SignedIn<Scan>,
    db: Db<'_>,
    bounds: &State<Bounds>,
    id: PathId<ScheduleId>,
) -> ApiResult<Redirect> {
    schedules::run(&visit, &db, None, bounds, id.0).await?;
    Ok(Redirect::to(path(id.0)))
}

#[post("/schedules/<id>/pause")]
async fn pause_schedule(
    visit: SignedIn<Scan>,
    db: Db<'_>,
    bounds: &State<Bounds>,
    id: PathId<ScheduleId>,
) -> ApiResult<Redirect> {
    set_paused(&visit, &db, bounds, (id.0, true)).await
}

#[post("/schedules/<id>/resume")]
async fn resume_schedule(
    visit: SignedIn<Scan>,
    db: Db<'_>,
    bounds: &State<Bounds>,
    id: PathId<ScheduleId>,
) -> ApiResult<Redirect> {
    set_paused(&visit, &db, bounds, (id.0, false)).await
}

async fn set_paused(
    visit: &SignedIn<Scan>,
    db: &Db<'_>,
    bounds: &Bounds,
    (id, is_paused): (ScheduleId, bool),
) -> ApiResult<Redirect> {
    let patch = SchedulePatch {
        is_paused: Some(is_paused),
        ..SchedulePatch::default()
    };
    schedules::update(visit, db, bounds, id, &patch).await?;
    Ok(Redirect::to(path(id)))
}

#[post("/schedules/<id>/delete")]
async fn delete_schedule(visit: SignedIn<Scan>, db: Db<'_>, id: PathId<ScheduleId>) -> ApiResult<Redirect> {
    schedules::delete(&visit, &db, id.0).await?;
    Ok(Redirect::to("/schedules"))
}
