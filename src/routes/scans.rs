//! Domain scans (v1 contract).

use jobs::EnqueueOptions;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{State, get, post};
use scans::domain::{self, DomainScan};
use scans::webhooks::{Ending, tell_of_end};

use super::wait::{self, Patience};
use super::webhooks::Targets;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, Db, Once, Read, Scan};
use crate::views::answer::Answer;
use crate::views::scan::{ScanAccepted, ScanId, ScanRequest, ScanStatus};

handlers![scan_domain, get_scan_status];

/// Queues a scan of a domain, or returns the unfinished one.
#[utoipa::path(
    tags = ["Scans", "v1"],
    params(Once),
    request_body = ScanRequest,
    responses((status = 200, body = ScanAccepted), (status = 409, description = "Nothing is posted to `webhook_url`.")),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/scrapersky", data = "<body>")]
async fn scan_domain(
    caller: Caller<Scan>,
    db: Db<'_>,
    once: Once,
    targets: &State<Targets>,
    body: Body<ScanRequest>,
) -> ApiResult<Answer> {
    let ScanRequest {
        base_url,
        webhook_url,
        tenant_id,
        max_pages,
    } = &body.value;
    let caller = caller.acting_for(tenant_id.as_deref(), db.pool()).await?;
    let scan = DomainScan::read(base_url, *max_pages)?;
    let webhook_url = targets.of_request(webhook_url.as_deref())?;
    db.submit(&caller, once.of(&body)?, async |submission| {
        let submitted = domain::submit(submission, vec![scan], &EnqueueOptions::default()).await?;
        let scan = submitted.first().ok_or(ApiError::NotFound)?;
        tell_of_end(submission, webhook_url.as_deref(), Ending::Job(scan.job_id)).await?;
        Ok((Status::Ok, ScanAccepted::from(scan.job_id)))
    })
    .await
}

/// Returns the status of a scan. With `wait`, answers when it ends, or after that many seconds.
#[utoipa::path(
    tags = ["Scans", "v1"],
    params(
        ScanId,
        Patience<'static>,
    ),
    responses((status = 200, body = ScanStatus)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/status/<id>")]
async fn get_scan_status(
    caller: Caller<Read>,
    db: Db<'_>,
    patience: Patience<'_>,
    id: ScanId,
) -> ApiResult<Json<ScanStatus>> {
    Ok(Json(wait::get_job(&caller, &db, patience, id.0).await?.into()))
}
