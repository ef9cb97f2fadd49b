//! The domains of a tenant.

use database::ids::DomainId;
use database::repo;
use database::repo::domains::{DomainFilter, DomainOrder, DomainPosition};
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{FromForm, delete, get};
use serde_json::json;
use utoipa::IntoParams;

use super::query::{Asked, PageQuery, PathId, parsed};
use crate::error::{ApiError, ApiResult};
use crate::guards::{Admin, Caller, Db, Read};
use crate::views::Page;
use crate::views::domain::{DomainDetailsView, DomainView};

handlers![list_domains, get_domain, delete_domain];

/// Filter and order in the query.
#[derive(FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
struct DomainQuery<'r> {
    /// A part of the name.
    q: Option<&'r str>,
    /// The status that people gave the domain.
    status: Option<&'r str>,
    /// The status of the last scan.
    #[param(example = "completed")]
    content_scrape_status: Option<&'r str>,
    /// Whether the site runs on WordPress.
    #[param(value_type = Option<bool>)]
    is_wordpress: Option<&'r str>,
    /// The order: `-created_at`, `-last_scan` or `domain`.
    #[param(example = "domain")]
    sort: Option<&'r str>,
}

impl<'r> DomainQuery<'r> {
    fn filter(&self) -> ApiResult<DomainFilter<'r>> {
        Ok(DomainFilter {
            text: self.q,
            status: self.status,
            content_scrape_status: parsed("content_scrape_status", self.content_scrape_status)?,
            is_wordpress: parsed("is_wordpress", self.is_wordpress)?,
            ..DomainFilter::default()
        })
    }

    fn order(&self) -> ApiResult<DomainOrder> {
        match self.sort {
            None | Some("-created_at") => Ok(DomainOrder::Newest),
            Some("-last_scan") => Ok(DomainOrder::LastScan),
            Some("domain") => Ok(DomainOrder::Name),
            Some(other) => {
                let detail = format!("sort is {other:?}: it must be -created_at, -last_scan or domain");
                Err(ApiError::bad_request("sort", detail))
            }
        }
    }
}

/// Lists the tenant's domains.
#[utoipa::path(
    tag = "Domains",
    params(
        PageQuery<'static>,
        DomainQuery<'static>,
    ),
    responses((status = 200, body = Page<DomainView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/domains?<query..>")]
async fn list_domains(
    caller: Caller<Read>,
    db: Db<'_>,
    page: PageQuery<'_>,
    query: DomainQuery<'_>,
) -> ApiResult<Page<DomainView>> {
    let (filter, order) = (query.filter()?, query.order()?);
    let asked = Asked::read(&page, &order)?;
    let mut conn = db.tenant(&caller).await?;
    let (domains, total) = repo::domains::list(&mut conn, &filter, order, &asked.paging).await?;
    asked.page(domains, Some(total), |domain| DomainPosition::of(domain, order))
}

/// Returns a domain with all facts about its site.
#[utoipa::path(
    tag = "Domains",
    params(PathId<DomainId>),
    responses((status = 200, body = DomainDetailsView)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/domains/<id>")]
async fn get_domain(caller: Caller<Read>, db: Db<'_>, id: PathId<DomainId>) -> ApiResult<Json<DomainDetailsView>> {
    let mut conn = db.tenant(&caller).await?;
    Ok(Json(repo::domains::get_details(&mut conn, id.0).await?.into()))
}

/// Deletes a domain with its pages, contacts and sitemaps.
#[utoipa::path(
    tag = "Domains",
    params(PathId<DomainId>),
    responses((status = 204, description = "Done.")),
    security(("credential" = ["admin"]))
)]
#[delete("/api/v1/domains/<id>")]
async fn delete_domain(caller: Caller<Admin>, db: Db<'_>, id: PathId<DomainId>) -> ApiResult<Status> {
    let mut conn = db.tenant(&caller).await?;
    let domain = repo::domains::get(&mut conn, id.0).await?;
    repo::domains::delete(&mut conn, id.0).await?;
    let details = json!({ "domain": domain.domain });
    caller
        .note(&mut conn, "domain.delete", Some(&id.0.to_string()), details)
        .await?;
    conn.commit().await?;
    Ok(Status::NoContent)
}
