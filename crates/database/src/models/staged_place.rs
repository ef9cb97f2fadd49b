//! Table `places_staging`.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::places_staging;

use super::enums::{CurationStatus, ProcessingStatus};
use super::values::{RawJson, TextList};
use crate::ids::{JobId, StagedPlaceId, TenantId, UserId};

/// A place found by a search, for curation. The columns for text search are left out.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = places_staging)]
pub struct StagedPlace {
    /// Identifies the row.
    pub id: StagedPlaceId,
    /// Google's place id.
    pub place_id: String,
    /// Its display name.
    pub name: String,
    /// Its address in one line.
    pub formatted_address: Option<String>,
    /// The type of business searched for.
    pub business_type: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Its short address.
    pub vicinity: Option<String>,
    /// Its mean rating, 1 to 5.
    pub rating: Option<f64>,
    /// The number of ratings.
    pub user_ratings_total: Option<i32>,
    /// Its price level, 0 to 4.
    pub price_level: Option<i32>,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Who created the row.
    pub created_by: UserId,
    /// The job that last found it.
    pub search_job_id: Option<JobId>,
    /// The text that job searched for.
    pub search_query: Option<String>,
    /// The location that job searched.
    pub search_location: Option<String>,
    /// When it was last found.
    pub search_time: Option<DateTime<Utc>>,
    /// The curation status a person gave it.
    pub status: CurationStatus,
    /// People's notes.
    pub notes: Option<String>,
    /// Its priority: higher comes first.
    pub priority: Option<i32>,
    /// People's labels.
    pub tags: Option<TextList>,
    /// When to look at it again.
    pub revisit_date: Option<NaiveDate>,
    /// Whether it was processed.
    pub processed: Option<bool>,
    /// When it was processed.
    pub processed_time: Option<DateTime<Utc>>,
    /// The upstream result as received.
    pub raw_data: Option<RawJson>,
    /// The user who works on it.
    pub user_id: Option<UserId>,
    /// That person's name.
    pub user_name: Option<String>,
    /// Who changed the row last.
    pub updated_by: Option<String>,
    /// When the row last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Why the look-up of its details failed.
    pub deep_scan_error: Option<String>,
    /// The status of the look-up of its details.
    pub deep_scan_status: Option<ProcessingStatus>,
}

/// A new [`StagedPlace`].
///
/// `None` leaves a column at its default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = places_staging)]
pub struct NewStagedPlace<'a> {
    /// Google's place id.
    pub place_id: &'a str,
    /// Its display name.
    pub name: &'a str,
    /// Its address in one line.
    pub formatted_address: Option<&'a str>,
    /// The type of business searched for.
    pub business_type: Option<&'a str>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Its short address.
    pub vicinity: Option<&'a str>,
    /// Its mean rating, 1 to 5.
    pub rating: Option<f64>,
    /// The number of ratings.
    pub user_ratings_total: Option<i32>,
    /// Its price level, 0 to 4.
    pub price_level: Option<i32>,
    /// Who created the row.
    pub created_by: UserId,
    /// The job that last found it.
    pub search_job_id: Option<JobId>,
    /// The text that job searched for.
    pub search_query: Option<&'a str>,
    /// The location that job searched.
    pub search_location: Option<&'a str>,
    /// When it was last found.
    pub search_time: Option<DateTime<Utc>>,
    /// The upstream result as received.
    pub raw_data: Option<&'a RawJson>,
    /// The user who works on it.
    pub user_id: Option<UserId>,
    /// That person's name.
    pub user_name: Option<&'a str>,
}
