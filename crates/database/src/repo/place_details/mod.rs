//! Table `place_details`.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not, now};
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, JoinOnDsl, NullableExpressionMethods, OptionalExtension,
    PgAnyJsonExpressionMethods, QueryDsl, QueryResult, Queryable, QueryableByName, TextExpressionMethods,
};
use diesel::sql_types::{Array, Jsonb, Nullable, Text, Timestamptz, Uuid};
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use schema::{place_details, places_staging, tenants};

use super::bulk::column;
use super::functions::{coalesce, greatest};
use super::place_changes;
use crate::ids::{DomainId, TenantId};
use crate::models::enums::{CurationStatus, ProcessingStatus};
use crate::models::place_details::{HandOver, NewPlaceDetails, PlaceDetails};
use crate::models::values::RawJson;
use crate::tenant::{SystemConnection, TenantConnection};

/// A place that may be handed over.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct Candidate {
    /// Google's id of the place.
    pub place_id: String,
    /// Whether a person selected it.
    pub is_selected: bool,
    /// Its website, if known.
    pub website: Option<String>,
    /// Whether its details were looked up, which means that a missing website is known to be missing.
    pub is_looked_up: bool,
    /// The domain created from it earlier.
    pub domain_id: Option<DomainId>,
}

/// Finds the details of a place.
pub async fn find(conn: &mut TenantConnection, place_id: &str) -> QueryResult<Option<PlaceDetails>> {
    let tenant = conn.tenant_id();
    PlaceDetails::query()
        .filter(place_details::tenant_id.eq(tenant))
        .filter(place_details::place_id.eq(place_id))
        .first(&mut conn.reading())
        .await
        .optional()
}

/// Lists the details of places, in no particular order.
pub async fn list(conn: &mut TenantConnection, place_ids: &[&str]) -> QueryResult<Vec<PlaceDetails>> {
    let tenant = conn.tenant_id();
    PlaceDetails::query()
        .filter(place_details::tenant_id.eq(tenant))
        .filter(place_details::place_id.eq_any(place_ids))
        .load(&mut conn.reading())
        .await
}

/// Inserts or updates the details of staged places, each given once, in one statement. `None` leaves a value unchanged.
///
/// # Errors
///
/// A foreign key violation if a place is not staged.
pub async fn upsert_many(conn: &mut TenantConnection, new: &[NewPlaceDetails<'_>]) -> QueryResult<usize> {
    // Ten thousand rows as one array per column: bound value by value they would exceed the limit of binds.
    diesel::sql_query(include_str!("upsert.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Array<Text>, _>(column(new, |row| row.place_id))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.website))
        .bind::<Array<Nullable<Text>>, _>(column(new, |row| row.phone))
        .bind::<Array<Nullable<Jsonb>>, _>(column(new, |row| row.opening_hours))
        .bind::<Array<Nullable<Jsonb>>, _>(column(new, |row| row.raw_data))
        .bind::<Array<Timestamptz>, _>(column(new, |row| row.content_at))
        .execute(conn)
        .await
}

/// Lists the facts that decide whether staged places can be handed over, by place id.
pub async fn list_candidates(conn: &mut TenantConnection, place_ids: &[String]) -> QueryResult<Vec<Candidate>> {
    let tenant = conn.tenant_id();
    let named = |key| places_staging::raw_data.retrieve_as_text(key);
    places_staging::table
        .left_join(
            place_details::table.on(place_details::tenant_id
                .eq(places_staging::tenant_id)
                .and(place_details::place_id.eq(places_staging::place_id))),
        )
        .filter(places_staging::tenant_id.eq(tenant))
        .filter(places_staging::place_id.eq_any(place_ids))
        .order(places_staging::place_id)
        .select((
            places_staging::place_id,
            places_staging::status.eq(CurationStatus::Selected),
            coalesce(
                place_details::website.nullable(),
                coalesce(named("websiteUri"), named("website")),
            ),
            place_details::raw_data.nullable().is_not_null(),
            place_details::domain_id.nullable(),
        ))
        .load(&mut conn.reading())
        .await
}

/// Records the results of handing places over, each given once, and marks those that became a domain as processed. What
/// people decided about the domain so far is added to its places.
///
/// # Errors
///
/// A foreign key violation if a place or domain does not exist.
pub async fn hand_over_many(conn: &mut TenantConnection, done: &[HandOver<'_>]) -> QueryResult<usize> {
    let joined: Vec<_> = done
        .iter()
        .filter_map(|row| Some((row.place_id, row.domain_id?)))
        .collect();
    let (places, domains): (Vec<&str>, Vec<DomainId>) = joined.into_iter().unzip();
    if !places.is_empty() {
        place_changes::inherit(conn, &places, &domains).await?;
    }
    // Diesel has no UPDATE ... FROM.
    diesel::sql_query(include_str!("hand_over.sql"))
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Array<Text>, _>(column(done, |row| row.place_id))
        .bind::<Array<Nullable<Uuid>>, _>(column(done, |row| row.domain_id))
        .bind::<Array<Nullable<Text>>, _>(column(done, |row| row.error))
        .execute(conn)
        .await
}

/// Selects places whose content from Google was fetched before `$cutoff` and not yet removed. A macro, since the type
/// of the expression is very long.
macro_rules! expired {
    ($tenant:expr, $cutoff:expr) => {{
        let fetched_at = greatest(places_staging::search_time, place_details::content_at);
        let fresh_or_cleared = place_details::table
            .filter(place_details::tenant_id.eq(places_staging::tenant_id))
            .filter(place_details::place_id.eq(places_staging::place_id))
            .filter(
                place_details::content_at
                    .ge($cutoff)
                    .or(place_details::cleared_at.ge(coalesce(fetched_at, place_details::cleared_at))),
            );
        places_staging::table
            .filter(places_staging::tenant_id.eq($tenant))
            .filter(
                places_staging::search_time
                    .lt($cutoff)
                    .or(places_staging::search_time.is_null()),
            )
            // See `places::IMPORTED_PREFIX`.
            .filter(places_staging::place_id.not_like("import\\_%"))
            .filter(not(exists(fresh_or_cleared)))
    }};
}

/// Lists up to `limit` places whose content from Google was fetched before `cutoff` and not yet removed.
pub async fn list_expired(conn: &mut TenantConnection, cutoff: DateTime<Utc>, limit: i64) -> QueryResult<Vec<String>> {
    let tenant = conn.tenant_id();
    expired!(tenant, cutoff)
        .order(places_staging::place_id)
        .limit(limit)
        .select(places_staging::place_id)
        .load(&mut conn.reading())
        .await
}

/// Removes Google's content fetched before `cutoff` from up to `limit` places, and returns how many.
///
/// The place id, people's decisions, the search terms and the created domain stay.
pub async fn clear_expired(conn: &mut TenantConnection, cutoff: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    // Locked, so that no search writes new content that would then be cleared.
    let expired: Vec<String> = expired!(tenant, cutoff)
        .order(places_staging::place_id)
        .limit(limit)
        .select(places_staging::place_id)
        .for_no_key_update()
        .load(conn)
        .await?;
    let rows: Vec<_> = expired
        .iter()
        .map(|place_id| {
            (
                place_details::tenant_id.eq(tenant),
                place_details::place_id.eq(place_id),
                place_details::cleared_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(place_details::table)
        .values(rows)
        .on_conflict((place_details::tenant_id, place_details::place_id))
        .do_update()
        .set((
            place_details::website.eq(None::<String>),
            place_details::phone.eq(None::<String>),
            place_details::opening_hours.eq(None::<RawJson>),
            place_details::raw_data.eq(None::<RawJson>),
            place_details::content_at.eq(None::<DateTime<Utc>>),
            place_details::cleared_at.eq(excluded(place_details::cleared_at)),
        ))
        .execute(conn)
        .await?;
    diesel::update(
        places_staging::table
            .filter(places_staging::tenant_id.eq(tenant))
            .filter(places_staging::place_id.eq_any(&expired)),
    )
    .set((
        places_staging::name.eq(""),
        places_staging::formatted_address.eq(None::<String>),
        places_staging::latitude.eq(None::<f64>),
        places_staging::longitude.eq(None::<f64>),
        places_staging::vicinity.eq(None::<String>),
        places_staging::rating.eq(None::<f64>),
        places_staging::user_ratings_total.eq(None::<i32>),
        places_staging::price_level.eq(None::<i32>),
        places_staging::raw_data.eq(None::<RawJson>),
    ))
    .execute(conn)
    .await
}

/// Lists the tenants that have places with content fetched before `cutoff` and not yet removed.
pub async fn list_tenants_with_expired(
    conn: &mut SystemConnection,
    cutoff: DateTime<Utc>,
) -> QueryResult<Vec<TenantId>> {
    // Two statements, since tenants are stored with the queue and places with the facts.
    let tenants: Vec<TenantId> = tenants::table.select(tenants::id).load(&mut conn.reading()).await?;
    // Diesel cannot select from an array.
    let rows: Vec<Owner> = diesel::sql_query(include_str!("list_tenants_with_expired.sql"))
        .bind::<Timestamptz, _>(cutoff)
        .bind::<Array<Uuid>, _>(tenants)
        .load(&mut conn.reading())
        .await?;
    Ok(rows.into_iter().map(|row| row.tenant_id).collect())
}

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = Uuid)]
    tenant_id: TenantId,
}

/// Updates the status of the look-up of places' details, and its error.
pub async fn set_look_up(
    conn: &mut TenantConnection,
    place_ids: &[&str],
    status: ProcessingStatus,
    error: Option<&str>,
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let is_done = status == ProcessingStatus::Completed;
    diesel::update(
        places_staging::table
            .filter(places_staging::tenant_id.eq(tenant))
            .filter(places_staging::place_id.eq_any(place_ids)),
    )
    .set((
        places_staging::deep_scan_status.eq(Some(status)),
        places_staging::deep_scan_error.eq(error),
        is_done.then(|| {
            (
                places_staging::processed.eq(true),
                places_staging::processed_time.eq(now),
            )
        }),
    ))
    .execute(conn)
    .await
}
