//! A staged place, and lists of them.

use chrono::{DateTime, NaiveDate, Utc};
use database::models::enums::ProcessingStatus;
use database::models::staged_place::StagedPlace;
use database::models::values::RawJson;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::status::status_word;

/// A staged place: every column of `places_staging`.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the columns of models::staged_place::StagedPlace")]
pub struct PlaceView {
    pub id: i32,
    pub place_id: String,
    pub name: String,
    pub formatted_address: Option<String>,
    pub business_type: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub vicinity: Option<String>,
    pub rating: Option<f64>,
    pub user_ratings_total: Option<i32>,
    pub price_level: Option<i32>,
    pub tenant_id: Uuid,
    pub created_by: Uuid,
    pub search_job_id: Option<Uuid>,
    pub search_query: Option<String>,
    pub search_location: Option<String>,
    pub search_time: Option<DateTime<Utc>>,
    pub status: &'static str,
    pub notes: Option<String>,
    pub priority: Option<i32>,
    pub tags: Option<Vec<String>>,
    pub revisit_date: Option<NaiveDate>,
    pub processed: Option<bool>,
    pub processed_time: Option<DateTime<Utc>>,
    pub raw_data: Option<Box<RawValue>>,
    pub user_id: Option<Uuid>,
    pub user_name: Option<String>,
    pub updated_by: Option<String>,
    pub updated_at: Option<DateTime<Utc>>,
    pub deep_scan_error: Option<String>,
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
            status: status_word(status),
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

/// A part of the list of staged places.
#[derive(Debug, Serialize)]
pub struct PlaceList {
    /// The places.
    pub places: Vec<PlaceView>,
    /// How many match the filter in all.
    pub total: i64,
    /// The maximum number of places.
    pub limit: i64,
    /// The number of places skipped.
    pub offset: i64,
    /// Asks for the next part, stable while places are added; null at the end.
    pub next_cursor: Option<String>,
}
