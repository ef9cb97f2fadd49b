//! The inventory of a domain's URLs as files: CSV and JSON lines.

use database::ids::{DomainId, SitemapUrlId, TenantId};
use database::models::sitemap_url::SitemapUrl;
use database::pool::Pool;
use database::repo;
use database::repo::sitemap_urls::SitemapUrlFilter;
use rocket::http::ContentType;
use rocket::{Route, State, get, routes};

use super::export::{Export, PartResult, csv_lines, json_lines, json_lines_type};
use super::query::{PathId, cursor_behind};
use super::sitemaps::url_filter;
use crate::error::ApiResult;
use crate::guards::{Caller, Db, Read};
use crate::views::sitemap::{CSV_HEAD, SitemapUrlView};

/// How many URLs are read at a time.
const PART: i64 = 1000;

/// Returns the routes of this file.
#[must_use]
pub fn routes() -> Vec<Route> {
    routes![export_csv, export_json_lines]
}

/// Sends all URLs of a domain's sitemaps as CSV.
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
#[get("/api/v1/domains/<id>/urls.csv?<q>&<page_type>&<modified_since>&<modified_before>")]
async fn export_csv<'r>(
    caller: Caller<Read>,
    db: Db<'_>,
    pool: &'r State<Pool>,
    id: PathId<DomainId>,
    q: Option<&'r str>,
    page_type: Option<&'r str>,
    modified_since: Option<&str>,
    modified_before: Option<&str>,
) -> ApiResult<Export<'r>> {
    let filter = url_filter(q, page_type, modified_since, modified_before)?;
    check(&caller, db, id.0).await?;
    let head = csv_lines([CSV_HEAD.map(str::to_owned)])?;
    let write: Write = |rows| csv_lines(rows.into_iter().map(|row| SitemapUrlView::from(row).csv()));
    let (tenant, domain) = (caller.tenant(), id.0);
    Ok(Export::new("urls.csv", ContentType::CSV, head, move |after| {
        Box::pin(part(pool, tenant, domain, filter.clone(), after, write))
    }))
}

/// Sends all URLs of a domain's sitemaps, one JSON object a line.
#[expect(clippy::too_many_arguments, reason = "each is a parameter of the query")]
#[get("/api/v1/domains/<id>/urls.jsonl?<q>&<page_type>&<modified_since>&<modified_before>")]
async fn export_json_lines<'r>(
    caller: Caller<Read>,
    db: Db<'_>,
    pool: &'r State<Pool>,
    id: PathId<DomainId>,
    q: Option<&'r str>,
    page_type: Option<&'r str>,
    modified_since: Option<&str>,
    modified_before: Option<&str>,
) -> ApiResult<Export<'r>> {
    let filter = url_filter(q, page_type, modified_since, modified_before)?;
    check(&caller, db, id.0).await?;
    let write: Write = |rows| json_lines(rows.into_iter().map(SitemapUrlView::from));
    let (tenant, domain) = (caller.tenant(), id.0);
    Ok(Export::new("urls.jsonl", json_lines_type(), Vec::new(), move |after| {
        Box::pin(part(pool, tenant, domain, filter.clone(), after, write))
    }))
}

/// Refuses who may not, and what is no domain of the caller's, while there is a status to say so with.
async fn check(caller: &Caller<Read>, db: Db<'_>, domain: DomainId) -> ApiResult<()> {
    let mut conn = db.tenant(caller).await?;
    repo::domains::get(&mut conn, domain).await?;
    Ok(())
}

/// Writes some URLs.
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
    let rows = repo::sitemap_urls::list_of_domain(&mut conn, domain, &filter, after, PART).await?;
    drop(conn);
    let next = cursor_behind(&rows, PART, |row| row.id);
    Ok((write(rows)?, next))
}
