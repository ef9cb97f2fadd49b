//! Jobs of any kind.

use database::repo;
use database::repo::jobs::JobFilter;
use database::repo::paging::Cursor;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{Route, get, post, routes};

use super::query::{cursor_behind, paging, parsed};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Db, Once, Read, Scan};
use crate::views::Page;
use crate::views::answer::Answer;
use crate::views::job::JobView;
use crate::views::scan::ScanId;

/// Returns the routes of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![list_jobs, get_job, cancel_job, retry_job]
}

/// Lists the tenant's jobs, the newest first.
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
#[get("/api/v1/jobs?<status>&<kind>&<created_from>&<created_before>&<limit>&<offset>&<cursor>")]
async fn list_jobs(
    caller: Caller<Read>,
    db: Db<'_>,
    status: Option<&str>,
    kind: Option<&str>,
    created_from: Option<&str>,
    created_before: Option<&str>,
    limit: Option<&str>,
    offset: Option<&str>,
    cursor: Option<&str>,
) -> ApiResult<Json<Page<JobView>>> {
    let paging = paging(limit, offset)?;
    let filter = JobFilter {
        status: parsed("status", status)?,
        kind,
        created_from: parsed("created_from", created_from)?,
        created_before: parsed("created_before", created_before)?,
        after: parsed("cursor", cursor)?,
        ..JobFilter::default()
    };
    let mut conn = db.tenant(&caller).await?;
    let (jobs, total) = repo::jobs::list(&mut conn, &filter, paging).await?;
    let next_cursor = cursor_behind(&jobs, paging.limit, |job| {
        Cursor::new(job.created_at, job.job_id).to_string()
    });
    let items = jobs.into_iter().map(JobView::from).collect();
    Ok(Json(Page {
        items,
        total,
        limit: paging.limit,
        offset: paging.offset,
        next_cursor,
    }))
}

/// Returns a job.
#[get("/api/v1/jobs/<id>")]
async fn get_job(caller: Caller<Read>, db: Db<'_>, id: ScanId) -> ApiResult<Json<JobView>> {
    let mut conn = db.tenant(&caller).await?;
    Ok(Json(repo::jobs::get(&mut conn, id.0).await?.into()))
}

/// Asks for the end of a job. One that waits ends at once, one that runs at its worker's next
/// heartbeat; asking again, or asking of one that has ended, changes nothing.
#[post("/api/v1/jobs/<id>/cancel")]
async fn cancel_job(caller: Caller<Scan>, db: Db<'_>, once: Once, id: ScanId) -> ApiResult<Answer> {
    db.once(&caller, once.without_body()?, async |conn| {
        let job = repo::jobs::cancel(conn, id.0).await?;
        let status = if job.status.is_final() {
            Status::Ok
        } else {
            Status::Accepted
        };
        Ok((status, JobView::from(job)))
    })
    .await
}

/// Queues a job again that failed or was cancelled.
#[post("/api/v1/jobs/<id>/retry")]
async fn retry_job(caller: Caller<Scan>, db: Db<'_>, once: Once, id: ScanId) -> ApiResult<Answer> {
    db.submit(&caller, once.without_body()?, async |submission| {
        let job = repo::jobs::get(submission.conn(), id.0).await?;
        let Some(job) = submission.retry(job.job_id).await? else {
            return Err(ApiError::Conflict(format!(
                "the job is {}: only one that failed or was cancelled can be retried",
                job.status
            )));
        };
        Ok((Status::Accepted, JobView::from(job)))
    })
    .await
}
