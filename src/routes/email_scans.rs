//! Scans for email addresses (v1 contract), with and without the prefix `/api/v1`.

use database::ids::DomainId;
use database::repo;
use database::repo::email_scans::ScannedPosition;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{FromForm, State, get, post};
use scans::email::{self, DEFAULT_PAGES};
use scans::webhooks::{Ending, tell_of_end};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::query::{Asked, OffsetQuery, PageQuery, PathId};
use super::webhooks::Targets;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Caller, Db, Once, OptionalBody, Read, Scan};
use crate::views::answer::Answer;
use crate::views::contact::{EmailScanView, ScannedDomainView, ScannedDomains};

/// Maximum number of pages shown per domain: as many as one scan fetches.
const SHOWN_PAGES: i64 = DEFAULT_PAGES as i64;

handlers![list_scanned_domains, list_websites, start_email_scan, get_email_scan];

/// The page that a query asks for, by default a long one: the old front end does not request further pages.
#[derive(FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
struct ScannedQuery<'r> {
    /// Maximum number of domains.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 1000)]
    limit: Option<&'r str>,
    /// The cursor in the `Link` of the previous page.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<&'r str>,
}

/// Lists the tenant's domains by name, each with its pages.
#[utoipa::path(
    tags = ["Contacts", "v1"],
    params(
        ScannedQuery<'static>,
        OffsetQuery<'static>,
    ),
    responses((status = 200, body = Vec<ScannedDomainView>)),
    security(("credential" = ["read"]))
)]
#[get("/email-scanner/domains?<query..>")]
async fn list_scanned_domains(
    caller: Caller<Read>,
    db: Db<'_>,
    query: ScannedQuery<'_>,
    offset: OffsetQuery<'_>,
) -> ApiResult<ScannedDomains> {
    let page = PageQuery {
        limit: query.limit.or(Some("1000")),
        cursor: query.cursor,
    };
    let asked = Asked::read(&page, &())?;
    let offset = asked.read_offset(&offset)?;
    let mut conn = db.reading(&caller).await?;
    let mut rows = repo::email_scans::list_domains(&mut conn, &asked.paging, offset, SHOWN_PAGES).await?;
    let next_cursor = asked.cut(&mut rows, ScannedPosition::of)?;
    Ok(ScannedDomains {
        domains: rows.into_iter().map(ScannedDomainView::from).collect(),
        next_cursor,
    })
}

/// Lists the same domains under the other name in the v1 contract.
#[utoipa::path(
    tags = ["Contacts", "v1"],
    params(
        ScannedQuery<'static>,
        OffsetQuery<'static>,
    ),
    responses((status = 200, body = Vec<ScannedDomainView>)),
    security(("credential" = ["read"]))
)]
#[get("/email-scanner/websites?<query..>")]
async fn list_websites(
    caller: Caller<Read>,
    db: Db<'_>,
    query: ScannedQuery<'_>,
    offset: OffsetQuery<'_>,
) -> ApiResult<ScannedDomains> {
    list_scanned_domains(caller, db, query, offset).await
}

/// A request to scan a domain's site, which clients of the v1 contract send without a body.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({ "webhook_url": "https://hooks.example.com/scrapersky" }))]
struct EmailScanRequest {
    /// URL to which the end is posted, signed by the secret of requests (`POST /api/v1/webhooks/secret`): `https` or `http`, at a public
    /// address, without user name and password.
    #[serde(default)]
    #[schema(pattern = "^https?://", max_length = 2000)]
    webhook_url: Option<String>,
}

/// Queues a scan of a domain's site, or returns the unfinished one.
#[utoipa::path(
    tags = ["Contacts", "v1"],
    params(
        PathId<DomainId>,
        Once,
    ),
    request_body = Option<EmailScanRequest>,
    responses(
        (status = 200, body = EmailScanView),
        (status = 409, description = "The domain is suppressed, or nothing is posted to `webhook_url`."),
    ),
    security(("credential" = ["scan"]))
)]
#[post("/email-scanner/scan/<id>", data = "<body>")]
async fn start_email_scan(
    caller: Caller<Scan>,
    db: Db<'_>,
    once: Once,
    targets: &State<Targets>,
    id: PathId<DomainId>,
    body: OptionalBody<EmailScanRequest>,
) -> ApiResult<Answer> {
    let webhook_url = targets.of_request(body.0.unwrap_or_default().webhook_url.as_deref())?;
    let digest = Sha256::digest(webhook_url.as_deref().unwrap_or_default());
    db.submit(&caller, once.with_digest(&digest.into())?, async |submission| {
        let submitted = email::submit(submission, id.0, DEFAULT_PAGES).await?;
        tell_of_end(submission, webhook_url.as_deref(), Ending::Job(submitted.job.job_id)).await?;
        let view = EmailScanView::new(submitted.domain.domain, submitted.scan, Some(&submitted.job));
        Ok((Status::Ok, view))
    })
    .await
}

/// Returns the status of the latest scan of a domain's site.
#[utoipa::path(
    tags = ["Contacts", "v1"],
    params(PathId<DomainId>),
    responses((status = 200, body = EmailScanView)),
    security(("credential" = ["read"]))
)]
#[get("/email-scanner/scan/<id>/status")]
async fn get_email_scan(caller: Caller<Read>, db: Db<'_>, id: PathId<DomainId>) -> ApiResult<Json<EmailScanView>> {
    let mut conn = db.tenant(&caller).await?;
    let domain = repo::domains::get(&mut conn, id.0).await?;
    let (scan, job) = repo::email_scans::find_latest(&mut conn, id.0)
        .await?
        .ok_or(ApiError::NotFound)?;
    Ok(Json(EmailScanView::new(domain.domain, scan, job.as_ref())))
}
