//! Places, as the v1 contract has them.

use chrono::{DateTime, NaiveDate, Utc};
use database::ids::JobId;
use database::models::api_call::ApiCall;
use database::models::domain::Domain;
use database::models::enums::{CurationStatus, JobStatus, Outcome, ProcessingStatus, TaskStatus};
use database::models::job::Job;
use database::models::place_change::PlaceChange;
use database::models::place_details::PlaceDetails;
use database::models::staged_place::StagedPlace;
use database::models::values::RawJson;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::scan::{v1_error, v1_status};

/// The words that a place's status has on the wire.
pub const STATUS_WORDS: &str = "new, selected, maybe, not_a_fit, archived";

/// Returns v1's word for what was decided about a place.
#[must_use]
pub const fn status_word(status: CurationStatus) -> &'static str {
    match status {
        CurationStatus::New => "new",
        CurationStatus::Selected => "selected",
        CurationStatus::Maybe => "maybe",
        CurationStatus::NotAFit => "not_a_fit",
        CurationStatus::Archived => "archived",
    }
}

/// Reads a status in v1's spelling or in the database's, in any case; `None` where the word is neither.
#[must_use]
pub fn read_status(text: &str) -> Option<CurationStatus> {
    let word = text.trim().to_lowercase().replace([' ', '-'], "_");
    CurationStatus::ALL
        .iter()
        .copied()
        .find(|status| status_word(*status) == word)
}

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
    /// How many places at most.
    #[serde(default = "SearchRequest::default_results")]
    pub max_results: i64,
    /// The caller's tenant, if it is named at all.
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

/// Says where an accepted search is followed.
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
    /// Why it failed.
    pub error: Option<String>,
    /// Why it ended the way it did.
    pub outcome: Option<&'static str>,
    /// Why there is not more, where a cap was reached or the area could not be split.
    pub note: Option<String>,
    /// The step it is at, in words.
    pub message: Option<String>,
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
    /// Makes the status of a search that has stored so many places and made these calls.
    #[must_use]
    pub fn new(job: Job, stored: i64, calls: &[ApiCall]) -> Self {
        let Job {
            job_id,
            status,
            created_at,
            completed_at,
            progress,
            error,
            result,
            created_by,
            payload,
            outcome,
            progress_message,
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
            error: v1_error(status, error),
            outcome: outcome.map(Outcome::label),
            note: brought.note,
            message: progress_message.filter(|_| status == JobStatus::Running),
            progress: progress.unwrap_or_default(),
            calls: calls.iter().filter(|call| call.is_billed).count(),
        }
    }
}

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
    /// At most so many were asked for.
    pub limit: i64,
    /// So many were left out first.
    pub offset: i64,
    /// Asks for what comes behind, stable while places are added; null at the end.
    pub next_cursor: Option<String>,
}

/// A place with what is known beside its row.
#[derive(Debug, Serialize)]
pub struct PlaceDetailsView {
    /// The row.
    #[serde(flatten)]
    pub place: PlaceView,
    /// Its website.
    pub website: Option<String>,
    /// Its telephone number.
    pub phone: Option<String>,
    /// Its opening hours, as Google writes them.
    pub opening_hours: Option<Box<RawValue>>,
    /// When Google's content about it was fetched; null once it was removed.
    pub content_at: Option<DateTime<Utc>>,
    /// What became of it.
    pub hand_over: HandOverView,
    /// The searches that found it, the last one first.
    pub searches: Vec<FoundBy>,
}

/// How far the way is from a place to its domain and what is known about that.
#[derive(Debug, Default, Serialize)]
pub struct HandOverView {
    /// When it became a domain.
    pub handed_over_at: Option<DateTime<Utc>>,
    /// Why it did not.
    pub error: Option<String>,
    /// The domain.
    pub domain_id: Option<Uuid>,
    /// The domain's name.
    pub domain: Option<String>,
    /// How far the domain scan is.
    pub scan_status: Option<&'static str>,
    /// Why the domain scan failed.
    pub scan_error: Option<String>,
    /// How far the scan for email addresses is.
    pub email_scan_status: Option<&'static str>,
    /// Why the scan for email addresses failed.
    pub email_scan_error: Option<String>,
}

/// A search that found a place.
#[derive(Debug, Serialize)]
pub struct FoundBy {
    /// The search.
    pub search_job_id: Uuid,
    /// When it found the place first.
    pub found_at: DateTime<Utc>,
}

impl PlaceDetailsView {
    /// Puts together what is known about a place.
    #[must_use]
    pub fn new(
        place: StagedPlace,
        details: Option<PlaceDetails>,
        domain: Option<Domain>,
        searches: Vec<(JobId, DateTime<Utc>)>,
    ) -> Self {
        let searched_at = place.search_time;
        let searches = searches
            .into_iter()
            .map(|(job, found_at)| FoundBy {
                search_job_id: job.get(),
                found_at,
            })
            .collect();
        let place = PlaceView::from(place);
        let Some(details) = details else {
            return Self {
                place,
                website: None,
                phone: None,
                opening_hours: None,
                content_at: searched_at,
                hand_over: HandOverView::default(),
                searches,
            };
        };
        let PlaceDetails {
            id: _,
            tenant_id: _,
            place_id: _,
            website,
            phone,
            opening_hours,
            raw_data: _,
            content_at,
            cleared_at,
            domain_id,
            handed_over_at,
            hand_over_error,
        } = details;
        let fetched_at = searched_at.max(content_at);
        Self {
            place,
            website,
            phone,
            opening_hours: opening_hours.map(RawJson::into_raw),
            content_at: fetched_at.filter(|at| cleared_at.is_none_or(|cleared| cleared < *at)),
            hand_over: HandOverView {
                handed_over_at,
                error: hand_over_error,
                domain_id: domain_id.map(|id| id.get()),
                domain: domain.as_ref().map(|domain| domain.domain.clone()),
                scan_status: domain
                    .as_ref()
                    .and_then(|domain| domain.content_scrape_status)
                    .map(TaskStatus::label),
                scan_error: domain.as_ref().and_then(|domain| domain.content_scrape_error.clone()),
                email_scan_status: domain
                    .as_ref()
                    .and_then(|domain| domain.page_scrape_status)
                    .map(TaskStatus::label),
                email_scan_error: domain.and_then(|domain| domain.page_scrape_error),
            },
            searches,
        }
    }
}

/// What a request changed about a place.
#[derive(Debug, Serialize)]
pub struct ChangeView {
    /// Orders changes; a cursor.
    pub id: i64,
    /// The request.
    pub change_id: Uuid,
    /// `update`, `bulk`, `import` or `undo`.
    pub action: &'static str,
    /// The place.
    pub place_id: String,
    /// Who asked for it.
    pub changed_by: String,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// What people had decided before.
    pub before: Curated,
    /// What they have decided then.
    pub after: Curated,
    /// When it was undone.
    pub undone_at: Option<DateTime<Utc>>,
}

/// What people decide about a place.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Curated {
    /// What was decided, in v1's words.
    #[serde(serialize_with = "in_v1_words")]
    pub status: Option<String>,
    /// What is to be remembered.
    pub notes: Option<String>,
    /// The labels.
    pub tags: Option<Vec<Option<String>>>,
    /// How important it is.
    pub priority: Option<i32>,
    /// When to look at it again.
    pub revisit_date: Option<String>,
}

fn in_v1_words<S: serde::Serializer>(label: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    label
        .as_deref()
        .and_then(read_status)
        .map(status_word)
        .serialize(serializer)
}

impl From<PlaceChange> for ChangeView {
    fn from(change: PlaceChange) -> Self {
        let PlaceChange {
            id,
            tenant_id: _,
            change_id,
            action,
            place_id,
            changed_by,
            changed_at,
            before,
            after,
            undone_at,
        } = change;
        Self {
            id,
            change_id: change_id.get(),
            action: action.label(),
            place_id,
            changed_by,
            changed_at,
            before: before.parse().unwrap_or_default(),
            after: after.parse().unwrap_or_default(),
            undone_at,
        }
    }
}

/// A sentence about what was done.
#[derive(Debug, Serialize)]
pub struct Done {
    /// The sentence.
    pub message: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_status_are_read() {
        for status in CurationStatus::ALL {
            assert_eq!(read_status(status.label()), Some(*status));
            assert_eq!(read_status(status_word(*status)), Some(*status));
            assert!(STATUS_WORDS.contains(status_word(*status)));
        }
        assert_eq!(read_status("done"), None);
    }
}
