//! Table `places_staging`.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::places_staging;

use super::enums::{CurationStatus, ProcessingStatus};
use super::values::{RawJson, TextList};
use crate::ids::{JobId, StagedPlaceId, TenantId, UserId};

/// A place found by a search, for people to decide about. The columns in which texts are searched are left out.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = places_staging)]
pub struct StagedPlace {
    /// Identifies the row.
    pub id: StagedPlaceId,
    /// Google's id of the place.
    pub place_id: String,
    /// What people call it.
    pub name: String,
    /// Its address in one line.
    pub formatted_address: Option<String>,
    /// The type of business searched for.
    pub business_type: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Its address, short.
    pub vicinity: Option<String>,
    /// Its mean rating, 1 to 5.
    pub rating: Option<f64>,
    /// How many rated it.
    pub user_ratings_total: Option<i32>,
    /// How dear it is, 0 to 4.
    pub price_level: Option<i32>,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// Who made the row.
    pub created_by: UserId,
    /// The job that last found it.
    pub search_job_id: Option<JobId>,
    /// What that job searched for.
    pub search_query: Option<String>,
    /// Where that job searched.
    pub search_location: Option<String>,
    /// When it was last found.
    pub search_time: Option<DateTime<Utc>>,
    /// What a person decided about it.
    pub status: CurationStatus,
    /// What people wrote about it.
    pub notes: Option<String>,
    /// How important it is: higher comes first.
    pub priority: Option<i32>,
    /// Labels that people gave it.
    pub tags: Option<TextList>,
    /// When to look at it again.
    pub revisit_date: Option<NaiveDate>,
    /// Whether it was handed on.
    pub processed: Option<bool>,
    /// When it was handed on.
    pub processed_time: Option<DateTime<Utc>>,
    /// The upstream result, untouched.
    pub raw_data: Option<RawJson>,
    /// Whose work it is.
    pub user_id: Option<UserId>,
    /// That person's name.
    pub user_name: Option<String>,
    /// Who changed the row last.
    pub updated_by: Option<String>,
    /// When the row last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Why the look-up of its details failed.
    pub deep_scan_error: Option<String>,
    /// How far the look-up of its details is.
    pub deep_scan_status: Option<ProcessingStatus>,
}

/// A new [`StagedPlace`].
///
/// What is `None` is left to the column's default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = places_staging)]
pub struct NewStagedPlace<'a> {
    /// Google's id of the place.
    pub place_id: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// Its address in one line.
    pub formatted_address: Option<&'a str>,
    /// The type of business searched for.
    pub business_type: Option<&'a str>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Its address, short.
    pub vicinity: Option<&'a str>,
    /// Its mean rating, 1 to 5.
    pub rating: Option<f64>,
    /// How many rated it.
    pub user_ratings_total: Option<i32>,
    /// How dear it is, 0 to 4.
    pub price_level: Option<i32>,
    /// Who made the row.
    pub created_by: UserId,
    /// The job that last found it.
    pub search_job_id: Option<JobId>,
    /// What that job searched for.
    pub search_query: Option<&'a str>,
    /// Where that job searched.
    pub search_location: Option<&'a str>,
    /// When it was last found.
    pub search_time: Option<DateTime<Utc>>,
    /// The upstream result, untouched.
    pub raw_data: Option<&'a RawJson>,
    /// Whose work it is.
    pub user_id: Option<UserId>,
    /// That person's name.
    pub user_name: Option<&'a str>,
}
