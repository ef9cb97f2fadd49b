//! Table `place_details`.

use chrono::{DateTime, Utc};
use diesel::prelude::{ExpressionMethods, HasQuery, OptionalExtension, QueryDsl, QueryResult, QueryableByName};
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;

use super::bulk::column;
use crate::db::tenant::{SystemConnection, TenantConnection};
use crate::models::ids::{DomainId, TenantId};
use crate::models::place_details::{HandOver, NewPlaceDetails, PlaceDetails};
use crate::schema::{place_details, tenants};

/// A place that is to be handed over.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Candidate {
    /// Google's id of the place.
    #[diesel(sql_type = Text)]
    pub place_id: String,
    /// Whether a person selected it.
    #[diesel(sql_type = Bool)]
    pub is_selected: bool,
    /// Its website, if one is known.
    #[diesel(sql_type = Nullable<Text>)]
    pub website: Option<String>,
    /// Whether its details were looked up, so that a missing website is known to be missing.
    #[diesel(sql_type = Bool)]
    pub is_looked_up: bool,
    /// The domain that was made of it before.
    #[diesel(sql_type = Nullable<Uuid>)]
    pub domain_id: Option<DomainId>,
}

#[derive(QueryableByName)]
struct PlaceId {
    #[diesel(sql_type = Text)]
    place_id: String,
}

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = Uuid)]
    tenant_id: TenantId,
}

/// Looks the details of a place up.
///
/// # Errors
///
/// Those of the database.
pub async fn find(conn: &mut TenantConnection, place_id: &str) -> QueryResult<Option<PlaceDetails>> {
    let tenant = conn.tenant_id();
    PlaceDetails::query()
        .filter(place_details::tenant_id.eq(tenant))
        .filter(place_details::place_id.eq(place_id))
        .first(conn)
        .await
        .optional()
}

/// Lists the details of some places, in no order.
///
/// # Errors
///
/// Those of the database.
pub async fn list(conn: &mut TenantConnection, place_ids: &[&str]) -> QueryResult<Vec<PlaceDetails>> {
    let tenant = conn.tenant_id();
    PlaceDetails::query()
        .filter(place_details::tenant_id.eq(tenant))
        .filter(place_details::place_id.eq_any(place_ids))
        .load(conn)
        .await
}

/// Adds or updates details of staged places, each given once, in one statement. What an answer leaves out stays.
///
/// # Errors
///
/// A foreign key violation when a place is not staged, and those of the database.
pub async fn upsert_many(conn: &mut TenantConnection, new: &[NewPlaceDetails<'_>]) -> QueryResult<usize> {
    diesel::sql_query(
        "INSERT INTO place_details AS d (tenant_id, place_id, website, phone, opening_hours, raw_data, content_at)
         SELECT $1, n.* FROM unnest($2::text[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::timestamptz[])
             AS n (place_id, website, phone, opening_hours, raw_data, content_at)
         ORDER BY n.place_id
         ON CONFLICT (tenant_id, place_id) DO UPDATE SET
             website = coalesce(EXCLUDED.website, d.website),
             phone = coalesce(EXCLUDED.phone, d.phone),
             opening_hours = coalesce(EXCLUDED.opening_hours, d.opening_hours),
             raw_data = coalesce(EXCLUDED.raw_data, d.raw_data),
             content_at = EXCLUDED.content_at,
             cleared_at = NULL",
    )
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

/// Says of staged places whether they can be handed over, in the order of their ids.
///
/// # Errors
///
/// Those of the database.
pub async fn list_candidates(conn: &mut TenantConnection, place_ids: &[String]) -> QueryResult<Vec<Candidate>> {
    diesel::sql_query(
        "SELECT p.place_id, p.status = 'Selected' AS is_selected, d.domain_id,
                coalesce(d.website, p.raw_data->>'websiteUri', p.raw_data->>'website') AS website,
                d.raw_data IS NOT NULL AS is_looked_up
         FROM places_staging p
         LEFT JOIN place_details d ON d.tenant_id = p.tenant_id AND d.place_id = p.place_id
         WHERE p.tenant_id = $1 AND p.place_id = ANY ($2)
         ORDER BY p.place_id",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Array<Text>, _>(place_ids)
    .load(conn)
    .await
}

/// Notes what became of places that were handed over, each given once, and marks those that became a domain as
/// processed.
///
/// # Errors
///
/// A foreign key violation when a place or a domain is not there, and those of the database.
pub async fn hand_over_many(conn: &mut TenantConnection, done: &[HandOver<'_>]) -> QueryResult<usize> {
    diesel::sql_query(
        "WITH done AS (SELECT * FROM unnest($2::text[], $3::uuid[], $4::text[]) AS n (place_id, domain_id, error)),
         noted AS (
             INSERT INTO place_details AS d (tenant_id, place_id, domain_id, handed_over_at, hand_over_error)
             SELECT $1, place_id, domain_id, CASE WHEN domain_id IS NOT NULL THEN now() END, error FROM done
             ORDER BY place_id
             ON CONFLICT (tenant_id, place_id) DO UPDATE SET
                 domain_id = coalesce(EXCLUDED.domain_id, d.domain_id),
                 handed_over_at = coalesce(EXCLUDED.handed_over_at, d.handed_over_at),
                 hand_over_error = EXCLUDED.hand_over_error
             RETURNING d.place_id
         )
         UPDATE places_staging p SET processed = true, processed_time = now()
         FROM done n
         WHERE p.tenant_id = $1 AND p.place_id = n.place_id AND n.domain_id IS NOT NULL",
    )
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Array<Text>, _>(column(done, |row| row.place_id))
    .bind::<Array<Nullable<Uuid>>, _>(column(done, |row| row.domain_id))
    .bind::<Array<Nullable<Text>>, _>(column(done, |row| row.error))
    .execute(conn)
    .await
}

/// The places whose content of Google's was fetched before a time (`$2`) and is still there. `$1` is the tenant.
macro_rules! expired {
    () => {
        "SELECT p.place_id FROM places_staging p
         WHERE p.tenant_id = $1 AND (p.search_time < $2 OR p.search_time IS NULL) AND NOT EXISTS (
             SELECT FROM place_details d
             WHERE d.tenant_id = p.tenant_id AND d.place_id = p.place_id
               AND (d.content_at >= $2 OR d.cleared_at >= coalesce(greatest(p.search_time, d.content_at), d.cleared_at)))
         ORDER BY p.place_id LIMIT $3"
    };
}

/// Lists places whose content of Google's was fetched before `cutoff` and is still there, at most `limit`.
///
/// # Errors
///
/// Those of the database.
pub async fn list_expired(conn: &mut TenantConnection, cutoff: DateTime<Utc>, limit: i64) -> QueryResult<Vec<String>> {
    let rows: Vec<PlaceId> = diesel::sql_query(expired!())
        .bind::<Uuid, _>(conn.tenant_id())
        .bind::<Timestamptz, _>(cutoff)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.place_id).collect())
}

/// Removes Google's content that was fetched before `cutoff`, from at most `limit` places, and returns from how many.
///
/// The place id, what people decided, what was searched for and the domain that it became stay.
///
/// # Errors
///
/// Those of the database.
pub async fn clear_expired(conn: &mut TenantConnection, cutoff: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    diesel::sql_query(concat!(
        "WITH expired AS MATERIALIZED (",
        expired!(),
        "), cleared AS (
             INSERT INTO place_details AS d (tenant_id, place_id, cleared_at)
             SELECT $1, place_id, now() FROM expired
             ON CONFLICT (tenant_id, place_id) DO UPDATE SET
                 website = NULL, phone = NULL, opening_hours = NULL, raw_data = NULL, content_at = NULL,
                 cleared_at = EXCLUDED.cleared_at
         )
         UPDATE places_staging p SET
             name = '', formatted_address = NULL, latitude = NULL, longitude = NULL, vicinity = NULL, rating = NULL,
             user_ratings_total = NULL, price_level = NULL, raw_data = NULL
         FROM expired e
         WHERE p.tenant_id = $1 AND p.place_id = e.place_id"
    ))
    .bind::<Uuid, _>(conn.tenant_id())
    .bind::<Timestamptz, _>(cutoff)
    .bind::<BigInt, _>(limit)
    .execute(conn)
    .await
}

/// Lists the tenants that have places whose content was fetched before `cutoff` and is still there.
///
/// # Errors
///
/// Those of the database.
pub async fn list_tenants_with_expired(
    conn: &mut SystemConnection,
    cutoff: DateTime<Utc>,
) -> QueryResult<Vec<TenantId>> {
    // Two statements: tenants lie with the queue, places with the facts.
    let tenants: Vec<TenantId> = tenants::table.select(tenants::id).load(conn).await?;
    let rows: Vec<Owner> = diesel::sql_query(
        "SELECT t.id AS tenant_id FROM unnest($2::uuid[]) AS t (id)
         WHERE EXISTS (
             SELECT FROM places_staging p
             WHERE p.tenant_id = t.id AND (p.search_time < $1 OR p.search_time IS NULL) AND NOT EXISTS (
                 SELECT FROM place_details d
                 WHERE d.tenant_id = p.tenant_id AND d.place_id = p.place_id
                   AND (d.content_at >= $1
                        OR d.cleared_at >= coalesce(greatest(p.search_time, d.content_at), d.cleared_at))))",
    )
    .bind::<Timestamptz, _>(cutoff)
    .bind::<Array<Uuid>, _>(tenants)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| row.tenant_id).collect())
}

/// Notes how far the look-up of places' details is, and why it failed.
///
/// # Errors
///
/// Those of the database.
pub async fn set_look_up(
    conn: &mut TenantConnection,
    place_ids: &[&str],
    status: crate::models::enums::ProcessingStatus,
    error: Option<&str>,
) -> QueryResult<usize> {
    use crate::schema::places_staging;
    let tenant = conn.tenant_id();
    diesel::update(
        places_staging::table
            .filter(places_staging::tenant_id.eq(tenant))
            .filter(places_staging::place_id.eq_any(place_ids)),
    )
    .set((
        places_staging::deep_scan_status.eq(Some(status)),
        places_staging::deep_scan_error.eq(error),
    ))
    .execute(conn)
    .await
}
