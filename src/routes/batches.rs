//! Batches of domain scans, as the v1 contract has them.

use database::models::batch_job::NewBatchJob;
use database::models::enums::Scope;
use database::models::values::RawJson;
use database::repo;
use database::repo::jobs::JobFilter;
use database::repo::paging::Paging;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{Route, State, get, post, routes};
use web::names::DomainName;

use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, CountedBatch, Db, Once};
use crate::jobs::{BackgroundJob, EnqueueOptions, Waker};
use crate::scans::domain::{self, DomainScan};
use crate::views::answer::Answer;
use crate::views::batch::{BatchAccepted, BatchEntry, BatchMetadata, BatchParam, BatchRequest, BatchStatusView};

/// The most entries of a batch, as v1 has it.
const MOST_ENTRIES: usize = 100;
/// The most jobs of a batch that are shown; `scrapersky scan` makes batches of any size.
const MOST_JOBS: i64 = 10_000;
/// How many pages each scan of a batch counts at most: what a single scan does unless told.
const MAX_PAGES: i64 = 1000;

/// Returns the routes of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![scan_batch, get_batch_status, retry_batch]
}

/// Queues a scan of each domain. An entry that is none, or is there twice, fails by itself.
#[post("/api/v1/batch", data = "<body>")]
async fn scan_batch(
    caller: Caller,
    _counted: CountedBatch,
    db: Db<'_>,
    waker: &State<Waker>,
    once: Once,
    body: Body<BatchRequest>,
) -> ApiResult<Answer> {
    caller.require(Scope::Scan)?;
    let BatchRequest { domains, tenant_id } = &body.value;
    let caller = caller.acting_for(tenant_id.as_deref(), &db).await?;
    if domains.is_empty() || domains.len() > MOST_ENTRIES {
        let detail = format!(
            "domains has {} entries: it must have from 1 to {MOST_ENTRIES}",
            domains.len()
        );
        return Err(ApiError::bad_request("domains", detail));
    }
    let (mut entries, scans) = sort_out(domains);

    let mut conn = db.tenant(&caller).await?;
    let begun = match once.earlier(&mut conn, &body).await? {
        Ok(answer) => return Ok(answer),
        Err(begun) => begun,
    };
    caller.count_scans(&mut conn, scans.len()).await?;
    let total = i32::try_from(entries.len()).ok();
    let failed = i32::try_from(entries.iter().filter(|entry| entry.error.is_some()).count()).ok();
    let new = NewBatchJob {
        processor_type: DomainScan::KIND,
        created_by: None,
        total_domains: total,
        failed_domains: failed,
        metadata: None,
        options: None,
    };
    let batch = repo::batches::insert(&mut conn, &new).await?;
    let options = EnqueueOptions {
        batch_id: Some(batch.batch_id),
        ..EnqueueOptions::default()
    };
    let queued = domain::enqueue(&mut conn, scans, &options).await?;
    for entry in entries.iter_mut().filter(|entry| entry.error.is_none()) {
        entry.job_id = DomainName::parse(&entry.domain)
            .ok()
            .and_then(|name| queued.get(name.as_str()))
            .map(|id| id.get());
    }
    let metadata = RawJson::from_value(&BatchMetadata { entries })
        .map_err(|error| ApiError::Internal(format!("a batch's entries: {error}")))?;
    let changes = database::models::batch_job::BatchJobChanges {
        metadata: Some(Some(&metadata)),
        ..Default::default()
    };
    repo::batches::update(&mut conn, batch.batch_id, &changes).await?;
    let accepted = BatchAccepted::new(batch.batch_id, queued.len());
    let answer = begun.keep(&mut conn, Status::Ok, &accepted).await?;
    conn.commit().await?;
    waker.wake();
    Ok(answer)
}

/// Returns how far a batch is, entry by entry.
#[get("/api/v1/batch/status/<id>")]
async fn get_batch_status(caller: Caller, db: Db<'_>, id: BatchParam) -> ApiResult<Json<BatchStatusView>> {
    caller.require(Scope::Read)?;
    let mut conn = db.tenant(&caller).await?;
    let batch = repo::batches::get(&mut conn, id.0).await?;
    let filter = JobFilter {
        batch_id: Some(id.0),
        ..JobFilter::default()
    };
    let most = batch
        .total_domains
        .map_or(MOST_JOBS, |total| i64::from(total).clamp(1, MOST_JOBS));
    let (jobs, _) = repo::jobs::list(&mut conn, &filter, Paging::first(most)).await?;
    Ok(Json(BatchStatusView::new(batch, jobs)))
}

/// Queues the scans of a batch again that failed, and no others.
#[post("/api/v1/batch/<id>/retry")]
async fn retry_batch(
    caller: Caller,
    _counted: CountedBatch,
    db: Db<'_>,
    waker: &State<Waker>,
    once: Once,
    id: BatchParam,
) -> ApiResult<Answer> {
    caller.require(Scope::Scan)?;
    let mut conn = db.tenant(&caller).await?;
    let begun = match once.earlier_without_body(&mut conn).await? {
        Ok(answer) => return Ok(answer),
        Err(begun) => begun,
    };
    let batch = repo::batches::get(&mut conn, id.0).await?;
    let retried = repo::jobs::retry_batch(&mut conn, batch.batch_id).await?;
    caller.count_scans(&mut conn, retried).await?;
    let accepted = BatchAccepted::new(batch.batch_id, retried);
    let answer = begun.keep(&mut conn, Status::Accepted, &accepted).await?;
    conn.commit().await?;
    waker.wake();
    Ok(answer)
}

/// Tells what can be scanned from what cannot, and why.
fn sort_out(domains: &[String]) -> (Vec<BatchEntry>, Vec<DomainScan>) {
    let mut scans: Vec<DomainScan> = Vec::with_capacity(domains.len());
    let entries = domains
        .iter()
        .map(|domain| {
            let error = match DomainName::parse(domain) {
                Err(error) => Some(error.to_string()),
                Ok(name) if scans.iter().any(|scan| scan.domain == name.as_str()) => {
                    Some(format!("{} is in the batch twice: it is scanned once", name.as_str()))
                }
                Ok(name) => {
                    scans.push(DomainScan::new(&name, MAX_PAGES));
                    None
                }
            };
            BatchEntry {
                // PostgreSQL's JSON cannot hold it.
                domain: domain.replace('\0', "\u{fffd}"),
                job_id: None,
                error,
            }
        })
        .collect();
    (entries, scans)
}
