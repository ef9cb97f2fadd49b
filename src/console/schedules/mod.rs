//! Schedules: what starts by itself, when it runs next and what became of its last run.

mod form;
mod one;
mod shown;

use database::ids::ScheduleId;
use database::models::enums::Scope;
use database::models::schedule::Schedule;
use database::repo;
use database::repo::paging::Newest;
use maud::{Markup, html};
use rocket::form::Form;
use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes};
use scans::schedules::Bounds;

use self::form::{NewSchedule, form};
use self::shown::{next_run, outcome, work};
use super::form::Refusal;
use super::page::{Page, Place, time};
use crate::error::ApiResult;
use crate::guards::{Db, Read, Scan, SignedIn};
use crate::routes::query::{Asked, PageQuery};
use crate::routes::schedules::{create, view_schedules};
use crate::views::schedule::ScheduleView;

/// Returns the routes of the schedules.
pub fn routes() -> Vec<Route> {
    [routes![show_schedules, create_schedule], one::routes()].concat()
}

#[get("/schedules")]
async fn show_schedules(visit: SignedIn<Read>, db: Db<'_>, query: PageQuery<'_>) -> ApiResult<Page> {
    let asked = Asked::read(&query, &())?;
    let mut conn = db.tenant(&visit).await?;
    let (mut found, _) = repo::schedules::list(&mut conn, &asked.paging).await?;
    let next = asked.cut(&mut found, |schedule: &Schedule| {
        Newest::<ScheduleId>::new(schedule.created_at, schedule.id)
    })?;
    let found = view_schedules(&mut conn, found).await?;
    drop(conn);
    let may_scan = visit.scopes().contains(&Scope::Scan);
    let content = html! {
        (table(&found))
        @if let Some(next) = next { p { a rel="next" href={ "/schedules?cursor=" (next) } { "Older ones" } } }
        @if may_scan { (form(&NewSchedule::default(), None)) }
    };
    Ok(Page::new(Place::Schedules, "Schedules", &visit, &content))
}

fn table(found: &[ScheduleView]) -> Markup {
    html! {
        @if found.is_empty() {
            p.empty { "No schedules. With one, scans and searches start again by themselves, and what changed is seen." }
        } @else {
            div.scroll tabindex="0" { table {
                thead { tr { th { "Name" } th { "When" } th { "Starts" } th { "Next run" } th { "Last run" } th { "Its outcome" } } }
                tbody {
                    @for schedule in found {
                        tr {
                            td { a href={ "/schedules/" (schedule.id) } { (schedule.name) } }
                            td { (schedule.in_words.as_deref().unwrap_or("it cannot be told any more")) }
                            td { (work(&schedule.work)) }
                            td { (next_run(schedule)) }
                            td { @if let Some(run) = &schedule.last_run { (time(run.started_at)) } @else { span.hint { "never" } } }
                            td { @if let Some(run) = &schedule.last_run { (outcome(run)) } }
                        }
                    }
                }
            } }
        }
    }
}

/// Makes a schedule that runs in the name of whoever is signed in.
#[post("/schedules", data = "<sent>")]
async fn create_schedule(
    visit: SignedIn<Scan>,
    db: Db<'_>,
    bounds: &State<Bounds>,
    sent: Form<NewSchedule<'_>>,
) -> ApiResult<Result<Redirect, Page>> {
    let made = match sent.read() {
        Ok(request) => create(&visit, &db, bounds, &request).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(schedule) => Ok(Ok(Redirect::to(format!("/schedules/{}", schedule.id)))),
        Err(error) => {
            let refusal = Refusal::of(error)?;
            let form = form(&sent, Some(&refusal));
            let page = Page::new(Place::Schedules, "Schedules", &visit, &form);
            Ok(Err(page.with_status(refusal.status)))
        }
    }
}
