//! Past searches for places.

use database::ids::JobId;
use database::models::place_search::PlaceSearch;
use database::repo;
use database::repo::paging::Newest;
use database::repo::place_searches::SearchFilter;
use rocket::{FromForm, get};
use utoipa::IntoParams;

use super::names::names_of;
use super::query::{Asked, PageQuery, parsed};
use crate::error::ApiResult;
use crate::guards::{Caller, Db, Read};
use crate::views::Page;
use crate::views::place::{PastSearchView, SearchTotals};
use crate::views::words::JobStatusWord;

handlers![list_searches];

/// A filter in the query.
#[derive(FromForm, IntoParams)]
#[into_params(parameter_in = Query)]
struct SearchQuery<'r> {
    /// Only searches for this kind of business.
    business_type: Option<&'r str>,
    /// Only searches whose location contains this text.
    location: Option<&'r str>,
    /// Only searches with this status.
    #[param(inline, value_type = Option<JobStatusWord>)]
    status: Option<&'r str>,
    /// Only searches requested then or later.
    #[param(value_type = Option<DateTime<Utc>>)]
    created_from: Option<&'r str>,
    /// Only searches requested before then.
    #[param(value_type = Option<DateTime<Utc>>)]
    created_before: Option<&'r str>,
}

impl<'r> SearchQuery<'r> {
    fn filter(&self) -> ApiResult<SearchFilter<'r>> {
        Ok(SearchFilter {
            business_type: self.business_type,
            location: self.location,
            status: parsed("status", self.status)?,
            created_from: parsed("created_from", self.created_from)?,
            created_before: parsed("created_before", self.created_before)?,
        })
    }
}

/// Lists the tenant's searches, newest first, with what they found and cost.
#[utoipa::path(
    tag = "Places",
    params(
        PageQuery<'static>,
        SearchQuery<'static>,
    ),
    responses((status = 200, body = Page<PastSearchView>)),
    security(("credential" = ["read"]))
)]
#[get("/api/v1/places/searches?<query..>")]
async fn list_searches(
    caller: Caller<Read>,
    db: Db<'_>,
    page: PageQuery<'_>,
    query: SearchQuery<'_>,
) -> ApiResult<Page<PastSearchView>> {
    let asked = Asked::read(&page, &())?;
    let filter = query.filter()?;
    let mut conn = db.reading(&caller).await?;
    let (mut searches, total) = repo::place_searches::list(&mut conn, &filter, &asked.paging).await?;
    let next_cursor = asked.cut(&mut searches, |search: &PlaceSearch| {
        Newest::new(search.created_at, search.id)
    })?;
    let jobs: Vec<JobId> = searches.iter().filter_map(|search| search.job_id).collect();
    let totals = if jobs.is_empty() {
        SearchTotals::default()
    } else {
        let found = repo::place_finds::count_of_jobs(&mut conn, &jobs).await?;
        let billed = repo::api_calls::list_costs_of_jobs(&mut conn, &jobs).await?;
        SearchTotals::new(found, billed)
    };
    let who = searches.iter().filter_map(|search| search.user_id);
    let names = names_of(&mut conn, who.map(|id| id.get())).await?;
    Ok(Page {
        items: searches
            .into_iter()
            .map(|search| PastSearchView::new(search, &totals, &names))
            .collect(),
        next_cursor,
        total: Some(total),
    })
}
