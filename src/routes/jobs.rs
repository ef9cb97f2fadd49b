//! Jobs of any kind.

use database::repo;
use database::repo::jobs::JobFilter;
use database::repo::paging::Newest;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{FromForm, get, post};
use utoipa::IntoParams;

use super::query::{Asked, parsed};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Db, Once, Read, Scan};
use crate::views::Page;
use crate::views::answer::{Accepted, Answer};
use crate::views::job::JobView;
use crate::views::scan::ScanId;

handlers![list_jobs, get_job, cancel_job, retry_job];

/// A filter in the query.
#[derive(FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
struct JobQuery<'r> {
    status: Option<&'r str>,
    kind: Option<&'r str>,
    created_from: Option<&'r str>,
    created_before: Option<&'r str>,
}

impl<'r> JobQuery<'r> {
    fn filter(&self) -> ApiResult<JobFilter<'r>> {
        Ok(JobFilter {
            status: parsed("status", self.status)?,
            kind: self.kind,
            created_from: parsed("created_from", self.created_from)?,
            created_before: parsed("created_before", self.created_before)?,
            ..JobFilter::default()
        })
    }
}

/// Lists the tenant's jobs, newest first.
#[utoipa::path(
    tag = "Jobs",
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "Maximum number of rows; 100 by default."),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the previous page."),
        JobQuery<'static>,
    ),
    responses((status = 200, body = Page<JobView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/jobs?<limit>&<cursor>&<query..>")]
async fn list_jobs(
    caller: Caller<Read>,
    db: Db<'_>,
    limit: Option<&str>,
    cursor: Option<&str>,
    query: JobQuery<'_>,
) -> ApiResult<Page<JobView>> {
    let asked = Asked::read(limit, cursor, &())?;
    let filter = query.filter()?;
    let mut conn = db.tenant(&caller).await?;
    let (jobs, total) = repo::jobs::list(&mut conn, &filter, &asked.paging).await?;
    asked.page(jobs, Some(total), |job| Newest::new(job.created_at, job.job_id))
}

/// Returns a job.
#[utoipa::path(
    tag = "Jobs",
    params(ScanId),
    responses((status = 200, body = JobView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/jobs/<id>")]
async fn get_job(caller: Caller<Read>, db: Db<'_>, id: ScanId) -> ApiResult<Json<JobView>> {
    let mut conn = db.tenant(&caller).await?;
    Ok(Json(repo::jobs::get(&mut conn, id.0).await?.into()))
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
        Ok((status, Accepted::new(job.job_id, JobView::from(job))))
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
        Ok((Status::Accepted, Accepted::new(job.job_id, JobView::from(job))))
    })
    .await
}
