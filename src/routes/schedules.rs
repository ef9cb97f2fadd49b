//! Schedules: work that starts by itself, again and again.

use std::collections::HashMap;

use chrono::Utc;
use database::ids::{ScheduleId, ScheduleRunId, UserId};
use database::models::enums::{MissedRuns, PausedBecause};
use database::models::schedule::{NewSchedule, Schedule, ScheduleChanges};
use database::models::schedule_run::ScheduleRun;
use database::repo;
use database::repo::paging::{Newest, Paging};
use database::tenant::TenantConnection;
use jobs::RequestKey;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{State, delete, get, patch, post};
use scans::schedules::{self, Bounds, When};
use serde_json::json;

use super::names::names_of;
use super::query::{Asked, PageQuery, PathId, word};
use super::schedule_requests::{SchedulePatch, ScheduleRequest};
use super::schedule_work::start;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, Db, Once, Read, Scan};
use crate::views::Page;
use crate::views::answer::{Answer, Created};
use crate::views::schedule::{RunAccepted, ScheduleRunView, ScheduleView};

/// Maximum number of schedules of a tenant.
const MAX_SCHEDULES: i64 = 200;
/// Maximum length of a name, in characters.
const MAX_NAME_CHARS: usize = 200;

handlers![
    list_schedules,
    get_schedule,
    list_schedule_runs,
    create_schedule,
    update_schedule,
    run_schedule,
    delete_schedule
];

/// Checks a name, and returns it without the spaces around it.
///
/// # Errors
///
/// [`ApiError::BadRequest`] for one that is empty or too long.
pub(crate) fn read_name(name: &str) -> ApiResult<&str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.contains('\0') {
        let detail = format!("name must have 1 to {MAX_NAME_CHARS} characters and no NUL");
        return Err(ApiError::bad_request("name", detail));
    }
    Ok(name)
}

fn read_missed(text: Option<&str>) -> ApiResult<Option<MissedRuns>> {
    text.map(|text| word("missed", text)).transpose()
}

fn unwritable(error: serde_json::Error) -> ApiError {
    ApiError::Internal(format!("serializing the work of a schedule failed: {error}"))
}

/// Returns the views of schedules, with their last runs and the names of whom they run for.
///
/// # Errors
///
/// Those of the database.
pub(crate) async fn view_schedules(
    conn: &mut TenantConnection,
    schedules: Vec<Schedule>,
) -> ApiResult<Vec<ScheduleView>> {
    let ids: Vec<ScheduleId> = schedules.iter().map(|schedule| schedule.id).collect();
    let last = repo::schedule_runs::list_last(conn, &ids).await?;
    let mut last: HashMap<ScheduleId, ScheduleRun> = last.into_iter().map(|run| (run.schedule_id, run)).collect();
    let names = names_of(
        conn,
        schedules.iter().filter_map(|schedule| schedule.run_by).map(UserId::get),
    )
    .await?;
    let view = |schedule: Schedule| {
        let run = last.remove(&schedule.id);
        ScheduleView::new(schedule, run, &names)
    };
    Ok(schedules.into_iter().map(view).collect())
}

/// Returns the view of a schedule.
///
/// # Errors
///
/// Those of the database.
pub(crate) async fn view_schedule(conn: &mut TenantConnection, schedule: Schedule) -> ApiResult<ScheduleView> {
    let views = view_schedules(conn, vec![schedule]).await?;
    views.into_iter().next().ok_or(ApiError::NotFound)
}

/// Lists the tenant's schedules, newest first, each with its last run.
#[utoipa::path(
    tag = "Schedules",
    params(PageQuery<'static>),
    responses((status = 200, body = Page<ScheduleView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/schedules")]
async fn list_schedules(caller: Caller<Read>, db: Db<'_>, page: PageQuery<'_>) -> ApiResult<Page<ScheduleView>> {
    let asked = Asked::read(&page, &())?;
    let mut conn = db.reading(&caller).await?;
    let (mut schedules, total) = repo::schedules::list(&mut conn, &asked.paging).await?;
    let next_cursor = asked.cut(&mut schedules, |schedule| Newest::new(schedule.created_at, schedule.id))?;
    Ok(Page {
        items: view_schedules(&mut conn, schedules).await?,
        next_cursor,
        total: Some(total),
    })
}

/// Returns a schedule with its last run.
#[utoipa::path(
    tag = "Schedules",
    params(PathId<ScheduleId>),
    responses((status = 200, body = ScheduleView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/schedules/<id>")]
async fn get_schedule(caller: Caller<Read>, db: Db<'_>, id: PathId<ScheduleId>) -> ApiResult<Json<ScheduleView>> {
    let mut conn = db.reading(&caller).await?;
    let schedule = repo::schedules::get(&mut conn, id.0).await?;
    Ok(Json(view_schedule(&mut conn, schedule).await?))
}

/// Lists the runs of a schedule, newest first, with the job or the batch that each started.
#[utoipa::path(
    tag = "Schedules",
    params(PathId<ScheduleId>, PageQuery<'static>),
    responses((status = 200, body = Page<ScheduleRunView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/schedules/<id>/runs")]
async fn list_schedule_runs(
    caller: Caller<Read>,
    db: Db<'_>,
    id: PathId<ScheduleId>,
    page: PageQuery<'_>,
) -> ApiResult<Page<ScheduleRunView>> {
    let asked = Asked::<Newest<ScheduleRunId>>::read(&page, &())?;
    let mut conn = db.reading(&caller).await?;
    repo::schedules::get(&mut conn, id.0).await?;
    let (runs, total) = repo::schedule_runs::list(&mut conn, id.0, &asked.paging).await?;
    asked.page(runs, Some(total), |run| Newest::new(run.started_at, run.id))
}

/// Makes a schedule, which runs in the caller's name: its work is checked now, and counts against the quotas of the tenant at each
/// run.
#[utoipa::path(
    tag = "Schedules",
    request_body = ScheduleRequest,
    responses(
        (status = 201, body = ScheduleView),
        (status = 409, description = "The tenant has as many schedules as it may."),
    ),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/schedules", data = "<body>")]
async fn create_schedule(
    caller: Caller<Scan>,
    db: Db<'_>,
    bounds: &State<Bounds>,
    body: Body<ScheduleRequest>,
) -> ApiResult<Created<ScheduleView>> {
    let request = &body.value;
    let caller = caller.acting_for(request.tenant_id.as_deref(), db.pool()).await?;
    let view = create(&caller, &db, bounds, request).await?;
    Ok(Created::new(format!("/api/v1/schedules/{}", view.id), view))
}

/// Makes a schedule.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which names the field, [`ApiError::Conflict`] if there are as many as may be, and those of the
/// database.
pub(crate) async fn create(
    caller: &Caller<Scan>,
    db: &Db<'_>,
    bounds: &Bounds,
    request: &ScheduleRequest,
) -> ApiResult<ScheduleView> {
    let run_by = UserId::from(caller.actor().id());
    let when = When::read(
        request.cron.as_deref(),
        request.time_zone.as_deref(),
        request.every.as_deref(),
    )?;
    request.work.0.read(bounds, Some(run_by))?;
    let work = request.work.0.stored().map_err(unwritable)?;
    let new = NewSchedule {
        name: read_name(&request.name)?,
        work: &work,
        cron: when.cron(),
        time_zone: when.time_zone(),
        every: when.every(),
        missed: read_missed(request.missed.as_deref())?.unwrap_or(MissedRuns::Once),
        run_by: Some(run_by),
        next_run_at: when.first(Utc::now())?,
    };
    let mut conn = db.tenant(caller).await?;
    let (_, count) = repo::schedules::list(&mut conn, &Paging::first(1)).await?;
    if count >= MAX_SCHEDULES {
        let detail = format!("the tenant has {MAX_SCHEDULES} schedules, the maximum: delete one first");
        return Err(ApiError::Conflict(detail));
    }
    let schedule = repo::schedules::insert(&mut conn, &new).await?;
    note(caller, &mut conn, "schedule.create", &schedule).await?;
    let view = view_schedule(&mut conn, schedule).await?;
    conn.commit().await?;
    Ok(view)
}

/// Adds what a schedule says to the audit log.
async fn note(caller: &Caller<Scan>, conn: &mut TenantConnection, action: &str, schedule: &Schedule) -> ApiResult<()> {
    let details = json!({
        "name": schedule.name, "cron": schedule.cron, "time_zone": schedule.time_zone, "every": schedule.every,
        "is_paused": schedule.paused_at.is_some(),
    });
    caller.note(conn, action, Some(&schedule.id.to_string()), details).await
}

/// Changes a schedule, pauses or resumes it. What it says about when it runs holds from now on.
#[utoipa::path(
    tag = "Schedules",
    params(PathId<ScheduleId>),
    request_body = SchedulePatch,
    responses((status = 200, body = ScheduleView)),
    security(("credential" = ["scan"]))
)]
#[patch("/api/v1/schedules/<id>", data = "<body>")]
async fn update_schedule(
    caller: Caller<Scan>,
    db: Db<'_>,
    bounds: &State<Bounds>,
    id: PathId<ScheduleId>,
    body: Body<SchedulePatch>,
) -> ApiResult<Json<ScheduleView>> {
    let caller = caller.acting_for(body.value.tenant_id.as_deref(), db.pool()).await?;
    Ok(Json(update(&caller, &db, bounds, id.0, &body.value).await?))
}

/// Changes a schedule.
///
/// # Errors
///
/// [`ApiError::BadRequest`], which names the field, [`ApiError::NotFound`], and those of the database.
pub(crate) async fn update(
    caller: &Caller<Scan>,
    db: &Db<'_>,
    bounds: &Bounds,
    id: ScheduleId,
    patch: &SchedulePatch,
) -> ApiResult<ScheduleView> {
    let run_by = UserId::from(caller.actor().id());
    let name = patch.name.as_deref().map(read_name).transpose()?;
    let missed = read_missed(patch.missed.as_deref())?;
    let work = match &patch.work {
        Some(work) => {
            work.read(bounds, Some(run_by))?;
            Some(work.stored().map_err(unwritable)?)
        }
        None => None,
    };
    let mut conn = db.tenant(caller).await?;
    let schedule = repo::schedules::lock(&mut conn, id).await?;
    let when = patch.when(&schedule)?;
    let now = Utc::now();
    let changes = ScheduleChanges {
        name,
        work,
        cron: when.as_ref().map(When::cron),
        time_zone: when.as_ref().map(When::time_zone),
        every: when.as_ref().map(When::every),
        missed,
        run_by: Some(Some(run_by)),
        next_run_at: when.as_ref().map(|when| when.first(now)).transpose()?,
    };
    let changed = repo::schedules::update(&mut conn, id, &changes).await?;
    match patch.is_paused {
        Some(true) => repo::schedules::pause(&mut conn, id, PausedBecause::Request).await?,
        Some(false) => repo::schedules::resume(&mut conn, id, When::of(&changed)?.first(now)?).await?,
        None => false,
    };
    let schedule = repo::schedules::get(&mut conn, id).await?;
    note(caller, &mut conn, "schedule.update", &schedule).await?;
    let view = view_schedule(&mut conn, schedule).await?;
    conn.commit().await?;
    Ok(view)
}

/// Starts a run of a schedule now, whether it is paused or not; the next one stays as it is.
#[utoipa::path(
    tag = "Schedules",
    params(PathId<ScheduleId>, Once),
    responses(
        (status = 202, body = RunAccepted),
        (status = 409, description = "There is nothing to do: no domain matches."),
    ),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/schedules/<id>/run")]
async fn run_schedule(
    caller: Caller<Scan>,
    db: Db<'_>,
    once: Once,
    bounds: &State<Bounds>,
    id: PathId<ScheduleId>,
) -> ApiResult<Answer> {
    run(&caller, &db, once.without_body()?, bounds, id.0).await
}

/// Starts a run of a schedule now.
///
/// # Errors
///
/// [`ApiError::NotFound`], [`ApiError::Conflict`] if there is nothing to do, those of what it starts, and those of the database.
pub(crate) async fn run(
    caller: &Caller<Scan>,
    db: &Db<'_>,
    key: Option<RequestKey>,
    bounds: &Bounds,
    id: ScheduleId,
) -> ApiResult<Answer> {
    db.submit(caller, key, async |submission| {
        let schedule = repo::schedules::lock(submission.conn(), id).await?;
        let run = schedules::run_now(submission, &schedule, bounds, start).await;
        let run = match run {
            Err(error) if error.is_not_found() => {
                let detail = "no domain matches what the schedule selects: there is nothing to do";
                return Err(ApiError::Conflict(detail.to_owned()));
            }
            run => run?,
        };
        note(caller, submission.conn(), "schedule.run", &schedule).await?;
        Ok((Status::Accepted, RunAccepted::from(run)))
    })
    .await
}

/// Deletes a schedule with the record of its runs. Jobs that it started go on.
#[utoipa::path(
    tag = "Schedules",
    params(PathId<ScheduleId>),
    responses((status = 204, description = "Done.")),
    security(("credential" = ["scan"]))
)]
#[delete("/api/v1/schedules/<id>")]
async fn delete_schedule(caller: Caller<Scan>, db: Db<'_>, id: PathId<ScheduleId>) -> ApiResult<Status> {
    delete(&caller, &db, id.0).await?;
    Ok(Status::NoContent)
}

/// Deletes a schedule with the record of its runs.
///
/// # Errors
///
/// [`ApiError::NotFound`], and those of the database.
pub(crate) async fn delete(caller: &Caller<Scan>, db: &Db<'_>, id: ScheduleId) -> ApiResult<()> {
    let mut conn = db.tenant(caller).await?;
    repo::schedules::delete(&mut conn, id).await?;
    caller
        .note(&mut conn, "schedule.delete", Some(&id.to_string()), json!({}))
        .await?;
    conn.commit().await?;
    Ok(())
}
