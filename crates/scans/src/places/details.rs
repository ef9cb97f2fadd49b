//! The job that looks up the details of places: website, telephone number, opening hours.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use database::ids::ApiCallId;
use database::models::enums::{Outcome, ProcessingStatus};
use database::models::place_details::NewPlaceDetails;
use database::models::staged_place::NewStagedPlace;
use database::models::values::RawJson;
use database::repo;
use jobs::{BackgroundJob, Finished, JobContext, JobError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::answer::FoundPlace;
use super::client::Places;
use super::cost::{self, Call, CapReached};
use super::error::PlacesError;
use super::imported::is_imported;
use crate::Services;

/// Looks up the details of places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacesDetails {
    /// Google's ids of the places.
    pub place_ids: Vec<String>,
}

/// The result of a look-up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LookedUp {
    /// The number of places with details.
    pub found: usize,
    /// The number of places that Google or this tenant no longer knows, or that were imported.
    pub gone: usize,
    /// Why the look-up stopped early; `None` if it did not.
    pub note: Option<String>,
}

impl LookedUp {
    /// Returns a sentence with the number of places that have details.
    pub(super) fn summary(&self, places: usize) -> String {
        format!("{} of {places} places are looked up", self.found)
    }

    /// Returns the outcome of a job that only looks up details.
    pub(super) fn outcome(&self) -> Outcome {
        match (&self.note, self.found) {
            (Some(_), _) => Outcome::Partial,
            (None, 0) => Outcome::OkEmpty,
            (None, _) => Outcome::Ok,
        }
    }
}

/// Returns a key for work on places: the same places with the same choices have the same key, in any order.
pub(super) fn work_key(place_ids: &[String], choices: &[bool]) -> String {
    let mut ids: Vec<&str> = place_ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    let mut hash = Sha256::new();
    for id in ids {
        hash.update((id.len() as u64).to_be_bytes());
        hash.update(id);
    }
    hash.update(choices.iter().copied().map(u8::from).collect::<Vec<_>>());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl BackgroundJob for PlacesDetails {
    type Services = Services;

    const KIND: &'static str = "place_details";

    const MAX_ATTEMPTS: i32 = 6;

    fn dedup_key(&self) -> Option<String> {
        Some(work_key(&self.place_ids, &[]))
    }

    async fn run(&self, ctx: JobContext<Services>) -> Result<Finished, JobError> {
        let looked_up = look_up(&ctx, &self.place_ids).await?;
        let (outcome, summary) = (looked_up.outcome(), looked_up.summary(self.place_ids.len()));
        ctx.finish_with(async |conn| ctx.finish(conn, outcome, &summary, &looked_up).await)
            .await
    }
}

/// Looks up the details of places one after the other, storing each as soon as it is received.
///
/// # Errors
///
/// Returns an error if Google refuses or cannot be reached, or if the first call is already forbidden by a cap.
pub(super) async fn look_up(ctx: &JobContext<Services>, place_ids: &[String]) -> Result<LookedUp, JobError> {
    let places = ctx.services().places.as_ref().ok_or(PlacesError::NoKey)?;
    if places.config().key.is_none() {
        return Err(PlacesError::NoKey.into());
    }
    let done: HashSet<String> = cost::answered(ctx).await?.into_iter().map(|(step, _)| step).collect();
    let mut looked_up = LookedUp::default();
    let (imported, place_ids): (Vec<&str>, Vec<&str>) = place_ids
        .iter()
        .map(String::as_str)
        .partition(|place_id| is_imported(place_id));
    if !imported.is_empty() {
        let mut conn = ctx.tenant().await?;
        let why = Some("it was imported without Google's place id, so Google cannot be asked about it");
        repo::place_details::set_look_up(&mut conn, &imported, ProcessingStatus::Error, why).await?;
        conn.commit().await?;
        looked_up.gone += imported.len();
    }
    for (number, place_id) in place_ids.iter().copied().enumerate() {
        let step = format!("details {place_id}");
        if done.contains(&step) {
            looked_up.found += 1;
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share for people to read")]
        let share = number as f64 / place_ids.len() as f64;
        let message = format!("{number} of {} places are looked up", place_ids.len());
        ctx.report("looking_up", &message, share).await;
        // The cap per search applies only to searches; these places were selected one by one.
        let call = match cost::reserve(ctx, places.config(), Call::Details, &step, i64::MAX).await? {
            Ok(call) => call,
            Err(CapReached(why)) if looked_up.found == 0 => return Err(JobError::permanent(Outcome::Upstream, why)),
            Err(CapReached(why)) => {
                looked_up.note = Some(why);
                break;
            }
        };
        if one(ctx, places, place_id, call).await? {
            looked_up.found += 1;
        } else {
            looked_up.gone += 1;
        }
    }
    Ok(looked_up)
}

/// Looks up one place, and returns whether it exists.
async fn one(ctx: &JobContext<Services>, places: &Places, place_id: &str, call: ApiCallId) -> Result<bool, JobError> {
    let found = match places.details(place_id).await {
        Ok(found) => found,
        Err(error) => {
            cost::failed(ctx, call, &error).await?;
            let is_gone = matches!(error, PlacesError::Gone);
            let mut conn = ctx.tenant().await?;
            let status = ProcessingStatus::Error;
            repo::place_details::set_look_up(&mut conn, &[place_id], status, Some(&error.to_string())).await?;
            conn.commit().await?;
            return if is_gone { Ok(false) } else { Err(error.into()) };
        }
    };
    let mut conn = ctx.tenant().await?;
    let Some(staged) = repo::places::find(&mut conn, place_id).await? else {
        // The place was deleted meanwhile.
        repo::api_calls::answer(&mut conn, call, &RawJson::from(json!(null))).await?;
        conn.commit().await?;
        return Ok(false);
    };
    // Google may use a newer id for the place; the row keeps the known one.
    let row_of_place = NewStagedPlace {
        place_id,
        name: &found.name,
        formatted_address: found.formatted_address.as_deref(),
        business_type: staged.business_type.as_deref(),
        latitude: found.point.map(|point| point.latitude),
        longitude: found.point.map(|point| point.longitude),
        vicinity: found.vicinity.as_deref(),
        rating: found.rating,
        user_ratings_total: found.user_ratings_total,
        price_level: found.price_level,
        created_by: staged.created_by,
        search_job_id: staged.search_job_id,
        search_query: staged.search_query.as_deref(),
        search_location: staged.search_location.as_deref(),
        search_time: staged.search_time,
        raw_data: None,
        user_id: staged.user_id,
        user_name: staged.user_name.as_deref(),
    };
    let details = NewPlaceDetails {
        place_id,
        ..row(&found, Some(&found.raw), Utc::now())
    };
    repo::places::upsert_many(&mut conn, &[row_of_place]).await?;
    repo::place_details::upsert_many(&mut conn, &[details]).await?;
    repo::place_details::set_look_up(&mut conn, &[place_id], ProcessingStatus::Completed, None).await?;
    repo::api_calls::answer(&mut conn, call, &RawJson::from(json!({ "found": true }))).await?;
    conn.commit().await?;
    Ok(true)
}

/// Returns the details of a place that are stored next to its row.
pub(super) fn row<'p>(place: &'p FoundPlace, raw: Option<&'p RawJson>, at: DateTime<Utc>) -> NewPlaceDetails<'p> {
    NewPlaceDetails {
        place_id: &place.place_id,
        website: place.website.as_deref(),
        phone: place.phone.as_deref(),
        opening_hours: place.opening_hours.as_ref(),
        raw_data: raw,
        content_at: at,
    }
}
