//! What the values of a domain are told by.

use database::ids::{DomainEvidenceId, DomainId};
use database::models::domain_evidence::EvidenceColumn;
use database::repo;
use database::repo::paging::Paging;
use database::tenant::TenantConnection;
use rocket::{FromForm, get};
use utoipa::IntoParams;

use super::query::{Asked, PageQuery, PathId, word};
use crate::error::ApiResult;
use crate::guards::{Caller, Db, Read};
use crate::views::Page;
use crate::views::domain::{ClaimedEvidence, DomainDetailsView, DomainEvidenceView};
use crate::views::words::WordOrEmpty;

handlers![list_domain_evidence];

/// Maximum number of rows that a page about a domain reads.
const ALL: i64 = 1_000;

/// Describes a column with evidence, or an empty text, which is ignored.
type ColumnWordOrEmpty = WordOrEmpty<EvidenceColumn>;

/// A filter of evidence in the query.
#[derive(Clone, Copy, Debug, FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
struct EvidenceQuery<'r> {
    /// Only what the values of this column are told by.
    #[param(inline, value_type = Option<ColumnWordOrEmpty>, example = "phone_numbers")]
    column: Option<&'r str>,
}

/// Lists what the values of a domain are told by: page, rule, what was read, and since when. Values that were found first
/// come first.
#[utoipa::path(
    tag = "Domains",
    params(PathId<DomainId>, PageQuery<'static>, EvidenceQuery<'static>),
    responses((status = 200, body = Page<DomainEvidenceView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/domains/<id>/evidence?<query..>")]
async fn list_domain_evidence(
    caller: Caller<Read>,
    db: Db<'_>,
    id: PathId<DomainId>,
    page: PageQuery<'_>,
    query: EvidenceQuery<'_>,
) -> ApiResult<Page<DomainEvidenceView>> {
    let asked = Asked::<DomainEvidenceId>::read(&page, &())?;
    let column = query.column.filter(|text| !text.is_empty());
    let column = column.map(|text| word("column", text)).transpose()?;
    let mut conn = db.reading(&caller).await?;
    let details: DomainDetailsView = repo::domains::get_details(&mut conn, id.0).await?.into();
    let mut rows = repo::domain_evidence::list(&mut conn, id.0, column, &asked.paging).await?;
    let next_cursor = asked.cut(&mut rows, |row| row.id)?;
    let claimed = claimed(&details);
    Ok(Page {
        items: rows.into_iter().map(|row| claimed.view(row)).collect(),
        next_cursor,
        total: None,
    })
}

/// Loads what all values of a domain are told by.
pub(crate) async fn load(
    conn: &mut TenantConnection,
    domain: DomainId,
    details: &DomainDetailsView,
) -> ApiResult<Vec<DomainEvidenceView>> {
    let rows = repo::domain_evidence::list(conn, domain, None, &Paging::first(ALL)).await?;
    let claimed = claimed(details);
    Ok(rows.into_iter().map(|row| claimed.view(row)).collect())
}

fn claimed(details: &DomainDetailsView) -> ClaimedEvidence {
    let technologies = details.technologies.as_ref();
    ClaimedEvidence::of(technologies.and_then(|technologies| technologies.claims.as_deref()))
}
