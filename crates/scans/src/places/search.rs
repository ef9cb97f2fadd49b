//! The job that searches for places page by page and cell by cell, storing each page completely or not at all.

use std::collections::{HashMap, HashSet, VecDeque};

use chrono::Utc;
use database::ids::{ApiCallId, UserId};
use database::models::enums::Outcome;
use database::models::place_details::NewPlaceDetails;
use database::models::staged_place::NewStagedPlace;
use database::models::values::RawJson;
use database::repo;
use jobs::{BackgroundJob, Finished, JobContext, JobError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{FoundPlace, Page};
use super::client::{Area, MAX_RESULTS, Places};
use super::cost::{self, Call, CapReached};
use super::error::PlacesError;
use super::grid::{Cell, Point};
use super::money::Usd;
use crate::Services;
use crate::room::require_room;
use crate::settings::PlacesProtocol;

/// How often a page is requested again if its token is not valid yet.
const MAX_TOKEN_TRIES: u32 = 8;

/// Searches for businesses of a kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacesSearch {
    /// The location, in words.
    pub location: String,
    /// The kind of business.
    pub business_type: String,
    /// The radius around the location, in kilometres.
    pub radius_km: f64,
    /// The maximum number of places.
    pub max_results: usize,
    /// Whether the area may be split if it has more places than Google returns per query.
    pub grid: bool,
    /// The location's coordinates; `None` asks Google for them.
    pub center: Option<Point>,
    /// Id of the user or API key that requested the search.
    pub created_by: Uuid,
    /// Id of the row in the list of searches.
    pub search_id: Option<Uuid>,
    /// What the search may cost, in millionths of a US dollar at list prices; `None` leaves it to the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_micros: Option<i64>,
}

/// The result of a search.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SearchResult {
    /// The number of places found within the radius, at most `max_results`.
    pub total_places: i64,
    /// The number of places stored, which is all of them.
    pub stored_places: i64,
    /// The number of results outside the radius.
    pub outside: i64,
    /// The point from which distances are measured; `None` if Google does not know the location.
    pub center: Option<Point>,
    /// Why the search found fewer places; `None` if nothing stopped it.
    pub note: Option<String>,
}

impl SearchResult {
    fn summary(&self) -> String {
        format!("{} places found", self.total_places)
    }
}

impl BackgroundJob for PlacesSearch {
    type Services = Services;

    const KIND: &'static str = "place_search";

    /// A quota may take a while to become available again.
    const MAX_ATTEMPTS: i32 = 6;

    async fn run(&self, ctx: JobContext<Services>) -> Result<Finished, JobError> {
        let places = ctx.services().places.as_ref().ok_or(PlacesError::NoKey)?;
        if places.config().key.is_none() {
            return Err(PlacesError::NoKey.into());
        }
        require_room(&ctx).await?;
        let mut search = Search::resume(self, &ctx, places).await?;
        let result = search.run().await?;
        let outcome = match (&result.note, result.stored_places) {
            (Some(_), _) => Outcome::Partial,
            (None, 0) => Outcome::OkEmpty,
            (None, _) => Outcome::Ok,
        };
        ctx.finish_with(async |conn| ctx.finish(conn, outcome, &result.summary(), &result).await)
            .await
    }
}

/// A search in progress.
struct Search<'a> {
    job: &'a PlacesSearch,
    ctx: &'a JobContext<Services>,
    places: &'a Places,
    text: String,
    center: Option<Point>,
    /// The responses to earlier attempts, by step.
    answered: HashMap<String, Value>,
    /// The places found so far.
    found: HashSet<String>,
    outside: i64,
}

/// The part of a page that the ledger keeps, so that a later attempt can continue after it.
#[derive(Serialize, Deserialize)]
struct Read {
    results: usize,
    stored: usize,
    outside: usize,
    next: Option<String>,
}

/// The reason why a search ends.
enum End {
    /// As many places as requested were found.
    Full,
    /// A cap forbids further calls.
    Cap(CapReached),
    Failed(JobError),
}

impl From<JobError> for End {
    fn from(error: JobError) -> Self {
        Self::Failed(error)
    }
}

impl<'a> Search<'a> {
    /// Resumes a search after the steps that earlier attempts stored.
    async fn resume(
        job: &'a PlacesSearch,
        ctx: &'a JobContext<Services>,
        places: &'a Places,
    ) -> Result<Self, JobError> {
        let answered = cost::answered(ctx).await?.into_iter().collect();
        let mut conn = ctx.tenant().await?;
        let found = repo::place_finds::list_of_job(&mut conn, ctx.job_id()).await?;
        Ok(Self {
            text: format!("{} in {}", job.business_type, job.location),
            center: job.center,
            job,
            ctx,
            places,
            answered,
            found: found.into_iter().collect(),
            outside: 0,
        })
    }

    async fn run(&mut self) -> Result<SearchResult, JobError> {
        let note = match self.all_cells().await {
            Ok(note) => note,
            Err(End::Full) => None,
            Err(End::Failed(error)) => return Err(error),
            // Nothing was searched, which must not look like an empty result.
            Err(End::Cap(CapReached(why))) if self.found.is_empty() => {
                return Err(JobError::permanent(Outcome::Upstream, why));
            }
            Err(End::Cap(CapReached(why))) => Some(why),
        };
        let stored = i64::try_from(self.found.len()).unwrap_or(i64::MAX);
        Ok(SearchResult {
            total_places: stored,
            stored_places: stored,
            outside: self.outside,
            center: self.center,
            note,
        })
    }

    async fn all_cells(&mut self) -> Result<Option<String>, End> {
        self.find_center().await?;
        let radius_km = self.job.radius_km;
        let Some(center) = self.center else {
            let is_all = self.read(String::new(), &Area::Anywhere { radius_km }).await?;
            let why = || {
                format!(
                    "no place named {:?} was found, so its area was not split",
                    self.job.location
                )
            };
            return Ok((self.job.grid && !is_all).then(why));
        };
        if !self.job.grid {
            self.read(String::new(), &Area::Near { center, radius_km }).await?;
            return Ok(None);
        }
        let mut cells = VecDeque::from([Cell::around(center, radius_km)]);
        while let Some(cell) = cells.pop_front() {
            let is_all = self.read(cell.path.clone(), &Area::Within(cell.clone())).await?;
            if !is_all {
                cells.extend(cell.split(center, radius_km));
            }
        }
        Ok(None)
    }

    /// Finds the centre of the search, from which distances are measured.
    async fn find_center(&mut self) -> Result<(), End> {
        const STEP: &str = "center";
        if self.center.is_some() {
            return Ok(());
        }
        if let Some(known) = self.answered.get(STEP) {
            self.center = serde_json::from_value(known.clone()).unwrap_or_default();
            return Ok(());
        }
        let location = self.job.location.as_str();
        self.ctx
            .report("locating", &format!("looking for {location}"), 0.02)
            .await;
        let call = self.reserve(Call::Center, STEP).await?;
        self.center = match self.places.find_center(location).await {
            Ok(center) => center,
            Err(error) => return Err(self.fail(call, error).await.into()),
        };
        let answer = RawJson::from(json!(self.center));
        let mut conn = self.ctx.tenant().await?;
        let stored = repo::api_calls::answer(&mut conn, call, &answer).await;
        stored.map_err(JobError::from)?;
        conn.commit().await.map_err(JobError::from)?;
        Ok(())
    }

    /// Reads a query to its end, and returns whether Google returned all results.
    async fn read(&mut self, path: String, area: &Area) -> Result<bool, End> {
        let mut token: Option<String> = None;
        let mut results = 0;
        for page in 1.. {
            if self.found.len() >= self.job.max_results {
                return Err(End::Full);
            }
            let step = format!("cell {path}- page {page}");
            let read = match self.answered.get(&step).cloned().map(serde_json::from_value) {
                Some(Ok(read)) => read,
                Some(Err(_)) | None => self.page(&step, area, token.as_deref()).await?,
            };
            let Read {
                results: count,
                outside,
                next,
                ..
            } = read;
            results += count;
            self.outside += i64::try_from(outside).unwrap_or_default();
            token = next;
            if token.is_none() {
                break;
            }
        }
        Ok(results < MAX_RESULTS)
    }

    /// Requests a page and stores it.
    async fn page(&mut self, step: &str, area: &Area, token: Option<&str>) -> Result<Read, End> {
        let wanted = self.job.max_results;
        let message = format!("{step}: {} of {wanted} places", self.found.len());
        #[expect(clippy::cast_precision_loss, reason = "a share for people to read")]
        let done = self.found.len() as f64 / wanted as f64;
        self.ctx.report("searching", &message, 0.05 + 0.9 * done).await;
        let call = self.reserve(Call::Search, step).await?;
        match self.ask(area, token).await {
            Ok(page) => Ok(self.store(call, page).await?),
            Err(error) => Err(self.fail(call, error).await.into()),
        }
    }

    /// Requests a page, retrying while its token is not valid yet. No connection is held meanwhile.
    async fn ask(&self, area: &Area, token: Option<&str>) -> Result<Page, PlacesError> {
        let config = self.places.config();
        let waits = token.is_some() && config.protocol == PlacesProtocol::Legacy;
        if waits {
            tokio::time::sleep(config.token_delay).await;
        }
        let mut tries = 0;
        loop {
            match self.places.search(&self.text, area, token).await {
                Err(PlacesError::Invalid(why)) if waits => {
                    tries += 1;
                    if tries > MAX_TOKEN_TRIES {
                        // A later attempt waits for it again.
                        return Err(PlacesError::Failed(format!(
                            "the next page did not become available: {why}"
                        )));
                    }
                    tokio::time::sleep(config.token_delay / 2).await;
                }
                result => return result,
            }
        }
    }

    /// Stores the new places of a page that are near enough and wanted, and records the page in the ledger, in one
    /// transaction.
    async fn store(&mut self, call: ApiCallId, page: Page) -> Result<Read, JobError> {
        let room = self.job.max_results.saturating_sub(self.found.len());
        let is_outside = |place: &FoundPlace| match (self.center, place.point) {
            (Some(center), Some(point)) => center.distance_km(point) > self.job.radius_km,
            // A place without a position is not left out.
            _ => false,
        };
        let outside = page.places.iter().filter(|place| is_outside(place)).count();
        let mut in_page = HashSet::new();
        let fresh: Vec<&FoundPlace> = page
            .places
            .iter()
            .filter(|place| {
                !is_outside(place) && !self.found.contains(&place.place_id) && in_page.insert(place.place_id.as_str())
            })
            .take(room)
            .collect();
        let now = Utc::now();
        let rows: Vec<_> = fresh.iter().map(|place| self.row(place, now)).collect();
        let details: Vec<_> = fresh
            .iter()
            .filter(|place| place.website.is_some() || place.phone.is_some())
            .map(|place| super::details::row(place, None, now))
            .collect::<Vec<NewPlaceDetails<'_>>>();
        let ids: Vec<&str> = fresh.iter().map(|place| place.place_id.as_str()).collect();
        let read = Read {
            results: page.results,
            stored: fresh.len(),
            outside,
            next: page.next.clone(),
        };
        let answer = RawJson::from_value(&read).map_err(|error| JobError::internal(error.into()))?;
        let mut conn = self.ctx.tenant().await?;
        if !rows.is_empty() {
            repo::places::upsert_many(&mut conn, &rows).await?;
            repo::place_finds::insert_many(&mut conn, self.ctx.job_id(), &ids).await?;
        }
        if !details.is_empty() {
            repo::place_details::upsert_many(&mut conn, &details).await?;
        }
        repo::api_calls::answer(&mut conn, call, &answer).await?;
        conn.commit().await?;
        self.found.extend(ids.into_iter().map(str::to_owned));
        Ok(read)
    }

    fn row<'p>(&'p self, place: &'p FoundPlace, now: chrono::DateTime<Utc>) -> NewStagedPlace<'p> {
        NewStagedPlace {
            place_id: &place.place_id,
            name: &place.name,
            formatted_address: place.formatted_address.as_deref(),
            business_type: Some(&self.job.business_type),
            latitude: place.point.map(|point| point.latitude),
            longitude: place.point.map(|point| point.longitude),
            vicinity: place.vicinity.as_deref(),
            rating: place.rating,
            user_ratings_total: place.user_ratings_total,
            price_level: place.price_level,
            created_by: UserId::from(self.job.created_by),
            search_job_id: Some(self.ctx.job_id()),
            search_query: Some(&self.job.business_type),
            search_location: Some(&self.job.location),
            search_time: Some(now),
            raw_data: Some(&place.raw),
            user_id: None,
            user_name: None,
        }
    }

    async fn reserve(&self, call: Call, step: &str) -> Result<ApiCallId, End> {
        let config = self.places.config();
        let paid = self.job.max_micros.map(Usd::from_micros);
        let paid = paid.map(|sum| cost::calls_within(config.protocol, sum));
        let per_job = config.calls_per_search.min(paid.unwrap_or(i64::MAX));
        let reserved = cost::reserve(self.ctx, config, call, step, per_job).await?;
        reserved.map_err(End::Cap)
    }

    /// Records in the ledger that a call failed, and returns the job's error.
    async fn fail(&self, call: ApiCallId, error: PlacesError) -> JobError {
        match cost::failed(self.ctx, call, &error).await {
            Ok(()) => error.into(),
            Err(error) => error,
        }
    }
}
