//! The domains of a tenant.

use database::ids::DomainId;
use database::repo;
use database::repo::domains::{DomainFilter, DomainOrder, DomainPosition};
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{FromForm, delete, get};
use serde_json::json;
use utoipa::IntoParams;

use super::query::{Asked, PageQuery, PathId, parsed, word};
use crate::error::ApiResult;
use crate::guards::{Admin, Caller, Db, Read};
use crate::views::Page;
use crate::views::domain::{DomainDetailsView, DomainView};
use crate::views::words::{TaskStatusWord, Word, Words};

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
    #[param(inline, value_type = Option<TaskStatusWord>)]
    content_scrape_status: Option<&'r str>,
    /// Whether the site runs on WordPress.
    #[param(value_type = Option<bool>)]
    is_wordpress: Option<&'r str>,
    /// The order: newest first, last scanned first, or by name.
    #[param(inline, value_type = Option<DomainOrderWord>)]
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
        self.sort.map_or(Ok(DomainOrder::Newest), |text| word("sort", text))
    }
}

/// Describes an order of the list.
type DomainOrderWord = Word<DomainOrder>;

impl Words for DomainOrder {
    const NAME: &'static str = "DomainOrder";
    const ALL: &'static [Self] = &[Self::Newest, Self::LastScan, Self::Name];
    const DEFAULT: Option<Self> = Some(Self::Newest);

    fn word(self) -> &'static str {
        match self {
            Self::Newest => "-created_at",
            Self::LastScan => "-last_scan",
            Self::Name => "domain",
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
    let mut conn = db.reading(&caller).await?;
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
    let mut conn = db.reading(&caller).await?;
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
