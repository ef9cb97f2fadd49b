//! Searches for places, and their status.

use chrono::{DateTime, Utc};
use database::ids::JobId;
use database::models::api_call::ApiCall;
use database::models::job::Job;
use scans::places::cost::Estimate;
use scans::places::money::Usd;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::scan::{ScanState, next_attempt_at, outcome_of, v1_error, v1_message};
use crate::views::who::Names;
use crate::views::words::OutcomeWord;

/// A request to search for places.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "business_type": "dentist", "location": "Houston, TX", "radius_km": 10, "max_results": 60 }))]
pub struct SearchRequest {
    /// The location to search, in words.
    #[schema(max_length = 255)]
    pub location: String,
    /// The kind of business to search for.
    #[schema(max_length = 100)]
    pub business_type: String,
    /// Radius around the location in kilometres.
    #[serde(default = "SearchRequest::default_radius")]
    #[schema(minimum = 1, maximum = 50, default = 10.0)]
    pub radius_km: f64,
    /// The maximum number of places; more than 100 only with `grid`.
    #[serde(default = "SearchRequest::default_results")]
    #[schema(minimum = 1, maximum = 2000, default = 20)]
    pub max_results: i64,
    /// URL to which the end is posted, signed by the secret of requests (`POST /api/v1/webhooks/secret`): `https` or `http`, at a public
    /// address, without user name and password.
    #[serde(default)]
    #[schema(pattern = "^https?://", max_length = 2000)]
    pub webhook_url: Option<String>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// Latitude of the location in degrees north; required with `longitude`.
    #[serde(default)]
    #[schema(minimum = -90, maximum = 90)]
    pub latitude: Option<f64>,
    /// Longitude of the location in degrees east; required with `latitude`.
    #[serde(default)]
    #[schema(minimum = -180, maximum = 180)]
    pub longitude: Option<f64>,
    /// Whether the area may be split to find more than 60 places; by default, if `max_results` exceeds 60.
    #[serde(default)]
    pub grid: Option<bool>,
    /// Whether to return only the cost of the search.
    #[serde(default)]
    #[schema(default = false)]
    pub dry_run: bool,
}

impl SearchRequest {
    const fn default_radius() -> f64 {
        10.0
    }

    const fn default_results() -> i64 {
        20
    }
}

/// What is answered to a search: where to follow it, or with `dry_run` its cost.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SearchAnswer {
    /// The search is queued.
    Accepted(SearchAccepted),
    /// The search would cost this.
    Estimate(EstimateView),
}

/// What a search would cost at list prices, without free calls.
#[derive(Debug, Serialize, ToSchema)]
pub struct EstimateView {
    /// The minimum number of calls, if the area has as many places as requested.
    pub calls_at_least: i64,
    /// The maximum number of calls.
    pub calls_at_most: i64,
    /// The product that a page of results is billed as.
    pub price_class: &'static str,
    /// The minimum cost in US dollars.
    #[schema(value_type = f64)]
    pub usd_at_least: Usd,
    /// The maximum cost in US dollars.
    #[schema(value_type = f64)]
    pub usd_at_most: Usd,
}

impl From<Estimate> for EstimateView {
    fn from(estimate: Estimate) -> Self {
        let Estimate {
            calls_at_least,
            calls_at_most,
            price_class,
            usd_at_least,
            usd_at_most,
        } = estimate;
        Self {
            calls_at_least,
            calls_at_most,
            price_class,
            usd_at_least,
            usd_at_most,
        }
    }
}

/// What has become of a request to search, in v1's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchState {
    /// The search is queued.
    Started,
}

/// An accepted search and where to follow it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchAccepted {
    /// Id of the search's job.
    pub job_id: Uuid,
    /// The word of v1.
    pub status: SearchState,
    /// Path of the search's status.
    pub status_url: String,
}

impl From<JobId> for SearchAccepted {
    fn from(id: JobId) -> Self {
        Self {
            job_id: id.get(),
            status: SearchState::Started,
            status_url: format!("/api/v1/places/status/{id}"),
        }
    }
}

/// The status of a search.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchStatus {
    /// Id of the search's job.
    pub job_id: Uuid,
    /// How far the search is; a cancelled one is `failed`.
    pub status: ScanState,
    /// The number of places found within the radius, at most `max_results`.
    pub total_places: i64,
    /// The number of places stored.
    pub stored_places: i64,
    /// When the search was requested.
    pub created_at: DateTime<Utc>,
    /// When the search ended; null before that.
    pub completed_at: Option<DateTime<Utc>>,
    /// The kind of business searched for.
    pub search_query: Option<String>,
    /// The location searched, in words.
    pub search_location: Option<String>,
    /// Id of the user or the key that requested the search; null if unknown.
    pub user_id: Option<Uuid>,
    /// Name of the user or the key that requested the search; null if unknown.
    pub user_name: Option<String>,
    /// Why the search failed, or why its last attempt failed while it waits for the next one.
    pub error: Option<String>,
    /// Why the search ended the way it did, in one word; null until it has ended.
    #[schema(value_type = Option<OutcomeWord>)]
    pub outcome: Option<&'static str>,
    /// Why the search found fewer places: a cap was reached, or the area could not be split; otherwise null.
    pub note: Option<String>,
    /// The search's progress in words.
    pub message: Option<String>,
    /// When the next attempt is due; null unless an attempt failed and another one follows.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The completed share of the search, 0 to 1.
    pub progress: f64,
    /// The number of billed calls of Google's API.
    pub calls: usize,
    /// The cost of these calls in US dollars, at list prices.
    #[schema(value_type = f64)]
    pub usd: Usd,
}

/// The part of a search request that its status shows.
#[derive(Deserialize)]
struct Subject {
    location: String,
    business_type: String,
}

#[derive(Default, Deserialize)]
struct Completion {
    note: Option<String>,
}

impl SearchStatus {
    /// Creates the status of a search from the number of places stored, the calls made, and the name of who requested it.
    #[must_use]
    pub fn new(job: Job, stored: i64, calls: &[ApiCall], names: &Names) -> Self {
        let (error, outcome, next_attempt_at) = (v1_error(&job), outcome_of(&job), next_attempt_at(&job));
        let message = Some(v1_message(&job)).filter(|_| job.progress_message.is_some() || next_attempt_at.is_some());
        let Job {
            job_id,
            status,
            created_at,
            completed_at,
            progress,
            result,
            created_by,
            payload,
            ..
        } = job;
        let subject: Option<Subject> = payload.parse().ok();
        let found: Completion = result.and_then(|result| result.parse().ok()).unwrap_or_default();
        let (search_query, search_location) = subject.map(|subject| (subject.business_type, subject.location)).unzip();
        let billed: Vec<Usd> = calls
            .iter()
            .filter(|call| call.is_billed)
            .map(|call| Usd::from_micros(call.price_micros.into()))
            .collect();
        Self {
            job_id: job_id.get(),
            status: status.into(),
            total_places: stored,
            stored_places: stored,
            created_at,
            completed_at,
            search_query,
            search_location,
            user_id: created_by.map(|id| id.get()),
            user_name: created_by.and_then(|id| names.by_id(Some(id.get())).name),
            error,
            outcome,
            note: found.note,
            message,
            next_attempt_at,
            progress: progress.unwrap_or_default(),
            calls: billed.len(),
            usd: billed.into_iter().sum(),
        }
    }
}
