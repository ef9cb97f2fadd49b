//! Table `place_searches`.

use diesel::dsl::now;
use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::place_searches;

use super::paging::Paging;
use crate::ids::PlaceSearchId;
use crate::models::place_search::{NewPlaceSearch, PlaceSearch, PlaceSearchChanges};
use crate::tenant::TenantConnection;

/// Returns a search.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn get(conn: &mut TenantConnection, id: PlaceSearchId) -> QueryResult<PlaceSearch> {
    let tenant = conn.tenant_id();
    PlaceSearch::query()
        .filter(place_searches::tenant_id.eq(tenant))
        .filter(place_searches::id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Lists searches, the newest first, and counts them all. Both queries travel together.
///
/// # Errors
///
/// Those of the database.
pub async fn list(conn: &mut TenantConnection, paging: Paging) -> QueryResult<(Vec<PlaceSearch>, i64)> {
    let tenant = conn.tenant_id();
    futures_util::try_join!(
        PlaceSearch::query()
            .filter(place_searches::tenant_id.eq(tenant))
            .order((place_searches::created_at.desc(), place_searches::id.desc()))
            .limit(paging.limit)
            .offset(paging.offset)
            .load(&mut conn.reading()),
        place_searches::table
            .filter(place_searches::tenant_id.eq(tenant))
            .count()
            .get_result(&mut conn.reading()),
    )
}

/// Adds a search.
///
/// # Errors
///
/// Those of the database.
pub async fn insert(conn: &mut TenantConnection, new: &NewPlaceSearch<'_>) -> QueryResult<PlaceSearch> {
    let tenant = conn.tenant_id();
    diesel::insert_into(place_searches::table)
        .values((new, place_searches::tenant_id.eq(tenant)))
        .returning(PlaceSearch::as_returning())
        .get_result(conn)
        .await
}

/// Changes a search.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn update(
    conn: &mut TenantConnection,
    id: PlaceSearchId,
    changes: &PlaceSearchChanges<'_>,
) -> QueryResult<PlaceSearch> {
    let tenant = conn.tenant_id();
    diesel::update(
        place_searches::table
            .filter(place_searches::tenant_id.eq(tenant))
            .filter(place_searches::id.eq(id)),
    )
    .set((changes, place_searches::updated_at.eq(now)))
    .returning(PlaceSearch::as_returning())
    .get_result(conn)
    .await
}
