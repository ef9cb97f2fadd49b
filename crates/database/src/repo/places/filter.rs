//! Filters for lists of places.

use std::f64::consts::{FRAC_PI_2, PI};

use diesel::dsl::{AsExprOf, sql};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::pg::Pg;
use diesel::prelude::{
    BoxableExpression, ExpressionMethods, PgArrayExpressionMethods, PgBinaryExpressionMethods, QueryDsl,
};
use diesel::sql_types::{Binary, Bool, Double, Text, Uuid};
use schema::places_staging;

use crate::ids::{JobId, TenantId};
use crate::models::enums::CurationStatus;
use crate::repo::paging::containing;

/// The mean radius of the Earth in kilometres.
pub const EARTH_KM: f64 = 6371.0;

/// Kilometres in a degree of latitude.
pub const KM_PER_DEGREE: f64 = EARTH_KM * PI / 180.0;

/// A query of staged places.
pub(in crate::repo) type Rows<'a> = places_staging::BoxedQuery<'a, Pg>;

/// Which places to list; `None` matches all.
#[derive(Clone, Debug, Default)]
pub struct PlaceFilter<'a> {
    /// Only those with this curation status.
    pub status: Option<CurationStatus>,
    /// Only those found as this type of business.
    pub business_type: Option<&'a str>,
    /// Only those whose name contains this text in its first 120 characters, ignoring case.
    pub name: Option<&'a str>,
    /// Only those whose address (first 160 characters) or searched location (first 60) contains this text.
    pub location: Option<&'a str>,
    /// Only those with at least this rating; places without a rating do not match.
    pub min_rating: Option<f64>,
    /// Only those with this tag.
    pub tag: Option<&'a str>,
    /// Only those found by this search.
    pub search_job_id: Option<JobId>,
    /// Only those within this circle.
    pub near: Option<Near>,
    /// Only those with one of these place ids.
    pub place_ids: Option<&'a [String]>,
}

impl PlaceFilter<'_> {
    /// Returns whether every place matches.
    pub(super) fn is_everything(&self) -> bool {
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

/// Returns the query of the tenant's matching places.
pub(in crate::repo) fn matching<'a>(tenant: TenantId, filter: &PlaceFilter<'a>) -> Rows<'a> {
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
        // Stated twice: the first condition selects the partial index of places with tags.
        query = query
            .filter(places_staging::tags.is_not_null())
            .filter(places_staging::tags.contains(vec![tag]));
    }
    if let Some(job) = filter.search_job_id {
        // Rows of the old system only know their last search.
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
        query = near.filter(query);
    }
    if let Some(place_ids) = filter.place_ids {
        query = query.filter(places_staging::place_id.eq_any(place_ids));
    }
    query
}

/// The generated column for name searches. `schema` leaves it out, since the table would be too wide with it.
pub(super) fn search_name() -> SqlLiteral<Binary> {
    sql("places_staging.search_name")
}

/// The generated column for address searches.
fn search_address() -> SqlLiteral<Binary> {
    sql("places_staging.search_address")
}

/// A text as those columns store it: in lower case, as bytes.
pub(in crate::repo) type Searched = SqlLiteral<Binary, UncheckedBind<SqlLiteral<Binary>, AsExprOf<String, Text>>>;

/// Converts a text to the form in those columns, once per statement: `convert_to` is not immutable and would be called
/// for every row.
pub(in crate::repo) fn searched(text: String) -> Searched {
    sql("replace(lower(").bind::<Text, _>(text).sql(r"), '\', '\\')::bytea")
}

impl Near {
    /// Restricts the query to places in the circle.
    fn filter(self, query: Rows<'_>) -> Rows<'_> {
        let ([south, north], [west, east]) = self.bounds();
        query
            .filter(places_staging::latitude.between(south, north))
            .filter(places_staging::longitude.between(west, east))
            .filter(self.contains())
    }

    /// Returns the condition for the columns `latitude` and `longitude` to be in the circle.
    ///
    /// Great-circle distance by the haversine formula: h = sin²(distance / 2r) on a sphere of 6,371 km.
    pub(in crate::repo) fn contains<Table>(self) -> Box<dyn BoxableExpression<Table, Pg, SqlType = Bool>> {
        Box::new(
            sql::<Bool>("sin(radians(latitude - ")
                .bind::<Double, _>(self.latitude)
                .sql(") / 2) ^ 2 + cos(radians(")
                .bind::<Double, _>(self.latitude)
                .sql(")) * cos(radians(latitude)) * sin(radians(longitude - ")
                .bind::<Double, _>(self.longitude)
                .sql(") / 2) ^ 2 <= ")
                .bind::<Double, _>(self.haversine()),
        )
    }

    /// Returns the haversine of the radius as an angle at the centre of the Earth.
    fn haversine(self) -> f64 {
        let half = self.within_km / (2.0 * EARTH_KM);
        // A radius of half the Earth's circumference or more includes everything.
        if half < FRAC_PI_2 {
            half.sin().powi(2)
        } else {
            f64::INFINITY
        }
    }

    /// Returns the latitudes and longitudes that bound the circle.
    pub(in crate::repo) fn bounds(self) -> ([f64; 2], [f64; 2]) {
        let north = self.within_km / KM_PER_DEGREE;
        let latitudes = [self.latitude - north, self.latitude + north];
        let widest = latitudes.map(f64::abs).into_iter().fold(0.0, f64::max);
        let east = north / widest.min(89.9).to_radians().cos();
        let longitudes = [self.longitude - east, self.longitude + east];
        // A circle around a pole or across the date line has no bounding range of longitudes.
        if widest >= 89.9 || longitudes.iter().any(|degrees| degrees.abs() > 180.0) {
            (latitudes, [-180.0, 180.0])
        } else {
            (latitudes, longitudes)
        }
    }
}
