//! Jobs of any kind.

use database::repo;
use database::repo::jobs::JobFilter;
use database::repo::paging::Newest;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{FromForm, Route, get, post, routes};

use super::query::{Asked, parsed};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Db, Once, Read, Scan};
use crate::views::Page;
use crate::views::answer::{Accepted, Answer};
use crate::views::job::JobView;
use crate::views::scan::ScanId;

/// Returns the routes of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![list_jobs, get_job, cancel_job, retry_job]
}

/// A filter in the query.
#[derive(FromForm)]
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
#[get("/api/v1/jobs/<id>")]
async fn get_job(caller: Caller<Read>, db: Db<'_>, id: ScanId) -> ApiResult<Json<JobView>> {
    let mut conn = db.tenant(&caller).await?;
    Ok(Json(repo::jobs::get(&mut conn, id.0).await?.into()))
}

/// Cancels a job: a pending one at once, a running one at its worker's next heartbeat. A job that has ended or is being
/// cancelled stays unchanged.
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
