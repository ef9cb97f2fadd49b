//! Table `places_staging`: places found by searches, and people's decisions about them.

mod filter;
mod order;

use std::collections::HashMap;

use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, SelectableHelper};
use diesel::sql_types::{Array, Double, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::places_staging;

pub use self::filter::{EARTH_KM, KM_PER_DEGREE, Near, PlaceFilter};
pub(super) use self::filter::{matching, searched};
pub(super) use self::order::{NAME_CHARS, exact};
pub use self::order::{PlaceKey, PlaceOrder, PlacePosition};
use self::order::{behind, ordered};
use super::bulk::{Upserted, column};
use super::paging::{Counted, Offset, Paging, page};
use super::stored_rows::entries;
use crate::ids::StagedPlaceId;
use crate::models::staged_place::{NewStagedPlace, StagedPlace};
use crate::tenant::TenantConnection;

/// What the ids of places begin with that a person imported without Google's place id. Nothing of them is Google's content.
pub const IMPORTED_PREFIX: &str = "import_";

/// Returns a place by its place id.
pub async fn get(conn: &mut TenantConnection, place_id: &str) -> QueryResult<StagedPlace> {
    let tenant = conn.tenant_id();
    StagedPlace::query()
        .filter(places_staging::tenant_id.eq(tenant))
        .filter(places_staging::place_id.eq(place_id))
        .first(&mut conn.reading())
        .await
}

/// Finds a place by its place id.
pub async fn find(conn: &mut TenantConnection, place_id: &str) -> QueryResult<Option<StagedPlace>> {
    get(conn, place_id).await.optional()
}

/// Lists places and counts all matches.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &PlaceFilter<'_>,
    order: PlaceOrder,
    paging: Offset,
) -> QueryResult<(Vec<StagedPlace>, i64)> {
    let tenant = conn.tenant_id();
    let rows = ordered(matching(tenant, filter), order);
    if filter.name.is_some() || filter.location.is_some() {
        let page = Counted::<_, Integer>::new(rows.select(places_staging::id), paging);
        let (ids, total): (Vec<StagedPlaceId>, i32) = page.get_result(&mut conn.reading()).await?;
        return Ok((rows_of(conn, &ids).await?, total.into()));
    }
    if filter.is_everything() {
        let rows = rows.offset(paging.offset).select(StagedPlace::as_select());
        return page!(conn, rows, stored in "places_staging", paging.limit);
    }
    let rows = rows.offset(paging.offset).select(places_staging::id);
    let (ids, total): (Vec<StagedPlaceId>, i64) = page!(conn, rows, matching(tenant, filter), paging.limit)?;
    Ok((rows_of(conn, &ids).await?, total))
}

/// Lists places, from the start or after a position in the same order.
pub async fn list_after(
    conn: &mut TenantConnection,
    filter: &PlaceFilter<'_>,
    order: PlaceOrder,
    paging: &Paging<PlacePosition>,
) -> QueryResult<Vec<StagedPlace>> {
    let ids = list_ids_after(conn, filter, order, paging).await?;
    rows_of(conn, &ids).await
}

/// Lists row numbers: indexes contain all filter and order columns, so the search does not read the rows themselves.
async fn list_ids_after(
    conn: &mut TenantConnection,
    filter: &PlaceFilter<'_>,
    order: PlaceOrder,
    Paging { limit, after }: &Paging<PlacePosition>,
) -> QueryResult<Vec<StagedPlaceId>> {
    let tenant = conn.tenant_id();
    let (first, valueless) = match after {
        None => (matching(tenant, filter), None),
        Some(position) => behind(tenant, filter, position),
    };
    let part = |rows, limit| ordered(rows, order).select(places_staging::id).limit(limit);
    let mut ids: Vec<StagedPlaceId> = part(first, *limit).load(&mut conn.reading()).await?;
    let missing = limit - i64::try_from(ids.len()).unwrap_or(*limit);
    if let Some(valueless) = valueless
        && missing > 0
    {
        ids.extend(
            part(valueless, missing)
                .load::<StagedPlaceId>(&mut conn.reading())
                .await?,
        );
    }
    Ok(ids)
}

/// Returns the rows with these numbers, in the given order.
async fn rows_of(conn: &mut TenantConnection, ids: &[StagedPlaceId]) -> QueryResult<Vec<StagedPlace>> {
    let tenant = conn.tenant_id();
    let mut rows: Vec<StagedPlace> = StagedPlace::query()
        .filter(places_staging::tenant_id.eq(tenant))
        .filter(places_staging::id.eq_any(ids))
        .load(&mut conn.reading())
        .await?;
    let position: HashMap<StagedPlaceId, usize> =
        ids.iter().enumerate().map(|(position, id)| (*id, position)).collect();
    rows.sort_by_key(|row| position.get(&row.id).copied());
    Ok(rows)
}

/// Lists up to `limit` place ids, in id order.
pub async fn list_ids(conn: &mut TenantConnection, filter: &PlaceFilter<'_>, limit: i64) -> QueryResult<Vec<String>> {
    matching(conn.tenant_id(), filter)
        .order(places_staging::place_id)
        .limit(limit)
        .select(places_staging::place_id)
        .load(&mut conn.reading())
        .await
}

/// Counts places. All of them are not counted one by one: a tenant may have a million.
pub async fn count(conn: &mut TenantConnection, filter: &PlaceFilter<'_>) -> QueryResult<i64> {
    if filter.is_everything() {
        let entries: Vec<i64> = entries(conn.tenant_id(), "places_staging")
            .load(&mut conn.reading())
            .await?;
        return Ok(entries.iter().sum());
    }
    matching(conn.tenant_id(), filter)
        .count()
        .get_result(&mut conn.reading())
        .await
}

/// Inserts or updates the results of a search, ten thousand rows in one statement.
///
/// People's decisions stay: status, notes, priority, tags, revisit date. So do the row's creator and values that the
/// search does not return. If a place is given more than once, the last one counts.
pub async fn upsert_many(conn: &mut TenantConnection, new: &[NewStagedPlace<'_>]) -> QueryResult<Upserted> {
    // Ten thousand rows as one array per column: bound value by value they would exceed the limit of binds.
    diesel::sql_query(include_str!("upsert.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Array<Text>, _>(column(new, |row| row.place_id))
        .bind::<Array<Text>, _>(column(new, |row| row.name))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.formatted_address))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.business_type))
        .bind::<Array<Nullable<Double>>, _>(column(new, |row| row.latitude))
        .bind::<Array<Nullable<Double>>, _>(column(new, |row| row.longitude))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.vicinity))
        .bind::<Array<Nullable<Double>>, _>(column(new, |row| row.rating))
        .bind::<Array<Nullable<Integer>>, _>(column(new, |row| row.user_ratings_total))
        .bind::<Array<Nullable<Integer>>, _>(column(new, |row| row.price_level))
        .bind::<Array<Uuid>, _>(column(new, |row| row.created_by))
        .bind::<Array<Nullable<Uuid>>, _>(column(new, |row| row.search_job_id))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.search_query))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.search_location))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(new, |row| row.search_time))
        .bind::<Array<Nullable<Jsonb>>, _>(column(new, |row| row.raw_data))
        .bind::<Array<Nullable<Uuid>>, _>(column(new, |row| row.user_id))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.user_name))
        .get_result(conn)
        .await
}
