//! Submission of work on places.

use database::ids::{BatchId, JobId};
use database::models::batch_job::NewBatchJob;
use database::models::enums::ProcessingStatus;
use database::models::place_search::NewPlaceSearch;
use database::models::values::RawJson;
use database::repo::places::PlaceFilter;
use database::repo::{self, QueryError};
use jobs::{BackgroundJob, EnqueueOptions, Submission, SubmitError};
use serde_json::json;
use uuid::Uuid;

use super::cost::{calls_within, estimate};
use super::grid::Point;
use super::money::Usd;
use super::{PlacesDetails, PlacesHandOver, PlacesSearch};
use crate::settings::PlacesConfig;

/// Maximum radius in kilometres, set by Google.
const MAX_KM: f64 = 50.0;
/// Maximum number of places of a search, set by the v1 contract.
const MAX_RESULTS: i64 = 100;
/// Maximum number of places of a search that may split its area.
const MAX_RESULTS_OF_GRID: i64 = 2000;
/// Maximum number of results that Google returns per query; a search for more splits its area.
pub const RESULTS_OF_ONE_QUERY: i64 = 60;
/// Maximum number of places that a job looks up or hands over.
const MAX_PLACES: i64 = 5000;

/// A request to search for places.
#[derive(Clone, Copy, Debug)]
pub struct SearchRequest<'a> {
    /// The kind of business.
    pub business_type: &'a str,
    /// The location, in words.
    pub location: &'a str,
    /// The latitude in degrees; required with `longitude`.
    pub latitude: Option<f64>,
    /// The longitude in degrees; required with `latitude`.
    pub longitude: Option<f64>,
    /// The radius around the location, in kilometres.
    pub radius_km: f64,
    /// The maximum number of places.
    pub max_results: i64,
    /// Whether the area may be split; `None` splits it if more places are requested than Google returns per query.
    pub grid: Option<bool>,
    /// Id of the user or API key that requests the search.
    pub created_by: Uuid,
}

/// Submitted work on places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The job that does it.
    pub job_id: JobId,
    /// The batch of the job and those that it queues; `None` if it queues none.
    pub batch_id: Option<BatchId>,
    /// The number of places that the job processes.
    pub places: usize,
}

impl PlacesSearch {
    /// Validates a request.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Invalid`] for an invalid value.
    pub fn read(request: &SearchRequest<'_>) -> Result<Self, SubmitError> {
        let radius_km = request.radius_km;
        if !(1.0..=MAX_KM).contains(&radius_km) {
            let detail = format!("radius_km is {radius_km}: it must be from 1 to {MAX_KM}");
            return Err(SubmitError::invalid("radius_km", detail));
        }
        let most = if request.grid == Some(true) {
            MAX_RESULTS_OF_GRID
        } else {
            MAX_RESULTS
        };
        let wanted = request.max_results;
        let in_range = usize::try_from(wanted).ok().filter(|_| (1..=most).contains(&wanted));
        let max_results = in_range.ok_or_else(|| {
            let detail = format!("max_results is {wanted}: it must be from 1 to {most}");
            SubmitError::invalid("max_results", detail)
        })?;
        Ok(Self {
            center: read_center(request)?,
            location: read_text("location", request.location, 255)?,
            business_type: read_text("business_type", request.business_type, 100)?,
            radius_km,
            max_results,
            grid: request.grid.unwrap_or(wanted > RESULTS_OF_ONE_QUERY),
            created_by: request.created_by,
            search_id: None,
            max_micros: None,
        })
    }

    /// Returns the search, which makes no more calls than `sum` pays for at list prices.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Invalid`] if it would find nothing for that.
    pub fn costing_at_most(self, sum: Usd, config: &PlacesConfig) -> Result<Self, SubmitError> {
        let least = estimate(config, 1, self.grid, self.center.is_some());
        if calls_within(config.protocol, sum) < least.calls_at_least {
            let detail = format!(
                "max_usd is {sum}: this search costs at least {} US dollars",
                least.usd_at_least
            );
            return Err(SubmitError::invalid("max_usd", detail));
        }
        Ok(Self {
            max_micros: Some(sum.micros()),
            ..self
        })
    }
}

fn read_text(field: &'static str, text: &str, longest: usize) -> Result<String, SubmitError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest || text.contains('\0') {
        let detail = format!("{field} is {text:?}: it must have from 1 to {longest} characters");
        return Err(SubmitError::invalid(field, detail));
    }
    Ok(text.to_owned())
}

fn read_center(request: &SearchRequest<'_>) -> Result<Option<Point>, SubmitError> {
    match (request.latitude, request.longitude) {
        (None, None) => Ok(None),
        (Some(latitude), Some(longitude)) => {
            let detail = "latitude and longitude must be degrees: -90 to 90 and -180 to 180";
            let point = Point::new(latitude, longitude);
            point.map(Some).ok_or_else(|| SubmitError::invalid("latitude", detail))
        }
        _ => {
            let detail = "latitude and longitude must be given both or not at all";
            Err(SubmitError::invalid("latitude", detail))
        }
    }
}

/// Submits a search, with its row in the list of searches.
///
/// # Errors
///
/// The errors of the database.
pub async fn submit_search(submission: &mut Submission<'_>, mut search: PlacesSearch) -> Result<JobId, SubmitError> {
    let params = RawJson::from(json!({
        "radius_km": search.radius_km, "max_results": search.max_results, "grid": search.grid, "center": search.center,
    }));
    let new = NewPlaceSearch {
        user_id: submission.created_by(),
        location: &search.location,
        business_type: &search.business_type,
        params: Some(&params),
        status: None,
    };
    let row = repo::place_searches::insert(submission.conn(), &new).await?;
    search.search_id = Some(row.id.get());
    let queued = submission.enqueue(&search, &EnqueueOptions::default()).await?;
    Ok(queued.job.job_id)
}

/// Submits the look-up of the details of all matching places, at one call to Google each, or returns the unfinished
/// look-up of the same places.
///
/// # Errors
///
/// `NotFound` if no place matches, [`SubmitError::Invalid`] if too many do, and the errors of the database.
pub async fn submit_details(
    submission: &mut Submission<'_>,
    filter: &PlaceFilter<'_>,
) -> Result<Submitted, SubmitError> {
    let place_ids = ids_of(submission, filter).await?;
    let all: Vec<&str> = place_ids.iter().map(String::as_str).collect();
    repo::place_details::set_look_up(submission.conn(), &all, ProcessingStatus::Queued, None).await?;
    let places = place_ids.len();
    let queued = submission
        .enqueue(&PlacesDetails { place_ids }, &EnqueueOptions::default())
        .await?;
    Ok(Submitted {
        job_id: queued.job.job_id,
        batch_id: None,
        places,
    })
}

/// Submits the hand-over of all matching places, with the choices of `job`, as a batch to which its scans will belong, or
/// returns the unfinished hand-over of the same places with the same choices.
///
/// # Errors
///
/// As [`submit_details`].
pub async fn submit_hand_over(
    submission: &mut Submission<'_>,
    filter: &PlaceFilter<'_>,
    job: PlacesHandOver,
) -> Result<Submitted, SubmitError> {
    let place_ids = ids_of(submission, filter).await?;
    let places = place_ids.len();
    let queued = submission
        .enqueue(&PlacesHandOver { place_ids, ..job }, &EnqueueOptions::default())
        .await?;
    let mut batch_id = queued.job.batch_id;
    if queued.is_new {
        let new = NewBatchJob {
            processor_type: PlacesHandOver::KIND,
            created_by: submission.created_by(),
            total_domains: None,
            failed_domains: None,
            metadata: None,
            options: None,
        };
        let batch = repo::batches::insert(submission.conn(), &new).await?.batch_id;
        repo::jobs::set_batch(submission.conn(), queued.job.job_id, batch).await?;
        batch_id = Some(batch);
    }
    Ok(Submitted {
        job_id: queued.job.job_id,
        batch_id,
        places,
    })
}

/// Returns the ids of the matching places, or an error if none or too many match.
async fn ids_of(submission: &mut Submission<'_>, filter: &PlaceFilter<'_>) -> Result<Vec<String>, SubmitError> {
    let ids = repo::places::list_ids(submission.conn(), filter, MAX_PLACES + 1).await?;
    if ids.is_empty() {
        return Err(QueryError::NotFound.into());
    }
    if i64::try_from(ids.len()).is_ok_and(|count| count > MAX_PLACES) {
        let detail = format!("more than {MAX_PLACES} places match: a job takes no more");
        return Err(SubmitError::invalid("filter", detail));
    }
    Ok(ids)
}
