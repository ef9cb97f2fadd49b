//! Staged places, and lists of them.

use chrono::{DateTime, NaiveDate, Utc};
use database::models::enums::ProcessingStatus;
use database::models::staged_place::StagedPlace;
use database::models::values::RawJson;
use rocket::request::Request;
use rocket::response::{self, Responder};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::page;
use crate::views::words::{CurationWord, ProcessingStatusWord, Words};

/// A staged place: every column of `places_staging`.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceView {
    /// Id of the row.
    pub id: i32,
    /// Google's id of the place, or one that begins with `import_`.
    pub place_id: String,
    /// Display name of the place.
    pub name: String,
    /// Address in one line.
    pub formatted_address: Option<String>,
    /// The type of business searched for.
    pub business_type: Option<String>,
    /// Latitude in degrees north.
    pub latitude: Option<f64>,
    /// Longitude in degrees east.
    pub longitude: Option<f64>,
    /// Short address.
    pub vicinity: Option<String>,
    /// Mean rating, 1 to 5.
    pub rating: Option<f64>,
    /// The number of ratings.
    pub user_ratings_total: Option<i32>,
    /// Price level, 0 to 4.
    pub price_level: Option<i32>,
    /// Id of the tenant that owns the place.
    pub tenant_id: Uuid,
    /// Id of the user or API key that added the place.
    pub created_by: Uuid,
    /// Id of the job that last found the place; null for imported places.
    pub search_job_id: Option<Uuid>,
    /// The kind of business that job searched for.
    pub search_query: Option<String>,
    /// The location that job searched.
    pub search_location: Option<String>,
    /// When the place was last found.
    pub search_time: Option<DateTime<Utc>>,
    /// The curation status.
    #[schema(value_type = CurationWord)]
    pub status: &'static str,
    /// People's notes about the place.
    pub notes: Option<String>,
    /// Priority of the place: higher comes first.
    pub priority: Option<i32>,
    /// Labels of the place.
    pub tags: Option<Vec<String>>,
    /// The date to look at the place again.
    pub revisit_date: Option<NaiveDate>,
    /// Whether the place was processed.
    pub processed: Option<bool>,
    /// When the place was processed.
    pub processed_time: Option<DateTime<Utc>>,
    /// The place as Google returned it; null after its removal.
    #[schema(value_type = Option<serde_json::Value>)]
    pub raw_data: Option<Box<RawValue>>,
    /// Id of the user who works on the place.
    pub user_id: Option<Uuid>,
    /// Name of the user who works on the place.
    pub user_name: Option<String>,
    /// Who last changed the place.
    pub updated_by: Option<String>,
    /// When the place last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Why the look-up of the place's details failed; null if it did not.
    pub deep_scan_error: Option<String>,
    /// Status of that look-up; null if none was queued.
    #[schema(value_type = Option<ProcessingStatusWord>)]
    pub deep_scan_status: Option<&'static str>,
}

impl From<StagedPlace> for PlaceView {
    #[expect(clippy::too_many_lines, reason = "each column twice")]
    fn from(place: StagedPlace) -> Self {
        let StagedPlace {
            id,
            place_id,
            name,
            formatted_address,
            business_type,
            latitude,
            longitude,
            vicinity,
            rating,
            user_ratings_total,
            price_level,
            tenant_id,
            created_by,
            search_job_id,
            search_query,
            search_location,
            search_time,
            status,
            notes,
            priority,
            tags,
            revisit_date,
            processed,
            processed_time,
            raw_data,
            user_id,
            user_name,
            updated_by,
            updated_at,
            deep_scan_error,
            deep_scan_status,
        } = place;
        Self {
            id: id.get(),
            place_id,
            name,
            formatted_address,
            business_type,
            latitude,
            longitude,
            vicinity,
            rating,
            user_ratings_total,
            price_level,
            tenant_id: tenant_id.get(),
            created_by: created_by.get(),
            search_job_id: search_job_id.map(|id| id.get()),
            search_query,
            search_location,
            search_time,
            status: status.word(),
            notes,
            priority,
            tags: tags.map(|tags| tags.0),
            revisit_date,
            processed,
            processed_time,
            raw_data: raw_data.map(RawJson::into_raw),
            user_id: user_id.map(|id| id.get()),
            user_name,
            updated_by,
            updated_at,
            deep_scan_error,
            deep_scan_status: deep_scan_status.map(ProcessingStatus::label),
        }
    }
}

/// A page of the list of staged places.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceList {
    /// The places of this page.
    pub places: Vec<PlaceView>,
    /// The number of places that match the filter.
    pub total: i64,
    /// The maximum number of places per page.
    pub limit: i64,
    /// The number of places skipped before this page.
    pub offset: i64,
    /// Cursor of the next page, which stays correct while places are added; null on the last page.
    pub next_cursor: Option<String>,
}

impl<'r> Responder<'r, 'static> for PlaceList {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        page::respond(request, &self, self.next_cursor.as_deref())
    }
}
