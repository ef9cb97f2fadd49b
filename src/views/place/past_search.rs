//! Past searches for places.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use database::ids::JobId;
use database::models::enums::{JobStatus, Outcome};
use database::models::place_search::PlaceSearch;
use database::repo::api_calls::Billed;
use scans::places::money::Usd;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::who::{Names, WhoView};
use crate::views::words::{JobStatusWord, OutcomeWord};

/// A search for places, which is kept when its job is deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct PastSearchView {
    /// Id of the search.
    pub id: Uuid,
    /// Id of the search's job, and the `search_job_id` of its places; null for a search of the old system.
    pub job_id: Option<Uuid>,
    /// Path of the status while the job is kept; null for a search of the old system.
    pub status_url: Option<String>,
    /// The kind of business searched for.
    pub business_type: String,
    /// The location searched, in words.
    pub location: String,
    /// Radius around the location in kilometres; null if unknown.
    pub radius_km: Option<f64>,
    /// The maximum number of places requested; null if unknown.
    pub max_results: Option<i64>,
    /// Who requested the search.
    pub created_by: WhoView,
    /// When the search was requested; null if the old system did not say.
    pub created_at: Option<DateTime<Utc>>,
    /// How far the search is; null if the old system used another word.
    #[schema(value_type = Option<JobStatusWord>)]
    pub status: Option<&'static str>,
    /// Why the search ended the way it did, in one word; null until it has ended.
    #[schema(value_type = Option<OutcomeWord>)]
    pub outcome: Option<&'static str>,
    /// The number of places found that are still stored.
    pub found: i64,
    /// The number of billed calls.
    pub calls: i64,
    /// Their price at list prices, in US dollars.
    #[schema(value_type = f64)]
    pub usd: Usd,
}

/// What the searches of a page found and cost, by their jobs.
#[derive(Debug, Default)]
pub struct SearchTotals {
    found: HashMap<JobId, i64>,
    billed: HashMap<JobId, Billed>,
}

impl SearchTotals {
    /// Collects numbers of places, and billed calls.
    #[must_use]
    pub fn new(found: Vec<(JobId, i64)>, billed: Vec<(Option<JobId>, Billed)>) -> Self {
        Self {
            found: found.into_iter().collect(),
            billed: billed
                .into_iter()
                .filter_map(|(job, billed)| Some((job?, billed)))
                .collect(),
        }
    }
}

/// The parameters that a search stores.
#[derive(Default, Deserialize)]
struct Params {
    radius_km: Option<f64>,
    max_results: Option<i64>,
}

impl PastSearchView {
    /// Creates the view of a search.
    #[must_use]
    pub fn new(search: PlaceSearch, totals: &SearchTotals, names: &Names) -> Self {
        let PlaceSearch {
            id,
            tenant_id: _,
            user_id,
            location,
            business_type,
            params,
            created_at,
            status,
            updated_at: _,
            job_id,
            outcome,
        } = search;
        let Params { radius_km, max_results } = params.and_then(|params| params.parse().ok()).unwrap_or_default();
        let billed = job_id
            .and_then(|job| totals.billed.get(&job).copied())
            .unwrap_or_default();
        Self {
            id: id.get(),
            job_id: job_id.map(|job| job.get()),
            status_url: job_id.map(|job| format!("/api/v1/places/status/{job}")),
            business_type,
            location,
            radius_km,
            max_results,
            created_by: names.by_id(user_id.map(|id| id.get())),
            created_at,
            status: status.and_then(|word| word.parse().ok()).map(JobStatus::label),
            outcome: outcome.map(Outcome::label),
            found: job_id
                .and_then(|job| totals.found.get(&job).copied())
                .unwrap_or_default(),
            calls: billed.calls,
            usd: Usd::from_micros(billed.price_micros()),
        }
    }
}
