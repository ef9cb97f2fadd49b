//! Table `place_searches`.

use diesel::dsl::now;
use diesel::prelude::{ExpressionMethods, QueryDsl, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::place_searches;

use crate::ids::PlaceSearchId;
use crate::models::place_search::{NewPlaceSearch, PlaceSearch, PlaceSearchChanges};
use crate::tenant::TenantConnection;

/// Inserts a search.
pub async fn insert(conn: &mut TenantConnection, new: &NewPlaceSearch<'_>) -> QueryResult<PlaceSearch> {
    let tenant = conn.tenant_id();
    diesel::insert_into(place_searches::table)
        .values((new, place_searches::tenant_id.eq(tenant)))
        .returning(PlaceSearch::as_returning())
        .get_result(conn)
        .await
}

/// Updates a search.
///
/// # Errors
///
/// `NotFound`.
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
