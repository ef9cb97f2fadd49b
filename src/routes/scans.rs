//! Domain scans, as the v1 contract has them.

use database::models::enums::Scope;
use database::repo;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{Route, State, get, post, routes};
use web::names::DomainName;

use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, Db, Once};
use crate::jobs::{EnqueueOptions, Waker};
use crate::scans::domain::{self, DomainScan};
use crate::views::answer::Answer;
use crate::views::scan::{ScanAccepted, ScanId, ScanRequest, ScanStatus};

/// The most pages that a scan may be asked to count.
const MOST_PAGES: i64 = 1_000_000;

/// Returns the routes of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![scan_domain, get_scan_status]
}

/// Queues a scan of one domain.
#[post("/api/v1/scrapersky", data = "<body>")]
async fn scan_domain(
    caller: Caller,
    db: Db<'_>,
    waker: &State<Waker>,
    once: Once,
    body: Body<ScanRequest>,
) -> ApiResult<Answer> {
    caller.require(Scope::Scan)?;
    let ScanRequest {
        base_url,
        tenant_id,
        max_pages,
    } = &body.value;
    let max_pages = *max_pages;
    let caller = caller.acting_for(tenant_id.as_deref(), &db).await?;
    let name = DomainName::parse(base_url).map_err(|error| ApiError::bad_request("base_url", error.to_string()))?;
    if !(1..=MOST_PAGES).contains(&max_pages) {
        let detail = format!("max_pages is {max_pages}: it must be from 1 to {MOST_PAGES}");
        return Err(ApiError::bad_request("max_pages", detail));
    }
    let mut conn = db.tenant(&caller).await?;
    let begun = match once.earlier(&mut conn, &body).await? {
        Ok(answer) => return Ok(answer),
        Err(begun) => begun,
    };
    caller.count_scans(&mut conn, 1).await?;
    let scan = DomainScan::new(&name, max_pages);
    let jobs = domain::enqueue(&mut conn, vec![scan], &EnqueueOptions::default()).await?;
    let id = *jobs
        .get(name.as_str())
        .ok_or_else(|| ApiError::Internal("a scan that was queued is not there".to_owned()))?;
    let answer = begun.keep(&mut conn, Status::Ok, &ScanAccepted::from(id)).await?;
    conn.commit().await?;
    waker.wake();
    Ok(answer)
}

/// Returns how far a scan is.
#[get("/api/v1/status/<id>")]
async fn get_scan_status(caller: Caller, db: Db<'_>, id: ScanId) -> ApiResult<Json<ScanStatus>> {
    caller.require(Scope::Read)?;
    let mut conn = db.tenant(&caller).await?;
    Ok(Json(repo::jobs::get(&mut conn, id.0).await?.into()))
}
