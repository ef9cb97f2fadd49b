//! Batches of domain scans (v1 contract).

use database::models::batch_job::BatchJob;
use database::repo;
use database::repo::jobs::JobFilter;
use database::repo::paging::Paging;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{get, post};
use scans::domain::{self, BatchMetadata};

use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, CountedBatch, Db, Once, Read, Scan};
use crate::views::answer::Answer;
use crate::views::batch::{BatchAccepted, BatchParam, BatchRequest, BatchStatusView};

/// Maximum number of entries of a batch (v1 contract).
const MAX_ENTRIES: usize = 100;
/// Maximum number of jobs shown per batch; `scrapersky scan` makes batches of any size.
const MAX_JOBS: i64 = 10_000;

handlers![create_batch, get_batch_status, retry_batch];

/// Queues a scan of each domain. An entry that is not a domain, or is a duplicate, fails without failing the batch.
#[utoipa::path(
    tags = ["Scans", "v1"],
    params(Once),
    request_body = BatchRequest,
    responses((status = 200, body = BatchAccepted)),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/batch", data = "<body>")]
async fn create_batch(
    caller: Caller<Scan>,
    _counted: CountedBatch,
    db: Db<'_>,
    once: Once,
    body: Body<BatchRequest>,
) -> ApiResult<Answer> {
    let BatchRequest { domains, tenant_id } = &body.value;
    let caller = caller.acting_for(tenant_id.as_deref(), db.pool()).await?;
    if domains.is_empty() || domains.len() > MAX_ENTRIES {
        let detail = format!("domains has {} entries: it must have 1 to {MAX_ENTRIES}", domains.len());
        return Err(ApiError::bad_request("domains", detail));
    }
    db.submit(&caller, once.of(&body)?, async |submission| {
        let batch = domain::submit_batch(submission, domains).await?;
        let scans = batch.entries.iter().filter(|entry| entry.job_id.is_some()).count();
        Ok((Status::Ok, BatchAccepted::new(batch.id, scans)))
    })
    .await
}

/// Returns the status of a batch and of each entry.
#[utoipa::path(
    tags = ["Scans", "v1"],
    params(BatchParam),
    responses((status = 200, body = BatchStatusView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/batch/status/<id>")]
async fn get_batch_status(caller: Caller<Read>, db: Db<'_>, id: BatchParam) -> ApiResult<Json<BatchStatusView>> {
    let mut conn = db.tenant(&caller).await?;
    let batch = repo::batches::get(&mut conn, id.0).await?;
    let most = batch
        .total_domains
        .map_or(MAX_JOBS, |total| i64::from(total).clamp(1, MAX_JOBS));
    let metadata = read_metadata(&batch);
    let others = metadata.jobs();
    let filter = JobFilter {
        batch_id: Some(id.0),
        others: &others,
        ..JobFilter::default()
    };
    let (jobs, _) = repo::jobs::list(&mut conn, &filter, &Paging::first(most)).await?;
    Ok(Json(BatchStatusView::new(batch, metadata.entries, jobs)))
}

/// Queues the failed and cancelled scans of a batch again.
#[utoipa::path(
    tag = "Scans",
    params(
        BatchParam,
        Once,
    ),
    responses((status = 202, body = BatchAccepted)),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/batch/<id>/retry")]
async fn retry_batch(
    caller: Caller<Scan>,
    _counted: CountedBatch,
    db: Db<'_>,
    once: Once,
    id: BatchParam,
) -> ApiResult<Answer> {
    db.submit(&caller, once.without_body()?, async |submission| {
        let batch = repo::batches::get(submission.conn(), id.0).await?;
        let jobs = read_metadata(&batch).jobs();
        let retried = submission.retry_batch(batch.batch_id, &jobs).await?;
        Ok((Status::Accepted, BatchAccepted::new(batch.batch_id, retried)))
    })
    .await
}

/// Returns the entries of a batch; batches of the old system have none.
fn read_metadata(batch: &BatchJob) -> BatchMetadata {
    let metadata = batch.metadata.as_ref().and_then(|json| json.parse().ok());
    metadata.unwrap_or_default()
}
