//! A staged place with its details, its domain and the searches that found it.

use chrono::{DateTime, Utc};
use database::ids::JobId;
use database::models::domain::Domain;
use database::models::enums::TaskStatus;
use database::models::place_details::PlaceDetails;
use database::models::staged_place::StagedPlace;
use database::models::values::RawJson;
use scans::places::website::portal_page;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::staged::PlaceView;

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
    /// The page on a portal that is given as its website; null where the website is its own.
    pub profile: Option<ProfileView>,
    /// What became of it.
    pub hand_over: HandOverView,
    /// The searches that found it, the last one first.
    pub searches: Vec<FoundBy>,
}

/// A business's page on a booking portal, a directory or a social network.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ProfileView {
    /// What kind of site it is: `social`, `map`, `link`, `booking`, `directory` or `shop`.
    pub kind: &'static str,
    /// The site's domain.
    pub site: String,
    /// The page's address.
    pub url: String,
}

impl ProfileView {
    /// Returns the profile that a website's address is, if it is one.
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

impl HandOverView {
    /// Returns what the domain says, and nothing of the way to it.
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
#[derive(Debug, Serialize)]
pub struct FoundBy {
    /// The search.
    pub search_job_id: Uuid,
    /// When it found the place first.
    pub found_at: DateTime<Utc>,
}

impl PlaceDetailsView {
    /// Makes the view of a place.
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
