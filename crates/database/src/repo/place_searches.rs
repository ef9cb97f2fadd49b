//! Table `place_searches`. Its rows follow their jobs by a trigger, and outlive them.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, PgTextExpressionMethods, QueryDsl, QueryResult, SelectableHelper,
};
use diesel::sql_types::{Nullable, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::place_searches;

use super::paging::{Newest, Paging, before, containing, page};
use crate::ids::{PlaceSearchId, TenantId};
use crate::models::enums::JobStatus;
use crate::models::place_search::{NewPlaceSearch, PlaceSearch};
use crate::tenant::TenantConnection;

/// Which searches to list; `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct SearchFilter<'a> {
    /// Only those for this kind of business.
    pub business_type: Option<&'a str>,
    /// Only those whose location contains this text.
    pub location: Option<&'a str>,
    /// Only those with this status.
    pub status: Option<JobStatus>,
    /// Only those created then or later.
    pub created_from: Option<DateTime<Utc>>,
    /// Only those created before then.
    pub created_before: Option<DateTime<Utc>>,
}

/// Inserts a search.
pub async fn insert(conn: &mut TenantConnection, new: &NewPlaceSearch<'_>) -> QueryResult<PlaceSearch> {
    let tenant = conn.tenant_id();
    diesel::insert_into(place_searches::table)
        .values((new, place_searches::tenant_id.eq(tenant)))
        .returning(PlaceSearch::as_returning())
        .get_result(conn)
        .await
}

/// Lists searches, newest first, and counts them; both queries are sent together.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &SearchFilter<'_>,
    paging: &Paging<Newest<PlaceSearchId, Option<DateTime<Utc>>>>,
) -> QueryResult<(Vec<PlaceSearch>, i64)> {
    let tenant = conn.tenant_id();
    let mut rows = matching(tenant, filter);
    // Newest first puts rows of the old system, which have no time, in front.
    rows = match paging.after {
        None => rows,
        Some(Newest { at: None, id }) => {
            rows.filter(place_searches::created_at.is_not_null().or(place_searches::id.lt(id)))
        }
        Some(Newest { at, id }) => rows.filter(before::<(Nullable<Timestamptz>, Uuid), _, _>(
            (place_searches::created_at, place_searches::id),
            (at, id),
        )),
    };
    let rows = rows
        .select(PlaceSearch::as_select())
        .order((place_searches::created_at.desc(), place_searches::id.desc()));
    page!(conn, rows, matching(tenant, filter), paging.limit)
}

fn matching<'a>(tenant: TenantId, filter: &SearchFilter<'a>) -> place_searches::BoxedQuery<'a, Pg> {
    let mut query = place_searches::table
        .filter(place_searches::tenant_id.eq(tenant))
        .into_boxed();
    if let Some(business_type) = filter.business_type {
        query = query.filter(place_searches::business_type.eq(business_type));
    }
    if let Some(location) = filter.location {
        query = query.filter(place_searches::location.ilike(containing(location)));
    }
    if let Some(status) = filter.status {
        query = query.filter(place_searches::status.eq(status.label()));
    }
    if let Some(from) = filter.created_from {
        query = query.filter(place_searches::created_at.ge(from));
    }
    if let Some(before) = filter.created_before {
        query = query.filter(place_searches::created_at.lt(before));
    }
    query
}
