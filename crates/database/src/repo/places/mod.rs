//! Table `places_staging`: places that searches found, and what people decide about them.

use std::collections::HashMap;
use std::f64::consts::FRAC_PI_2;

use chrono::{DateTime, Utc};
use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::pg::Pg;
use diesel::prelude::{
    ExpressionMethods, HasQuery, OptionalExtension, PgArrayExpressionMethods, PgBinaryExpressionMethods,
    PgSortExpressionMethods, QueryDsl, QueryResult, SelectableHelper,
};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Binary, Bool, Double, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::places_staging;

use super::bulk::{Upserted, column};
use super::paging::{Paging, after, before, containing};
use crate::ids::{JobId, StagedPlaceId, TenantId};
use crate::models::enums::CurationStatus;
use crate::models::staged_place::{NewStagedPlace, StagedPlace};
use crate::tenant::TenantConnection;

/// So many characters of a name are searched and ordered by.
const NAME_CHARS: usize = 120;

/// The mean radius of the Earth.
const EARTH_KM: f64 = 6371.0;

/// A query for staged places.
type Rows<'a> = places_staging::BoxedQuery<'a, Pg>;

/// Which places are wanted; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct PlaceFilter<'a> {
    /// Those that a person decided so about.
    pub status: Option<CurationStatus>,
    /// Those found as this type of business.
    pub business_type: Option<&'a str>,
    /// Those whose name holds this text, in capitals or not; of a longer name the first 120 characters count.
    pub name: Option<&'a str>,
    /// Those whose address, or the place that was searched, holds this text in its first 160 or 60 characters.
    pub location: Option<&'a str>,
    /// Those rated so or better; a place without a rating is not.
    pub min_rating: Option<f64>,
    /// Those with this label.
    pub tag: Option<&'a str>,
    /// Those that this search found, the last one or an earlier one.
    pub search_job_id: Option<JobId>,
    /// Those not farther from a point.
    pub near: Option<Near>,
    /// Those with one of these ids of Google's.
    pub place_ids: Option<&'a [String]>,
}

impl PlaceFilter<'_> {
    /// Returns whether every place matches.
    fn is_everything(&self) -> bool {
        let Self {
            status,
            business_type,
            name,
            location,
            min_rating,
            tag,
            search_job_id,
            near,
            place_ids,
        } = self;
        status.is_none()
            && [business_type, name, location, tag].into_iter().all(Option::is_none)
            && (min_rating.is_none() && search_job_id.is_none() && near.is_none() && place_ids.is_none())
    }
}

/// A circle on the globe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Degrees north of its centre.
    pub latitude: f64,
    /// Degrees east of its centre.
    pub longitude: f64,
    /// Its radius in kilometres.
    pub within_km: f64,
}

/// The order of a list of places; rows that are equal in it come by their number, and those without a value last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaceOrder {
    /// The one found last first.
    #[default]
    Newest,
    /// The best rated first.
    Rating,
    /// The most important first.
    Priority,
    /// By the first 120 characters of the name, in capitals or not.
    Name,
}

/// A row of a list, behind which the next part of it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceCursor {
    /// What the list is ordered by.
    pub key: CursorKey,
    /// The row.
    pub id: StagedPlaceId,
}

/// What a list of places is ordered by, and its value in a row.
#[derive(Clone, Debug, PartialEq)]
pub enum CursorKey {
    /// Of [`PlaceOrder::Newest`].
    Newest(Option<DateTime<Utc>>),
    /// Of [`PlaceOrder::Rating`].
    Rating(Option<f64>),
    /// Of [`PlaceOrder::Priority`].
    Priority(Option<i32>),
    /// Of [`PlaceOrder::Name`], in any case.
    Name(String),
}

impl PlaceCursor {
    /// Returns the cursor of a row in a list of this order.
    #[must_use]
    pub fn of(row: &StagedPlace, order: PlaceOrder) -> Self {
        let key = match order {
            PlaceOrder::Newest => CursorKey::Newest(row.search_time),
            PlaceOrder::Rating => CursorKey::Rating(row.rating),
            PlaceOrder::Priority => CursorKey::Priority(row.priority),
            PlaceOrder::Name => CursorKey::Name(row.name.chars().take(NAME_CHARS).collect()),
        };
        Self { key, id: row.id }
    }
}

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
        .first(&mut conn.reading())
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

/// Lists places, and counts all that match.
///
/// # Errors
///
/// Those of the database.
pub async fn list(
    conn: &mut TenantConnection,
    filter: &PlaceFilter<'_>,
    order: PlaceOrder,
    paging: Paging,
) -> QueryResult<(Vec<StagedPlace>, i64)> {
    let tenant = conn.tenant_id();
    let rows = ordered(matching(tenant, filter), order);
    if filter.name.is_some() || filter.location.is_some() {
        let at = |position: i64| i32::try_from(position).unwrap_or(i32::MAX);
        let page = Counted {
            ids: rows.select(places_staging::id),
            first: at(paging.offset.saturating_add(1)),
            last: at(paging.offset.saturating_add(paging.limit)),
        };
        let (ids, total): (Vec<StagedPlaceId>, i32) = page.get_result(&mut conn.reading()).await?;
        return Ok((rows_of(conn, &ids).await?, total.into()));
    }
    let page = rows.limit(paging.limit).offset(paging.offset);
    let count = matching(tenant, filter).count();
    if filter.is_everything() {
        return futures_util::try_join!(
            page.select(StagedPlace::as_select()).load(&mut conn.reading()),
            count.get_result(&mut conn.reading()),
        );
    }
    let (ids, total) = {
        futures_util::try_join!(
            page.select(places_staging::id).load(&mut conn.reading()),
            count.get_result(&mut conn.reading()),
        )?
    };
    Ok((rows_of(conn, &ids).await?, total))
}

/// A page of numbers of rows, and how many there are in all: to find a few texts among many takes as long as to count
/// them, and so it is done once.
#[derive(QueryId)]
struct Counted<Q> {
    ids: Q,
    /// The first and the last of the page, from 1.
    first: i32,
    last: i32,
}

impl<Q> Query for Counted<Q> {
    type SqlType = (Array<Integer>, Integer);
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Counted<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Not materialized it would be found twice.
        out.push_sql("WITH found AS MATERIALIZED (SELECT ARRAY(");
        self.ids.walk_ast(out.reborrow())?;
        out.push_sql(") AS ids) SELECT ids[");
        out.push_bind_param::<Integer, _>(&self.first)?;
        out.push_sql(" : ");
        out.push_bind_param::<Integer, _>(&self.last)?;
        out.push_sql("], cardinality(ids) FROM found");
        Ok(())
    }
}

/// Lists the first places of an order, or those behind `after`, which is of that order. However deep the list, a part
/// costs the same; rows that are added meanwhile neither double nor hide one.
///
/// # Errors
///
/// Those of the database.
pub async fn list_after(
    conn: &mut TenantConnection,
    filter: &PlaceFilter<'_>,
    order: PlaceOrder,
    after: Option<&PlaceCursor>,
    limit: i64,
) -> QueryResult<Vec<StagedPlace>> {
    let ids = list_ids_after(conn, filter, order, after, limit).await?;
    rows_of(conn, &ids).await
}

/// Lists the numbers of rows: indexes hold what filters and orders ask for, and the rows themselves need not be read to
/// find those that match.
async fn list_ids_after(
    conn: &mut TenantConnection,
    filter: &PlaceFilter<'_>,
    order: PlaceOrder,
    cursor: Option<&PlaceCursor>,
    limit: i64,
) -> QueryResult<Vec<StagedPlaceId>> {
    let tenant = conn.tenant_id();
    let (first, valueless) = match cursor {
        None => (matching(tenant, filter), None),
        Some(cursor) => behind(tenant, filter, cursor),
    };
    let part = |rows, limit| ordered(rows, order).select(places_staging::id).limit(limit);
    let mut ids: Vec<StagedPlaceId> = part(first, limit).load(&mut conn.reading()).await?;
    let missing = limit - i64::try_from(ids.len()).unwrap_or(limit);
    if let Some(valueless) = valueless
        && missing > 0
    {
        ids.extend(part(valueless, missing).load::<StagedPlaceId>(&mut conn.reading()).await?);
    }
    Ok(ids)
}

/// Returns the queries for the places that match behind one of them in its order: no index serves "less, or none" in one
/// go, and rows without a value come by a query of their own.
fn behind<'a>(
    tenant: TenantId,
    filter: &PlaceFilter<'a>,
    PlaceCursor { key, id }: &PlaceCursor,
) -> (Rows<'a>, Option<Rows<'a>>) {
    let id = *id;
    let rows = || matching(tenant, filter);
    macro_rules! less {
        ($column:ident: $sql:ty, $value:expr) => {{
            let valueless = rows().filter(places_staging::$column.is_null());
            match $value {
                Some(value) => {
                    let less = before::<(Nullable<$sql>, Integer), _, _>(
                        (places_staging::$column, places_staging::id),
                        (value, id),
                    );
                    (rows().filter(less), Some(valueless))
                }
                None => (valueless.filter(places_staging::id.lt(id)), None),
            }
        }};
    }
    match key {
        CursorKey::Newest(time) => less!(search_time: Timestamptz, *time),
        CursorKey::Rating(rating) => less!(rating: Double, *rating),
        CursorKey::Priority(priority) => less!(priority: Integer, *priority),
        CursorKey::Name(text) => {
            let more =
                after::<(Binary, Integer), _, _>((search_name(), places_staging::id), (searched(text.clone()), id));
            (rows().filter(more), None)
        }
    }
}

/// Returns the rows with these numbers, in this order.
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

/// Lists the ids of places, at most `limit`, in their own order.
///
/// # Errors
///
/// Those of the database.
pub async fn list_ids(conn: &mut TenantConnection, filter: &PlaceFilter<'_>, limit: i64) -> QueryResult<Vec<String>> {
    matching(conn.tenant_id(), filter)
        .order(places_staging::place_id)
        .limit(limit)
        .select(places_staging::place_id)
        .load(&mut conn.reading())
        .await
}

/// Counts places.
///
/// # Errors
///
/// Those of the database.
pub async fn count(conn: &mut TenantConnection, filter: &PlaceFilter<'_>) -> QueryResult<i64> {
    matching(conn.tenant_id(), filter).count().get_result(&mut conn.reading()).await
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
    // Ten thousand rows as one array a column: bound value by value they are too many binds.
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

fn ordered(query: Rows<'_>, order: PlaceOrder) -> Rows<'_> {
    match order {
        PlaceOrder::Newest => query.order((
            places_staging::search_time.desc().nulls_last(),
            places_staging::id.desc(),
        )),
        PlaceOrder::Rating => query.order((places_staging::rating.desc().nulls_last(), places_staging::id.desc())),
        PlaceOrder::Priority => query.order((places_staging::priority.desc().nulls_last(), places_staging::id.desc())),
        PlaceOrder::Name => query.order((search_name().asc(), places_staging::id.asc())),
    }
}

/// Returns the query for the tenant's places that match.
pub(super) fn matching<'a>(tenant: TenantId, filter: &PlaceFilter<'a>) -> Rows<'a> {
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
        query = query.filter(search_name().like(searched(containing(name))));
    }
    if let Some(location) = filter.location {
        query = query.filter(search_address().like(searched(containing(location))));
    }
    if let Some(rating) = filter.min_rating {
        query = query.filter(places_staging::rating.ge(rating));
    }
    if let Some(tag) = filter.tag {
        // Said twice: the index of places with labels is recognised by the first.
        query = query
            .filter(places_staging::tags.is_not_null())
            .filter(places_staging::tags.contains(vec![tag]));
    }
    if let Some(job) = filter.search_job_id {
        // Rows of the old system know their last search only.
        query = query.filter(
            sql::<Bool>(
                "places_staging.id IN (
                     SELECT s.id FROM places_staging s WHERE s.tenant_id = ",
            )
            .bind::<Uuid, _>(tenant)
            .sql(" AND s.search_job_id = ")
            .bind::<Uuid, _>(job)
            .sql(
                " UNION SELECT s.id FROM place_finds f
                  JOIN places_staging s ON s.tenant_id = f.tenant_id AND s.place_id = f.place_id
                  WHERE f.tenant_id = ",
            )
            .bind::<Uuid, _>(tenant)
            .sql(" AND f.search_job_id = ")
            .bind::<Uuid, _>(job)
            .sql(")"),
        );
    }
    if let Some(near) = filter.near {
        let ([south, north], [west, east]) = near.bounds();
        query = query
            .filter(places_staging::latitude.between(south, north))
            .filter(places_staging::longitude.between(west, east))
            // The great circle by the haversine formula: h = sin²(distance / 2r) on a sphere of 6,371 km.
            .filter(
                sql::<Bool>("sin(radians(places_staging.latitude - ")
                    .bind::<Double, _>(near.latitude)
                    .sql(") / 2) ^ 2 + cos(radians(")
                    .bind::<Double, _>(near.latitude)
                    .sql(")) * cos(radians(places_staging.latitude)) * sin(radians(places_staging.longitude - ")
                    .bind::<Double, _>(near.longitude)
                    .sql(") / 2) ^ 2 <= ")
                    .bind::<Double, _>(near.haversine()),
            );
    }
    if let Some(place_ids) = filter.place_ids {
        query = query.filter(places_staging::place_id.eq_any(place_ids));
    }
    query
}

/// The column in which names are searched, made by the database. `schema` leaves it out: with it the table is too wide.
fn search_name() -> SqlLiteral<Binary> {
    sql("places_staging.search_name")
}

/// The column in which addresses are searched, made by the database as well.
fn search_address() -> SqlLiteral<Binary> {
    sql("places_staging.search_address")
}

/// A text as it is in those columns: in lower case, as bytes.
type Searched = SqlLiteral<Binary, UncheckedBind<SqlLiteral<Binary>, AsExprOf<String, Text>>>;

/// Makes of a text what the database made of those in the columns, once a statement: `convert_to`, which is not immutable,
/// would be called for each row.
fn searched(text: String) -> Searched {
    sql("replace(lower(").bind::<Text, _>(text).sql(r"), '\', '\\')::bytea")
}

impl Near {
    /// Returns the haversine of the angle that the radius is seen under from the centre of the Earth.
    fn haversine(self) -> f64 {
        let half = self.within_km / (2.0 * EARTH_KM);
        // From half the globe's girth on the circle holds everything.
        if half < FRAC_PI_2 {
            half.sin().powi(2)
        } else {
            f64::INFINITY
        }
    }

    /// Returns the degrees north and east between which the circle lies.
    fn bounds(self) -> ([f64; 2], [f64; 2]) {
        const KM_PER_DEGREE: f64 = 111.195;
        let north = self.within_km / KM_PER_DEGREE;
        let latitudes = [self.latitude - north, self.latitude + north];
        let widest = latitudes.map(f64::abs).into_iter().fold(0.0, f64::max);
        let east = north / widest.min(89.9).to_radians().cos();
        let longitudes = [self.longitude - east, self.longitude + east];
        // Around a pole or across the date line the circle is no range of degrees.
        if widest >= 89.9 || longitudes.iter().any(|degrees| degrees.abs() > 180.0) {
            (latitudes, [-180.0, 180.0])
        } else {
            (latitudes, longitudes)
        }
    }
}
