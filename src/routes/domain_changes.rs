//! What scans of domains found changed.

use database::ids::DomainId;
use database::models::enums::DomainChangeKind;
use database::repo;
use database::repo::domain_changes::DomainChangeFilter;
use database::repo::paging::Newest;
use rocket::{FromForm, get};
use utoipa::IntoParams;

use super::query::{Asked, PageQuery, PathId, parsed, word};
use crate::error::ApiResult;
use crate::guards::{Caller, Db, Read};
use crate::views::Page;
use crate::views::domain::DomainChangeView;
use crate::views::words::WordOrEmpty;

handlers![list_changes, list_domain_changes];

/// Describes a kind of difference, or an empty text, which is ignored.
type KindWordOrEmpty = WordOrEmpty<DomainChangeKind>;

/// A filter of differences in the query.
#[derive(Clone, Copy, Debug, FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
struct ChangesQuery<'r> {
    /// Only differences of this kind.
    #[param(inline, value_type = Option<KindWordOrEmpty>, example = "technology_added")]
    kind: Option<&'r str>,
    /// Only differences found then or later.
    #[param(value_type = Option<DateTime<Utc>>)]
    changed_since: Option<&'r str>,
}

impl ChangesQuery<'_> {
    fn filter(self, domain_id: Option<DomainId>) -> ApiResult<DomainChangeFilter> {
        let kind = self.kind.filter(|text| !text.is_empty());
        Ok(DomainChangeFilter {
            domain_id,
            kind: kind.map(|text| word("kind", text)).transpose()?,
            since: parsed("changed_since", self.changed_since)?,
        })
    }
}

/// Lists what scans of domains found changed since the scans before, newest first.
#[utoipa::path(
    tag = "Domains",
    params(PageQuery<'static>, ChangesQuery<'static>),
    responses((status = 200, body = Page<DomainChangeView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/changes?<query..>")]
async fn list_changes(
    caller: Caller<Read>,
    db: Db<'_>,
    page: PageQuery<'_>,
    query: ChangesQuery<'_>,
) -> ApiResult<Page<DomainChangeView>> {
    let asked = Asked::read(&page, &())?;
    let filter = query.filter(None)?;
    let mut conn = db.reading(&caller).await?;
    let rows = repo::domain_changes::list(&mut conn, &filter, &asked.paging).await?;
    asked.page(rows, None, |(row, _)| Newest::new(row.changed_at, row.id))
}

/// Lists what scans of a domain found changed since the scans before, newest first.
#[utoipa::path(
    tag = "Domains",
    params(PathId<DomainId>, PageQuery<'static>, ChangesQuery<'static>),
    responses((status = 200, body = Page<DomainChangeView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/domains/<id>/changes?<query..>")]
async fn list_domain_changes(
    caller: Caller<Read>,
    db: Db<'_>,
    id: PathId<DomainId>,
    page: PageQuery<'_>,
    query: ChangesQuery<'_>,
) -> ApiResult<Page<DomainChangeView>> {
    let asked = Asked::read(&page, &())?;
    let filter = query.filter(Some(id.0))?;
    let mut conn = db.reading(&caller).await?;
    repo::domains::get(&mut conn, id.0).await?;
    let rows = repo::domain_changes::list(&mut conn, &filter, &asked.paging).await?;
    asked.page(rows, None, |(row, _)| Newest::new(row.changed_at, row.id))
}
