//! Changes of many jobs at once.

use database::repo;
use database::tenant::TenantConnection;
use jobs::Submission;
use rocket::http::Status;
use rocket::post;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::job_filter::{ChosenJobs, JobWords};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, Db, Once, Scan};
use crate::views::answer::Answer;
use crate::views::fields;

handlers![cancel_jobs, retry_jobs];

/// Jobs to change: either `ids` or `filter` is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "filter": { "status": "failed", "outcome": "timeout" }, "preview": true }))]
struct JobsChangeRequest {
    /// Ids of the jobs: UUIDs, or `scan_` and 32 hex digits.
    #[serde(default)]
    #[schema(max_items = 10_000)]
    ids: Option<Vec<String>>,
    /// Selects the jobs as the list does; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    filter: Option<JobWords>,
    /// Whether to count the jobs without changing them.
    #[serde(default)]
    #[schema(default = false)]
    preview: bool,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    tenant_id: Option<String>,
}

impl JobsChangeRequest {
    fn chosen(&self) -> ApiResult<ChosenJobs> {
        match (&self.ids, &self.filter) {
            (Some(ids), None) if ids.len() <= repo::jobs::bulk::MAX_JOBS => ChosenJobs::only(ids),
            (Some(ids), None) => {
                let most = repo::jobs::bulk::MAX_JOBS;
                let detail = format!("ids has {} ids: it must have at most {most}", ids.len());
                Err(ApiError::bad_request("ids", detail))
            }
            (None, Some(words)) => ChosenJobs::read(words),
            (None, None) | (Some(_), Some(_)) => Err(ApiError::bad_request(
                "filter",
                "either `ids` or `filter` is required; an empty filter, `{}`, selects all",
            )),
        }
    }
}

/// What a cancellation of many jobs did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobsCancelled {
    /// The number of selected jobs that have not ended and are not being cancelled.
    matched: i64,
    /// The number of jobs changed, at most 10000 per request.
    pub(crate) changed: usize,
    /// The number of jobs that waited and have ended.
    cancelled: usize,
    /// The number of jobs that run and end at their worker's next heartbeat.
    requested: usize,
}

/// What a retry of many jobs did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobsRetried {
    /// The number of selected jobs that failed or were cancelled.
    matched: i64,
    /// The number of jobs queued again, at most 10000 per request.
    pub(crate) changed: usize,
}

/// Cancels unfinished jobs by their ids or by a filter, as one is cancelled; with `preview` only counts them.
#[utoipa::path(
    tag = "Jobs",
    params(
        Once,
    ),
    request_body = JobsChangeRequest,
    responses((status = 200, body = JobsCancelled)),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/jobs/cancel", data = "<body>")]
async fn cancel_jobs(caller: Caller<Scan>, db: Db<'_>, once: Once, body: Body<JobsChangeRequest>) -> ApiResult<Answer> {
    let request = &body.value;
    let caller = caller.acting_for(request.tenant_id.as_deref(), db.pool()).await?;
    let mut chosen = request.chosen()?;
    db.once(&caller, once.of(&body)?, async |conn| {
        if !request.preview {
            return Ok((Status::Ok, cancel(&caller, conn, &mut chosen).await?));
        }
        chosen.join(conn).await?;
        let matched = repo::jobs::bulk::count_cancellable(conn, &chosen.filter()).await?;
        let view = JobsCancelled {
            matched,
            changed: 0,
            cancelled: 0,
            requested: 0,
        };
        Ok((Status::Ok, view))
    })
    .await
}

/// Cancels the chosen jobs that have not ended.
///
/// # Errors
///
/// Those of the database.
pub(crate) async fn cancel(
    caller: &Caller<Scan>,
    conn: &mut TenantConnection,
    chosen: &mut ChosenJobs,
) -> ApiResult<JobsCancelled> {
    chosen.join(conn).await?;
    let matched = repo::jobs::bulk::count_cancellable(conn, &chosen.filter()).await?;
    let done = repo::jobs::bulk::cancel_many(conn, &chosen.filter()).await?;
    let details = json!({ "cancelled": done.ended, "requested": done.asked });
    caller.note(conn, "jobs.cancel", None, details).await?;
    Ok(JobsCancelled {
        matched,
        changed: done.total(),
        cancelled: done.ended,
        requested: done.asked,
    })
}

/// Queues failed and cancelled jobs again, by their ids or by a filter; with `preview` only counts them.
#[utoipa::path(
    tag = "Jobs",
    params(
        Once,
    ),
    request_body = JobsChangeRequest,
    responses((status = 200, body = JobsRetried)),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/jobs/retry", data = "<body>")]
async fn retry_jobs(caller: Caller<Scan>, db: Db<'_>, once: Once, body: Body<JobsChangeRequest>) -> ApiResult<Answer> {
    let request = &body.value;
    let caller = caller.acting_for(request.tenant_id.as_deref(), db.pool()).await?;
    let mut chosen = request.chosen()?;
    let key = once.of(&body)?;
    if request.preview {
        return db
            .once(&caller, key, async |conn| {
                chosen.join(conn).await?;
                let matched = repo::jobs::bulk::count_retriable(conn, &chosen.filter()).await?;
                Ok((Status::Ok, JobsRetried { matched, changed: 0 }))
            })
            .await;
    }
    db.submit(&caller, key, async |submission| {
        Ok((Status::Ok, retry(&caller, submission, &mut chosen).await?))
    })
    .await
}

/// Queues the chosen jobs that failed or were cancelled again.
///
/// # Errors
///
/// Those of the database, and those of [`Submission::retry_many`].
pub(crate) async fn retry(
    caller: &Caller<Scan>,
    submission: &mut Submission<'_>,
    chosen: &mut ChosenJobs,
) -> ApiResult<JobsRetried> {
    chosen.join(submission.conn()).await?;
    let matched = repo::jobs::bulk::count_retriable(submission.conn(), &chosen.filter()).await?;
    let changed = submission.retry_many(&chosen.filter()).await?;
    let details = json!({ "retried": changed });
    caller.note(submission.conn(), "jobs.retry", None, details).await?;
    Ok(JobsRetried { matched, changed })
}
