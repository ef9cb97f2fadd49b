//! Batches: those of domain scans (v1 contract), and those of any kind.

use database::ids::BatchId;
use database::models::batch_job::BatchJob;
use database::models::enums::JobStatus;
use database::repo;
use database::repo::batches::BatchFilter;
use database::repo::jobs::JobFilter;
use database::repo::paging::{Newest, Paging};
use jobs::Awaited;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{FromForm, State, get, post};
use scans::domain::{self, BatchEntry, BatchMetadata};
use scans::webhooks::{Ending, tell_of_end};
use serde_json::json;
use utoipa::IntoParams;

use super::job_filter::ChosenJobs;
use super::names::names_of;
use super::query::{Asked, PageQuery, parsed};
use super::wait::Patience;
use super::webhooks::Targets;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, CountedBatch, Db, Once, Read, Scan};
use crate::views::Page;
use crate::views::answer::Answer;
use crate::views::batch::{
    BatchAccepted, BatchChanged, BatchDetailsView, BatchParam, BatchRequest, BatchStatusView, BatchView, summary_of,
};

/// Maximum number of entries of a batch (v1 contract).
const MAX_ENTRIES: usize = 100;
/// Maximum number of jobs shown per batch; `scrapersky scan` makes batches of any size.
const MAX_JOBS: i64 = 10_000;

handlers![
    create_batch,
    get_batch_status,
    list_batches,
    get_batch,
    cancel_batch,
    retry_batch
];

/// Queues a scan of each domain. An entry that is not a domain, or is a duplicate, fails without failing the batch.
#[utoipa::path(
    tags = ["Scans", "v1"],
    params(Once),
    request_body = BatchRequest,
    responses((status = 200, body = BatchAccepted), (status = 409, description = "Nothing is posted to `webhook_url`.")),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/batch", data = "<body>")]
async fn create_batch(
    caller: Caller<Scan>,
    _counted: CountedBatch,
    db: Db<'_>,
    once: Once,
    targets: &State<Targets>,
    body: Body<BatchRequest>,
) -> ApiResult<Answer> {
    let BatchRequest {
        domains,
        webhook_url,
        tenant_id,
    } = &body.value;
    let caller = caller.acting_for(tenant_id.as_deref(), db.pool()).await?;
    if domains.is_empty() || domains.len() > MAX_ENTRIES {
        let detail = format!("domains has {} entries: it must have 1 to {MAX_ENTRIES}", domains.len());
        return Err(ApiError::bad_request("domains", detail));
    }
    let webhook_url = targets.of_request(webhook_url.as_deref())?;
    db.submit(&caller, once.of(&body)?, async |submission| {
        let batch = domain::submit_batch(submission, domains).await?;
        tell_of_end(submission, webhook_url.as_deref(), Ending::Batch(batch.id)).await?;
        let scans = batch.entries.iter().filter(|entry| entry.job_id.is_some()).count();
        Ok((Status::Ok, BatchAccepted::new(batch.id, scans)))
    })
    .await
}

/// Returns the status of a batch and of each entry. With `wait`, answers when the batch ends, or after that many seconds.
#[utoipa::path(
    tags = ["Scans", "v1"],
    params(
        BatchParam,
        Patience<'static>,
    ),
    responses((status = 200, body = BatchStatusView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/batch/status/<id>")]
async fn get_batch_status(
    caller: Caller<Read>,
    db: Db<'_>,
    patience: Patience<'_>,
    id: BatchParam,
) -> ApiResult<Json<BatchStatusView>> {
    wait_for(&caller, &db, patience, id.0).await?;
    let mut conn = db.tenant(&caller).await?;
    let batch = repo::batches::get(&mut conn, id.0).await?;
    let mut chosen = ChosenJobs::of_batch(id.0);
    chosen.join(&mut conn).await?;
    let (jobs, _) = repo::jobs::list(&mut conn, &chosen.filter(), &Paging::first(MAX_JOBS)).await?;
    let entries = read_entries(&batch);
    Ok(Json(BatchStatusView::new(batch, entries, jobs)))
}

/// A filter in the query.
#[derive(FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
struct BatchQuery<'r> {
    /// Only batches of this kind: `domain_scan`, `rescan`, `place_hand_over`, or a word of the old system.
    #[param(example = "rescan")]
    kind: Option<&'r str>,
    /// Only batches created then or later.
    #[param(value_type = Option<DateTime<Utc>>)]
    created_from: Option<&'r str>,
    /// Only batches created earlier.
    #[param(value_type = Option<DateTime<Utc>>)]
    created_before: Option<&'r str>,
}

/// Lists the tenant's batches, newest first.
#[utoipa::path(
    tag = "Jobs",
    params(
        PageQuery<'static>,
        BatchQuery<'static>,
    ),
    responses((status = 200, body = Page<BatchView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/batches?<query..>")]
async fn list_batches(
    caller: Caller<Read>,
    db: Db<'_>,
    page: PageQuery<'_>,
    query: BatchQuery<'_>,
) -> ApiResult<Page<BatchView>> {
    let asked = Asked::read(&page, &())?;
    let filter = BatchFilter {
        kind: query.kind,
        created_from: parsed("created_from", query.created_from)?,
        created_before: parsed("created_before", query.created_before)?,
    };
    let mut conn = db.tenant(&caller).await?;
    let (mut batches, total) = repo::batches::list(&mut conn, &filter, &asked.paging).await?;
    let next_cursor = asked.cut(&mut batches, |batch| Newest::new(batch.created_at, batch.batch_id))?;
    let ids: Vec<BatchId> = batches.iter().map(|batch| batch.batch_id).collect();
    let counts = repo::batches::count_jobs(&mut conn, &ids).await?;
    let names = names_of(
        &mut conn,
        batches.iter().filter_map(|batch| batch.created_by).map(|id| id.get()),
    )
    .await?;
    let views = batches.into_iter().map(|batch| BatchView::new(batch, &counts, &names));
    Ok(Page {
        items: views.collect(),
        next_cursor,
        total: Some(total),
    })
}

/// Returns a batch, its numbers of jobs, and what failed. With `wait`, answers when it ends, or after that many seconds.
#[utoipa::path(
    tag = "Jobs",
    params(
        BatchParam,
        Patience<'static>,
    ),
    responses((status = 200, body = BatchDetailsView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/batches/<id>")]
async fn get_batch(
    caller: Caller<Read>,
    db: Db<'_>,
    patience: Patience<'_>,
    id: BatchParam,
) -> ApiResult<Json<BatchDetailsView>> {
    wait_for(&caller, &db, patience, id.0).await?;
    let mut conn = db.tenant(&caller).await?;
    let batch = repo::batches::get(&mut conn, id.0).await?;
    let counts = repo::batches::count_jobs(&mut conn, &[id.0]).await?;
    let others = repo::batches::list_joined(&mut conn, id.0).await?;
    let times = repo::batches::find_times(&mut conn, id.0, &others).await?;
    let filter = JobFilter {
        batch_id: Some(id.0),
        others: &others,
        statuses: &[JobStatus::Failed],
        ..JobFilter::default()
    };
    let most = i64::try_from(BatchDetailsView::MAX_FAILED).unwrap_or(i64::MAX);
    let (failed, _) = repo::jobs::list(&mut conn, &filter, &Paging::first(most)).await?;
    let names = names_of(&mut conn, batch.created_by.iter().map(|id| id.get())).await?;
    let view = BatchView::new(summary_of(&batch), &counts, &names);
    Ok(Json(BatchDetailsView::new(view, times, read_entries(&batch), failed)))
}

/// Cancels the unfinished jobs of a batch. Jobs of others that do work of it go on.
#[utoipa::path(
    tag = "Jobs",
    params(
        BatchParam,
        Once,
    ),
    responses((status = 200, body = BatchChanged, description = "The jobs have ended."), (status = 202, body = BatchChanged, description = "Some jobs run; their workers are asked to stop.")),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/batches/<id>/cancel")]
async fn cancel_batch(caller: Caller<Scan>, db: Db<'_>, once: Once, id: BatchParam) -> ApiResult<Answer> {
    db.once(&caller, once.without_body()?, async |conn| {
        repo::batches::get(conn, id.0).await?;
        let chosen = ChosenJobs::of_batch(id.0);
        let matched = repo::jobs::bulk::count_cancellable(conn, &chosen.filter()).await?;
        let done = repo::jobs::bulk::cancel_many(conn, &chosen.filter()).await?;
        let details = json!({ "cancelled": done.ended, "requested": done.asked });
        caller
            .note(conn, "batches.cancel", Some(&id.0.to_string()), details)
            .await?;
        let status = if done.asked == 0 { Status::Ok } else { Status::Accepted };
        Ok((status, BatchChanged::new(id.0, matched, done.total())))
    })
    .await
}

/// Queues the failed and cancelled jobs of a batch again, and those of others that do work of it.
#[utoipa::path(
    tag = "Jobs",
    params(
        BatchParam,
        Once,
    ),
    responses((status = 202, body = BatchChanged)),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/batches/<id>/retry")]
async fn retry_batch(
    caller: Caller<Scan>,
    _counted: CountedBatch,
    db: Db<'_>,
    once: Once,
    id: BatchParam,
) -> ApiResult<Answer> {
    db.submit(&caller, once.without_body()?, async |submission| {
        repo::batches::get(submission.conn(), id.0).await?;
        let mut chosen = ChosenJobs::of_batch(id.0);
        chosen.join(submission.conn()).await?;
        let matched = repo::jobs::bulk::count_retriable(submission.conn(), &chosen.filter()).await?;
        let changed = submission.retry_many(&chosen.filter()).await?;
        let details = json!({ "retried": changed });
        caller
            .note(submission.conn(), "batches.retry", Some(&id.0.to_string()), details)
            .await?;
        Ok((Status::Accepted, BatchChanged::new(id.0, matched, changed)))
    })
    .await
}

/// Waits until a batch has ended, if the request waits.
async fn wait_for(caller: &Caller<Read>, db: &Db<'_>, patience: Patience<'_>, id: BatchId) -> ApiResult<()> {
    let Some(time) = patience.time()? else { return Ok(()) };
    let mut conn = db.tenant(caller).await?;
    repo::batches::get(&mut conn, id).await?;
    let counts = repo::batches::count_jobs(&mut conn, &[id]).await?;
    drop(conn);
    if counts.iter().all(|count| count.status.is_final()) {
        return Ok(());
    }
    patience.wait(caller, Awaited::Batch(id), time).await
}

/// Returns the entries of a batch; batches that are not lists of domains, and those of the old system, have none.
fn read_entries(batch: &BatchJob) -> Vec<BatchEntry> {
    let metadata = batch.metadata.as_ref().and_then(|json| json.parse().ok());
    let BatchMetadata { entries } = metadata.unwrap_or_default();
    entries
}
