//! A staged place with its details, its domain and the searches that found it.

use chrono::{DateTime, Utc};
use database::ids::JobId;
use database::models::domain::Domain;
use database::models::enums::TaskStatus;
use database::models::place_details::PlaceDetails;
use database::models::staged_place::StagedPlace;
use database::models::values::RawJson;
use scans::places::website::{PORTAL_KINDS, portal_page};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use super::staged::PlaceView;
use crate::views::described;
use crate::views::words::TaskStatusWord;

/// A place with its details, its searches and its domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceDetailsView {
    /// The columns of the place.
    #[serde(flatten)]
    pub place: PlaceView,
    /// The place's website; null if unknown.
    pub website: Option<String>,
    /// The place's telephone number; null if unknown.
    pub phone: Option<String>,
    /// The place's opening hours as Google returns them; null if unknown.
    #[schema(value_type = Option<serde_json::Value>)]
    pub opening_hours: Option<Box<RawValue>>,
    /// When Google's content about the place was fetched; null after its removal.
    pub content_at: Option<DateTime<Utc>>,
    /// The page on a portal that the place gives as its website; null if the website is its own.
    pub profile: Option<ProfileView>,
    /// The status of the hand-over of the place to a domain.
    pub hand_over: HandOverView,
    /// The searches that found the place, newest first.
    pub searches: Vec<FoundBy>,
}

/// A business's page on a booking portal, a directory or a social network.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProfileView {
    /// The kind of portal.
    #[schema(schema_with = portal_kind)]
    pub kind: &'static str,
    /// Domain of the portal.
    pub site: String,
    /// URL of the page.
    pub url: String,
}

fn portal_kind() -> RefOr<Schema> {
    described::one_of(PORTAL_KINDS)
}

impl ProfileView {
    /// Returns the profile that a website's URL leads to, or `None` if the URL is not on a portal.
    #[must_use]
    pub fn of(website: &str) -> Option<Self> {
        let page = portal_page(website)?;
        Some(Self {
            kind: page.kind,
            site: page.site,
            url: page.url,
        })
    }
}

/// The status of a place's hand-over, and of the scans of its domain.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct HandOverView {
    /// When the place became a domain; null before that.
    pub handed_over_at: Option<DateTime<Utc>>,
    /// Why the place could not become a domain; null if it did or was not tried.
    pub error: Option<String>,
    /// Id of the domain; null before the hand-over.
    pub domain_id: Option<Uuid>,
    /// Name of the domain; null before the hand-over.
    pub domain: Option<String>,
    /// Status of the domain scan; null if none was queued.
    #[schema(value_type = Option<TaskStatusWord>)]
    pub scan_status: Option<&'static str>,
    /// Why the domain scan failed; null if it did not.
    pub scan_error: Option<String>,
    /// Status of the scan for email addresses; null if none was queued.
    #[schema(value_type = Option<TaskStatusWord>)]
    pub email_scan_status: Option<&'static str>,
    /// Why the scan for email addresses failed; null if it did not.
    pub email_scan_error: Option<String>,
}

impl HandOverView {
    /// Returns the fields that come from the domain; the caller adds those of the hand-over.
    fn of(domain: Domain) -> Self {
        Self {
            domain: Some(domain.domain),
            scan_status: domain.content_scrape_status.map(TaskStatus::label),
            scan_error: domain.content_scrape_error,
            email_scan_status: domain.page_scrape_status.map(TaskStatus::label),
            email_scan_error: domain.page_scrape_error,
            ..Self::default()
        }
    }
}

/// A search that found a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundBy {
    /// Id of the search's job.
    pub search_job_id: Uuid,
    /// When the search first found the place.
    pub found_at: DateTime<Utc>,
}

impl PlaceDetailsView {
    /// Creates the view of a place.
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
                profile: None,
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
            profile: website.as_deref().and_then(ProfileView::of),
            website,
            phone,
            opening_hours: opening_hours.map(RawJson::into_raw),
            content_at: fetched_at.filter(|at| cleared_at.is_none_or(|cleared| cleared < *at)),
            hand_over: HandOverView {
                handed_over_at,
                error: hand_over_error,
                domain_id: domain_id.map(|id| id.get()),
                ..domain.map(HandOverView::of).unwrap_or_default()
            },
            searches,
        }
    }
}
