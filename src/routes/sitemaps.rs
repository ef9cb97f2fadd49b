//! Sitemaps: analysis, files, listed URLs, curation, and the differences between analyses.

use database::ids::{DomainId, SitemapFileId, SitemapRunId};
use database::models::enums::{CurationStatus, UrlChange};
use database::models::sitemap_file::SitemapFileChanges;
use database::repo;
use database::repo::paging::Newest;
use database::repo::sitemap_files::SitemapFileFilter;
use database::repo::sitemap_urls::{SitemapUrlFilter, UrlPosition};
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{FromForm, State, get, post};
use scans::SitemapConfig;
use scans::sitemap::{self, SitemapRequest, SitemapScan};
use scans::webhooks::{Ending, tell_of_end};
use serde_json::json;
use utoipa::IntoParams;

use super::query::{Asked, PageQuery, PathId, parsed, word};
use super::webhooks::Targets;
use crate::error::{ApiError, ApiResult};
use crate::guards::{Body, Caller, Curate, Db, Once, Read, Scan};
use crate::views::Page;
use crate::views::answer::{Accepted, Answer};
use crate::views::sitemap::{
    BulkCurationRequest, BulkCurationView, CurationFilter, CurationRequest, SitemapDiffView, SitemapRunView,
    SitemapScanAccepted, SitemapScanRequest, SitemapUrlView, SitemapView,
};
use crate::views::words::{CurationWord, UrlChangeWord};

/// Maximum number of ids in a bulk change.
const MAX_IDS: usize = 10_000;

handlers![
    scan_sitemaps,
    list_sitemaps,
    get_sitemap,
    list_sitemap_urls,
    curate_sitemap,
    curate_sitemaps,
    list_sitemap_runs,
    list_sitemap_changes
];

/// Queues the analysis of a domain's sitemaps or of one sitemap, or returns the unfinished one.
#[utoipa::path(
    tag = "Sitemaps",
    params(Once),
    request_body = SitemapScanRequest,
    responses(
        (status = 202, body = Accepted<SitemapScanAccepted>),
        (status = 409, description = "Nothing is posted to `webhook_url`."),
    ),
    security(("credential" = ["scan"]))
)]
#[post("/api/v1/sitemap/scan", data = "<body>")]
async fn scan_sitemaps(
    caller: Caller<Scan>,
    db: Db<'_>,
    once: Once,
    config: &State<SitemapConfig>,
    targets: &State<Targets>,
    body: Body<SitemapScanRequest>,
) -> ApiResult<Answer> {
    let SitemapScanRequest {
        domain,
        sitemap_url,
        max_urls,
        max_depth,
        webhook_url,
        tenant_id,
    } = &body.value;
    let caller = caller.acting_for(tenant_id.as_deref(), db.pool()).await?;
    let request = SitemapRequest {
        domain: domain.as_deref(),
        sitemap_url: sitemap_url.as_deref(),
        max_urls: *max_urls,
        max_depth: *max_depth,
    };
    let scan = SitemapScan::read(&request, config)?;
    let webhook_url = targets.of_request(webhook_url.as_deref())?;
    db.submit(&caller, once.of(&body)?, async |submission| {
        let submitted = sitemap::submit(submission, &scan).await?;
        tell_of_end(submission, webhook_url.as_deref(), Ending::Job(submitted.job_id)).await?;
        let about = SitemapScanAccepted {
            domain_id: submitted.domain_id.get(),
            is_new: submitted.is_new,
        };
        Ok((Status::Accepted, Accepted::new(submitted.job_id, about)))
    })
    .await
}

/// A filter of sitemap files in the query.
#[derive(FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
struct SitemapQuery<'r> {
    /// A part of the URL.
    q: Option<&'r str>,
    /// The status of the file's analysis: `pending`, `completed`, `partial`, `failed`, `skipped`, `gone`, or a word of the old
    /// system.
    #[param(example = "partial")]
    status: Option<&'r str>,
    /// The curation status.
    #[param(inline, value_type = Option<CurationWord>)]
    curation_status: Option<&'r str>,
}

impl<'r> SitemapQuery<'r> {
    fn filter(&self) -> ApiResult<SitemapFileFilter<'r>> {
        Ok(SitemapFileFilter {
            status: self.status,
            curation_status: self
                .curation_status
                .map(|text| word("curation_status", text))
                .transpose()?,
            text: self.q,
            ..SitemapFileFilter::default()
        })
    }
}

/// Lists the sitemap files of a domain, newest first.
#[utoipa::path(
    tag = "Sitemaps",
    params(
        PathId<DomainId>,
        PageQuery<'static>,
        SitemapQuery<'static>,
    ),
    responses((status = 200, body = Page<SitemapView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/domains/<id>/sitemaps?<query..>")]
async fn list_sitemaps(
    caller: Caller<Read>,
    db: Db<'_>,
    id: PathId<DomainId>,
    page: PageQuery<'_>,
    query: SitemapQuery<'_>,
) -> ApiResult<Page<SitemapView>> {
    let asked = Asked::read(&page, &())?;
    let filter = SitemapFileFilter {
        domain_id: Some(id.0),
        ..query.filter()?
    };
    let mut conn = db.reading(&caller).await?;
    repo::domains::get(&mut conn, id.0).await?;
    let (files, total) = repo::sitemap_files::list(&mut conn, &filter, &asked.paging).await?;
    asked.page(files, Some(total), |file| Newest::new(file.created_at, file.id))
}

/// Returns a sitemap file.
#[utoipa::path(
    tag = "Sitemaps",
    params(PathId<SitemapFileId>),
    responses((status = 200, body = SitemapView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/sitemaps/<id>")]
async fn get_sitemap(caller: Caller<Read>, db: Db<'_>, id: PathId<SitemapFileId>) -> ApiResult<Json<SitemapView>> {
    let mut conn = db.reading(&caller).await?;
    Ok(Json(repo::sitemap_files::get(&mut conn, id.0).await?.into()))
}

/// A filter of URLs in the query.
#[derive(FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UrlQuery<'r> {
    /// A part of the URL.
    q: Option<&'r str>,
    /// The kind of page, as the path tells it.
    page_type: Option<&'r str>,
    /// Modified at this time or later.
    #[param(value_type = Option<DateTime<Utc>>)]
    modified_since: Option<&'r str>,
    /// Modified before this time.
    #[param(value_type = Option<DateTime<Utc>>)]
    modified_before: Option<&'r str>,
}

/// The parameters of the filter, as they are described.
pub(super) type UrlParams = UrlQuery<'static>;

impl<'r> UrlQuery<'r> {
    pub(super) fn filter(&self) -> ApiResult<SitemapUrlFilter<'r>> {
        Ok(SitemapUrlFilter {
            text: self.q,
            page_type: self.page_type,
            modified_since: parsed("modified_since", self.modified_since)?,
            modified_before: parsed("modified_before", self.modified_before)?,
        })
    }
}

/// Lists the URLs in a sitemap file, in a fixed order; the cursor is stable while rows are added.
#[utoipa::path(
    tag = "Sitemaps",
    params(
        PathId<SitemapFileId>,
        PageQuery<'static>,
        UrlQuery<'static>,
    ),
    responses((status = 200, body = Page<SitemapUrlView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/sitemaps/<id>/urls?<query..>")]
async fn list_sitemap_urls(
    caller: Caller<Read>,
    db: Db<'_>,
    id: PathId<SitemapFileId>,
    page: PageQuery<'_>,
    query: UrlQuery<'_>,
) -> ApiResult<Page<SitemapUrlView>> {
    let asked = Asked::read(&page, &())?;
    let filter = query.filter()?;
    let mut conn = db.reading(&caller).await?;
    repo::sitemap_files::get(&mut conn, id.0).await?;
    let total = repo::sitemap_urls::count_of_file(&mut conn, id.0, &filter).await?;
    let rows = repo::sitemap_urls::list_of_file(&mut conn, id.0, &filter, &asked.paging).await?;
    asked.page(rows, Some(total), |row| UrlPosition::of(&row.url))
}

/// Sets the curation status of a sitemap file.
#[utoipa::path(
    tag = "Sitemaps",
    params(PathId<SitemapFileId>),
    request_body = CurationRequest,
    responses((status = 200, body = SitemapView)),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/sitemaps/<id>/curation", data = "<body>")]
async fn curate_sitemap(
    caller: Caller<Curate>,
    db: Db<'_>,
    id: PathId<SitemapFileId>,
    body: Body<CurationRequest>,
) -> ApiResult<Json<SitemapView>> {
    let changes = decision(word("status", &body.value.status)?);
    let mut conn = db.tenant(&caller).await?;
    let file = repo::sitemap_files::update(&mut conn, id.0, &changes).await?;
    conn.commit().await?;
    Ok(Json(file.into()))
}

/// Sets the curation status of sitemap files by their ids or by a filter; with `preview` only counts them.
#[utoipa::path(
    tag = "Sitemaps",
    request_body = BulkCurationRequest,
    responses((status = 200, body = BulkCurationView)),
    security(("credential" = ["curate"]))
)]
#[post("/api/v1/sitemaps/curation", data = "<body>")]
async fn curate_sitemaps(
    caller: Caller<Curate>,
    db: Db<'_>,
    body: Body<BulkCurationRequest>,
) -> ApiResult<Json<BulkCurationView>> {
    let BulkCurationRequest {
        status,
        ids,
        filter,
        preview,
    } = body.value;
    let changes = decision(word("status", &status)?);
    let ids: Option<Vec<SitemapFileId>> = ids.map(|ids| ids.into_iter().map(Into::into).collect());
    let filter = match (&ids, &filter) {
        (Some(ids), None) if ids.len() <= MAX_IDS => SitemapFileFilter {
            ids: Some(ids),
            ..SitemapFileFilter::default()
        },
        (Some(_), None) => {
            let detail = format!("too many ids: at most {MAX_IDS}");
            return Err(ApiError::bad_request("ids", detail));
        }
        (None, Some(filter)) => read_filter(filter)?,
        (None, None) | (Some(_), Some(_)) => {
            let detail = "either `ids` or `filter` is required; an empty filter, `{}`, selects all";
            return Err(ApiError::bad_request("filter", detail));
        }
    };
    let mut conn = db.tenant(&caller).await?;
    let matched = repo::sitemap_files::count(&mut conn, &filter).await?;
    let updated = if preview {
        0
    } else {
        let updated = repo::sitemap_files::update_matching(&mut conn, &filter, &changes).await?;
        let details = json!({ "status": status, "updated": updated });
        caller.note(&mut conn, "sitemaps.curate", None, details).await?;
        updated
    };
    conn.commit().await?;
    Ok(Json(BulkCurationView { matched, updated }))
}

fn read_filter(filter: &CurationFilter) -> ApiResult<SitemapFileFilter<'_>> {
    let CurationFilter {
        domain_id,
        status,
        curation_status,
        q,
    } = filter;
    Ok(SitemapFileFilter {
        domain_id: domain_id.map(Into::into),
        status: status.as_deref(),
        curation_status: curation_status
            .as_deref()
            .map(|text| word("filter.curation_status", text))
            .transpose()?,
        text: q.as_deref(),
        ..SitemapFileFilter::default()
    })
}

fn decision(status: CurationStatus) -> SitemapFileChanges<'static> {
    SitemapFileChanges {
        deep_scrape_curation_status: Some(Some(status)),
        ..SitemapFileChanges::default()
    }
}

/// Lists the analyses of a domain's sitemaps, newest first, each with its number of changes.
#[utoipa::path(
    tag = "Sitemaps",
    params(
        PathId<DomainId>,
        PageQuery<'static>,
    ),
    responses((status = 200, body = Page<SitemapRunView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/domains/<id>/sitemap-runs")]
async fn list_sitemap_runs(
    caller: Caller<Read>,
    db: Db<'_>,
    id: PathId<DomainId>,
    page: PageQuery<'_>,
) -> ApiResult<Page<SitemapRunView>> {
    let asked = Asked::read(&page, &())?;
    let mut conn = db.reading(&caller).await?;
    repo::domains::get(&mut conn, id.0).await?;
    let runs = repo::sitemap_runs::list(&mut conn, id.0, &asked.paging).await?;
    asked.page(runs, None, |run| Newest::new(run.started_at, run.id))
}

/// A filter of differences in the query.
#[derive(FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
struct ChangeQuery<'r> {
    /// Only URLs that differ in this way.
    #[param(inline, value_type = Option<UrlChangeWord>)]
    change: Option<&'r str>,
}

/// Lists the differences between an analysis and the previous one.
#[utoipa::path(
    tag = "Sitemaps",
    params(
        PathId<SitemapRunId>,
        ChangeQuery<'static>,
        PageQuery<'static>,
    ),
    responses((status = 200, body = SitemapDiffView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/sitemap-runs/<id>/changes?<query..>")]
async fn list_sitemap_changes(
    caller: Caller<Read>,
    db: Db<'_>,
    id: PathId<SitemapRunId>,
    query: ChangeQuery<'_>,
    page: PageQuery<'_>,
) -> ApiResult<SitemapDiffView> {
    let asked = Asked::read(&page, &())?;
    let change: Option<UrlChange> = parsed("change", query.change)?;
    let mut conn = db.reading(&caller).await?;
    let run = repo::sitemap_runs::get(&mut conn, id.0).await?;
    // Changes noted while the analysis runs are not final.
    let rows = if run.completed_at.is_some() {
        repo::sitemap_url_changes::list(&mut conn, id.0, change, &asked.paging).await?
    } else {
        Vec::new()
    };
    Ok(SitemapDiffView {
        run: run.into(),
        page: asked.page(rows, None, |row| row.id)?,
    })
}
