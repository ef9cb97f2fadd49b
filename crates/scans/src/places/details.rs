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
    /// Google's ids of them.
    pub place_ids: Vec<String>,
}

/// What a look-up brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LookedUp {
    /// How many places have details now.
    pub found: usize,
    /// How many Google does not know any more, or this tenant.
    pub gone: usize,
    /// Why not all were looked up.
    pub note: Option<String>,
}

impl LookedUp {
    /// Says how many of `places` have details now.
    pub(super) fn summary(&self, places: usize) -> String {
        format!("{} of {places} places are looked up", self.found)
    }

    /// Returns the outcome of a job that does nothing else.
    pub(super) fn outcome(&self) -> Outcome {
        match (&self.note, self.found) {
            (Some(_), _) => Outcome::Partial,
            (None, 0) => Outcome::OkEmpty,
            (None, _) => Outcome::Ok,
        }
    }
}

/// Names work on places, whatever their order: the same places with the same choices are the same work.
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

/// Looks up the details of places one after the other, each stored as soon as it is paid for.
///
/// # Errors
///
/// When Google refuses or cannot be reached, and when no call at all may be made.
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
        // The caps per search are for searches; what is looked up was named place by place.
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

/// Looks up one place, and returns whether there is one.
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
        // Deleted meanwhile.
        repo::api_calls::answer(&mut conn, call, &RawJson::from(json!(null))).await?;
        conn.commit().await?;
        return Ok(false);
    };
    // Google may know the place under a newer id by now; the row keeps the one that people know.
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

/// Returns what an answer says about a place beside its row.
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
