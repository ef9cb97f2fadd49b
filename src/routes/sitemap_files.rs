//! Exports of the URLs in a domain's sitemaps: CSV and JSON lines.

use database::ids::{DomainId, SitemapUrlId, TenantId};
use database::models::sitemap_url::SitemapUrl;
use database::pool::Pool;
use database::repo;
use database::repo::paging::Paging;
use database::repo::sitemap_urls::SitemapUrlFilter;
use rocket::http::ContentType;
use rocket::{State, get};

use super::export::{Bom, Export, PartResult, csv_lines, json_lines, json_lines_type};
use super::query::{PathId, position_behind};
use super::sitemaps::{UrlParams, UrlQuery};
use crate::error::ApiResult;
use crate::guards::{Caller, Db, Read};
use crate::views::sitemap::{CSV_HEAD, SitemapUrlView};

/// How many URLs an export reads per transaction.
const PART: i64 = 1000;

handlers![export_urls_csv, export_urls_jsonl];

/// Exports the matching URLs of a domain's sitemaps as CSV, with a byte order mark unless
/// `bom=false`.
#[utoipa::path(
    tag = "Sitemaps",
    params(
        PathId<DomainId>,
        Bom<'static>,
        UrlParams,
    ),
    responses((status = 200, body = String, content_type = "text/csv")),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/domains/<id>/urls.csv?<query..>")]
async fn export_urls_csv<'r>(
    caller: Caller<Read>,
    db: Db<'_>,
    pool: &'r State<Pool>,
    id: PathId<DomainId>,
    bom: Bom<'_>,
    query: UrlQuery<'r>,
) -> ApiResult<Export<'r>> {
    let filter = query.filter()?;
    check_domain(&caller, db, id.0).await?;
    let mut head = bom.csv_start()?;
    head.extend(csv_lines([CSV_HEAD.map(str::to_owned)])?);
    let write: Write = |rows| csv_lines(rows.into_iter().map(|row| SitemapUrlView::from(row).csv()));
    let (tenant, domain) = (caller.tenant(), id.0);
    Ok(Export::new("urls.csv", ContentType::CSV, head, move |after| {
        Box::pin(part(pool, tenant, domain, filter.clone(), after, write))
    }))
}

/// Exports the matching URLs of a domain's sitemaps as JSON lines.
#[utoipa::path(
    tag = "Sitemaps",
    params(
        PathId<DomainId>,
        UrlParams,
    ),
    responses((status = 200, body = String, content_type = "application/jsonl")),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/domains/<id>/urls.jsonl?<query..>")]
async fn export_urls_jsonl<'r>(
    caller: Caller<Read>,
    db: Db<'_>,
    pool: &'r State<Pool>,
    id: PathId<DomainId>,
    query: UrlQuery<'r>,
) -> ApiResult<Export<'r>> {
    let filter = query.filter()?;
    check_domain(&caller, db, id.0).await?;
    let write: Write = |rows| json_lines(rows.into_iter().map(SitemapUrlView::from));
    let (tenant, domain) = (caller.tenant(), id.0);
    Ok(Export::new("urls.jsonl", json_lines_type(), Vec::new(), move |after| {
        Box::pin(part(pool, tenant, domain, filter.clone(), after, write))
    }))
}

/// Fails if the domain is not the tenant's, before the status of the response is sent.
async fn check_domain(caller: &Caller<Read>, db: Db<'_>, domain: DomainId) -> ApiResult<()> {
    let mut conn = db.reading(caller).await?;
    repo::domains::get(&mut conn, domain).await?;
    Ok(())
}

/// Serializes a part of the URLs.
type Write = fn(Vec<SitemapUrl>) -> ApiResult<Vec<u8>>;

async fn part(
    pool: &Pool,
    tenant: TenantId,
    domain: DomainId,
    filter: SitemapUrlFilter<'_>,
    after: Option<SitemapUrlId>,
    write: Write,
) -> PartResult<SitemapUrlId> {
    let mut conn = pool.tenant(tenant).await?;
    let rows = repo::sitemap_urls::list_of_domain(&mut conn, domain, &filter, &Paging { limit: PART, after }).await?;
    drop(conn);
    let next = position_behind(&rows, PART, |row| row.id);
    Ok((write(rows)?, next))
}
