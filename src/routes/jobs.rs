//! Jobs of any kind.

use std::time::Duration;

use chrono::Utc;
use database::models::enums::JobStatus;
use database::models::job::Job;
use database::repo;
use database::repo::jobs::{JobFilter, waiting};
use database::repo::paging::Newest;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{State, get, post};
use web::fetch::BURST;

use super::job_filter::{ChosenJobs, JobWords};
use super::names::{view_job, view_jobs};
use super::query::{Asked, PageQuery};
use super::wait::{self, Patience};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Db, Once, Read, Scan};
use crate::views::Page;
use crate::views::answer::{Accepted, Answer};
use crate::views::job::{JobView, domain_of};
use crate::views::scan::ScanId;
use crate::views::waiting::{Waiting, WaitingReason};

handlers![list_jobs, get_job, cancel_job, retry_job];

/// Lists the tenant's jobs, newest first.
#[utoipa::path(
    tag = "Jobs",
    params(
        PageQuery<'static>,
        (
            "ids" = Option<String>,
            Query,
            pattern = "^(scan_)?[0-9a-fA-F-]{32,36}(,(scan_)?[0-9a-fA-F-]{32,36})*$",
            description = "Only the jobs with these ids, separated by commas; at most 1000."
        ),
        JobWords,
    ),
    responses((status = 200, body = Page<JobView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/jobs?<ids>&<query..>")]
async fn list_jobs(
    caller: Caller<Read>,
    db: Db<'_>,
    page: PageQuery<'_>,
    ids: Option<&str>,
    query: JobWords,
) -> ApiResult<Page<JobView>> {
    let asked = Asked::read(&page, &())?;
    let mut chosen = ChosenJobs::read(&query)?.with_ids(ids)?;
    let mut conn = db.tenant(&caller).await?;
    chosen.join(&mut conn).await?;
    let (mut jobs, total) = repo::jobs::list(&mut conn, &chosen.filter(), &asked.paging).await?;
    let next_cursor = asked.cut(&mut jobs, |job| Newest::new(job.created_at, job.job_id))?;
    Ok(Page {
        items: view_jobs(&mut conn, jobs).await?,
        next_cursor,
        total: Some(total),
    })
}

/// Returns a job, and why it has not ended. With `wait`, answers when it ends, or after that many seconds.
#[utoipa::path(
    tag = "Jobs",
    params(
        ScanId,
        Patience<'static>,
    ),
    responses((status = 200, body = JobView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/jobs/<id>")]
async fn get_job(
    caller: Caller<Read>,
    db: Db<'_>,
    patience: Patience<'_>,
    pace: &State<HostPace>,
    id: ScanId,
) -> ApiResult<Json<JobView>> {
    let job = wait::get_job(&caller, &db, patience, id.0).await?;
    let waiting = explain(&caller, &db, pace, &job).await?;
    let view = view_job(&mut db.tenant(&caller).await?, job).await?;
    Ok(Json(JobView {
        waiting: waiting.or(view.waiting),
        ..view
    }))
}

/// The time between two requests to a host, by default.
#[derive(Clone, Copy, Debug)]
pub struct HostPace(pub Duration);

/// Returns more about what an unfinished job waits for than its row says.
pub(crate) async fn explain(
    caller: &Caller<Read>,
    db: &Db<'_>,
    pace: &HostPace,
    job: &Job,
) -> ApiResult<Option<Waiting>> {
    let Some(known) = Waiting::of(job, Utc::now()) else {
        return Ok(None);
    };
    match known.reason {
        WaitingReason::Queue => {
            if let Some(shortage) = db.disk().shortage() {
                return Ok(Some(Waiting::without_room(&shortage.to_string())));
            }
            let mut conn = db.tenant(caller).await?;
            let ahead = waiting::count_ahead(&mut conn, job).await?;
            let running = JobFilter {
                statuses: &[JobStatus::Running],
                ..JobFilter::default()
            };
            let running = repo::jobs::count(&mut conn, &running).await?;
            drop(conn);
            let mut conn = db.pool().system().await?;
            let tenants = waiting::count_waiting_tenants(&mut conn).await?;
            Ok(Some(Waiting::in_queue(ahead, running, tenants)))
        }
        WaitingReason::Running => {
            let Some(host) = domain_of(job) else { return Ok(None) };
            let hosts = [host.as_str(), &format!("www.{host}")];
            let mut conn = db.pool().system().await?;
            let backlog = repo::host_turns::find_backlog(&mut conn, &hosts).await?;
            // Within the burst a request may be sent at once.
            let waits = backlog > pace.0.saturating_mul(BURST);
            Ok(waits.then(|| Waiting::for_host(&host, Utc::now() + backlog)))
        }
        _ => Ok(None),
    }
}

/// Cancels a job: a pending one at once, a running one at its worker's next heartbeat. A job that has ended or is being
/// cancelled stays unchanged.
#[utoipa::path(
    tag = "Jobs",
    params(
        ScanId,
        Once,
    ),
    responses((status = 200, body = Accepted<JobView>, description = "The job has ended."), (status = 202, body = Accepted<JobView>, description = "The job runs; its worker is asked to stop.")),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/jobs/<id>/cancel")]
async fn cancel_job(caller: Caller<Scan>, db: Db<'_>, once: Once, id: ScanId) -> ApiResult<Answer> {
    db.once(&caller, once.without_body()?, async |conn| {
        let job = repo::jobs::cancel(conn, id.0).await?;
        let status = if job.status.is_final() {
            Status::Ok
        } else {
            Status::Accepted
        };
        Ok((status, Accepted::new(job.job_id, view_job(conn, job).await?)))
    })
    .await
}

/// Queues a failed or cancelled job again.
#[utoipa::path(
    tag = "Jobs",
    params(
        ScanId,
        Once,
    ),
    responses((status = 202, body = Accepted<JobView>), (status = 409, description = "The job has neither failed nor was cancelled.")),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/jobs/<id>/retry")]
async fn retry_job(caller: Caller<Scan>, db: Db<'_>, once: Once, id: ScanId) -> ApiResult<Answer> {
    db.submit(&caller, once.without_body()?, async |submission| {
        let job = repo::jobs::get(submission.conn(), id.0).await?;
        let Some(job) = submission.retry(job.job_id).await? else {
            return Err(ApiError::Conflict(format!(
                "the job is {}: only failed and cancelled jobs can be retried",
                job.status
            )));
        };
        let view = view_job(submission.conn(), job).await?;
        Ok((Status::Accepted, Accepted::new(id.0, view)))
    })
    .await
}
