//! A search for places, and how far it is.

use chrono::{DateTime, Utc};
use database::ids::JobId;
use database::models::api_call::ApiCall;
use database::models::enums::Outcome;
use database::models::job::Job;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::views::scan::{next_attempt_at, v1_error, v1_message, v1_status};

/// Asks for a search.
#[derive(Debug, Deserialize)]
pub struct SearchRequest {
    /// Where, in words.
    pub location: String,
    /// What kind of business.
    pub business_type: String,
    /// How far from there, in kilometres.
    #[serde(default = "SearchRequest::default_radius")]
    pub radius_km: f64,
    /// The maximum number of places.
    #[serde(default = "SearchRequest::default_results")]
    pub max_results: i64,
    /// The caller's tenant, optional.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// Where, in degrees north, if that is known.
    #[serde(default)]
    pub latitude: Option<f64>,
    /// Where, in degrees east.
    #[serde(default)]
    pub longitude: Option<f64>,
    /// Whether the area may be split to find more than 60 places; unless said, where more are wanted.
    #[serde(default)]
    pub grid: Option<bool>,
    /// Whether only to say what the search would cost.
    #[serde(default)]
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

/// Where an accepted search is followed.
#[derive(Debug, Serialize)]
pub struct SearchAccepted {
    /// The search.
    pub job_id: Uuid,
    /// `started`.
    pub status: &'static str,
    /// The path of its status.
    pub status_url: String,
}

impl From<JobId> for SearchAccepted {
    fn from(id: JobId) -> Self {
        Self {
            job_id: id.get(),
            status: "started",
            status_url: format!("/api/v1/places/status/{id}"),
        }
    }
}

/// How far a search is.
#[derive(Debug, Serialize)]
pub struct SearchStatus {
    /// The search.
    pub job_id: Uuid,
    /// `pending`, `running`, `completed` or `failed`.
    pub status: &'static str,
    /// How many places it found within the radius, as many as were wanted at most.
    pub total_places: i64,
    /// How many of them are stored.
    pub stored_places: i64,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// The kind of business.
    pub search_query: Option<String>,
    /// Where.
    pub search_location: Option<String>,
    /// Who asked for it.
    pub user_id: Option<Uuid>,
    /// That person's name.
    pub user_name: Option<String>,
    /// Why it failed, or why its last attempt did.
    pub error: Option<String>,
    /// The outcome, in one word.
    pub outcome: Option<&'static str>,
    /// Why there is not more, where a cap was reached or the area could not be split.
    pub note: Option<String>,
    /// How far it is, in words.
    pub message: Option<String>,
    /// When it is tried again, after an attempt that failed.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// How much is done, 0 to 1.
    pub progress: f64,
    /// How many calls of Google's it has made that are billed.
    pub calls: usize,
}

/// What a search was asked for, as far as its status shows it.
#[derive(Deserialize)]
struct Asked {
    location: String,
    business_type: String,
}

#[derive(Default, Deserialize)]
struct Brought {
    note: Option<String>,
}

impl SearchStatus {
    /// Makes the status of a search from the number of places stored and the calls made.
    #[must_use]
    pub fn new(job: Job, stored: i64, calls: &[ApiCall]) -> Self {
        let (error, next_attempt_at) = (v1_error(&job), next_attempt_at(&job));
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
            outcome,
            ..
        } = job;
        let asked: Option<Asked> = payload.parse().ok();
        let brought: Brought = result.and_then(|result| result.parse().ok()).unwrap_or_default();
        let (search_query, search_location) = asked.map(|asked| (asked.business_type, asked.location)).unzip();
        Self {
            job_id: job_id.get(),
            status: v1_status(status),
            total_places: stored,
            stored_places: stored,
            created_at,
            completed_at,
            search_query,
            search_location,
            user_id: created_by.map(|id| id.get()),
            user_name: None,
            error,
            outcome: outcome.filter(|_| status.is_final()).map(Outcome::label),
            note: brought.note,
            message,
            next_attempt_at,
            progress: progress.unwrap_or_default(),
            calls: calls.iter().filter(|call| call.is_billed).count(),
        }
    }
}
