//! Table `places_staging`: places that searches found, and what people decide about them.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::Pg;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, OptionalExtension, PgArrayExpressionMethods,
    PgSortExpressionMethods, PgTextExpressionMethods, QueryDsl, QueryResult, SelectableHelper,
};
use diesel::sql_types::{Array, Double, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::bulk::{Upserted, column};
use super::paging::{Paging, before, containing};
use crate::db::connection::Connection;
use crate::db::tenant::TenantConnection;
use crate::models::enums::CurationStatus;
use crate::models::ids::{JobId, StagedPlaceId, TenantId};
use crate::models::staged_place::{NewStagedPlace, StagedPlace, StagedPlaceChanges};
use crate::schema::places_staging;

/// Which places are wanted; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct PlaceFilter<'a> {
    /// Those that a person decided so about.
    pub status: Option<CurationStatus>,
    /// Those found as this type of business.
    pub business_type: Option<&'a str>,
    /// Those whose name holds this text.
    pub name: Option<&'a str>,
    /// Those whose address, or the place that was searched, holds this text.
    pub location: Option<&'a str>,
    /// Those rated so or better; a place without a rating is not.
    pub min_rating: Option<f64>,
    /// Those with this label.
    pub tag: Option<&'a str>,
    /// Those that this job found last.
    pub search_job_id: Option<JobId>,
}

/// A place in the list: when it was found, and its row.
pub type PlaceCursor = (Option<DateTime<Utc>>, StagedPlaceId);

/// Returns a place by Google's id.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn get(conn: &mut TenantConnection, place_id: &str) -> QueryResult<StagedPlace> {
    let tenant = conn.tenant_id();
    StagedPlace::query()
        .filter(places_staging::tenant_id.eq(tenant))
        .filter(places_staging::place_id.eq(place_id))
        .first(conn)
        .await
}

/// Looks a place up by Google's id.
///
/// # Errors
///
/// Those of the database.
pub async fn find(conn: &mut TenantConnection, place_id: &str) -> QueryResult<Option<StagedPlace>> {
    get(conn, place_id).await.optional()
}

/// Lists places, the one found last first, and counts all that match. Both queries travel together.
///
/// # Errors
///
/// Those of the database.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &PlaceFilter<'_>,
    paging: Paging,
) -> QueryResult<(Vec<StagedPlace>, i64)> {
    let tenant = conn.tenant_id();
    let rows = newest_first(matching(tenant, filter))
        .limit(paging.limit)
        .offset(paging.offset);
    let conn: &Connection = conn;
    futures_util::try_join!(
        rows.select(StagedPlace::as_select()).load(&mut &*conn),
        matching(tenant, filter).count().get_result(&mut &*conn),
    )
}

/// Lists the places behind `after` in the order of [`list`], or the first ones. However deep the
/// list, a page costs the same; rows that are added meanwhile neither double nor hide one.
///
/// # Errors
///
/// Those of the database.
pub async fn list_after(
    conn: &mut TenantConnection,
    filter: &PlaceFilter<'_>,
    after: Option<PlaceCursor>,
    limit: i64,
) -> QueryResult<Vec<StagedPlace>> {
    let tenant = conn.tenant_id();
    let page = |limit| {
        newest_first(matching(tenant, filter))
            .select(StagedPlace::as_select())
            .limit(limit)
    };
    let Some((search_time, id)) = after else {
        return page(limit).load(conn).await;
    };
    let undated = |limit| page(limit).filter(places_staging::search_time.is_null());
    let Some(search_time) = search_time else {
        return undated(limit).filter(places_staging::id.lt(id)).load(conn).await;
    };
    let mut rows = page(limit)
        .filter(before::<(Nullable<Timestamptz>, Integer), _, _>(
            (places_staging::search_time, places_staging::id),
            (search_time, id),
        ))
        .load(conn)
        .await?;
    // No index serves "earlier, or at no time" in one go. Rows of no time are old ones; they come last.
    let missing = limit - i64::try_from(rows.len()).unwrap_or(limit);
    if missing > 0 {
        rows.extend(undated(missing).load::<StagedPlace>(conn).await?);
    }
    Ok(rows)
}

/// Counts places.
///
/// # Errors
///
/// Those of the database.
pub async fn count(conn: &mut TenantConnection, filter: &PlaceFilter<'_>) -> QueryResult<i64> {
    matching(conn.tenant_id(), filter).count().get_result(conn).await
}

/// Adds what a search found, or updates it, ten thousand rows in one statement.
///
/// What people set stays: status, notes, priority, tags, revisit date. So does who made a row, and
/// what the search says nothing about. Of a place given more than once the last one counts.
///
/// # Errors
///
/// Those of the database.
pub async fn upsert_many(conn: &mut TenantConnection, new: &[NewStagedPlace<'_>]) -> QueryResult<Upserted> {
    diesel::sql_query(include_str!("places/upsert.sql"))
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

/// Changes a place.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn update(
    conn: &mut TenantConnection,
    place_id: &str,
    changes: &StagedPlaceChanges<'_>,
) -> QueryResult<StagedPlace> {
    let tenant = conn.tenant_id();
    diesel::update(
        places_staging::table
            .filter(places_staging::tenant_id.eq(tenant))
            .filter(places_staging::place_id.eq(place_id)),
    )
    .set((changes, places_staging::updated_at.eq(now)))
    .returning(StagedPlace::as_returning())
    .get_result(conn)
    .await
}

/// Changes the places with these ids of Google's, and returns how many there were.
///
/// # Errors
///
/// Those of the database.
pub async fn update_many(
    conn: &mut TenantConnection,
    place_ids: &[&str],
    changes: &StagedPlaceChanges<'_>,
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    diesel::update(
        places_staging::table
            .filter(places_staging::tenant_id.eq(tenant))
            .filter(places_staging::place_id.eq_any(place_ids)),
    )
    .set((changes, places_staging::updated_at.eq(now)))
    .execute(conn)
    .await
}

/// Changes all places that match, and returns how many there were: as many as [`count`] says.
///
/// # Errors
///
/// Those of the database.
pub async fn update_matching(
    conn: &mut TenantConnection,
    filter: &PlaceFilter<'_>,
    changes: &StagedPlaceChanges<'_>,
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    diesel::update(
        places_staging::table
            .filter(places_staging::tenant_id.eq(tenant))
            .filter(places_staging::id.eq_any(matching(tenant, filter).select(places_staging::id))),
    )
    .set((changes, places_staging::updated_at.eq(now)))
    .execute(conn)
    .await
}

/// Deletes a place.
///
/// # Errors
///
/// `NotFound`, and those of the database.
pub async fn delete(conn: &mut TenantConnection, place_id: &str) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    diesel::delete(
        places_staging::table
            .filter(places_staging::tenant_id.eq(tenant))
            .filter(places_staging::place_id.eq(place_id)),
    )
    .returning(places_staging::id)
    .get_result::<StagedPlaceId>(conn)
    .await
    .map(|_| ())
}

/// Orders by the index `(tenant_id, search_time DESC NULLS LAST, id DESC)`.
fn newest_first(query: places_staging::BoxedQuery<'_, Pg>) -> places_staging::BoxedQuery<'_, Pg> {
    query.order((
        places_staging::search_time.desc().nulls_last(),
        places_staging::id.desc(),
    ))
}

fn matching<'a>(tenant: TenantId, filter: &PlaceFilter<'a>) -> places_staging::BoxedQuery<'a, Pg> {
    let mut query = places_staging::table
        .filter(places_staging::tenant_id.eq(tenant))
        .into_boxed();
    if let Some(status) = filter.status {
        query = query.filter(places_staging::status.eq(status));
    }
    if let Some(business_type) = filter.business_type {
        query = query.filter(places_staging::business_type.eq(business_type));
    }
    if let Some(name) = filter.name {
        query = query.filter(places_staging::name.ilike(containing(name)));
    }
    if let Some(location) = filter.location {
        let pattern = containing(location);
        query = query.filter(
            places_staging::formatted_address
                .ilike(pattern.clone())
                .or(places_staging::vicinity.ilike(pattern.clone()))
                .or(places_staging::search_location.ilike(pattern)),
        );
    }
    if let Some(rating) = filter.min_rating {
        query = query.filter(places_staging::rating.ge(rating));
    }
    if let Some(tag) = filter.tag {
        query = query.filter(places_staging::tags.contains(vec![tag]));
    }
    if let Some(job) = filter.search_job_id {
        query = query.filter(places_staging::search_job_id.eq(job));
    }
    query
}
