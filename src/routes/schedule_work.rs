//! What a schedule starts: as requests say it, and as it is read when a run is due.

use database::ids::UserId;
use database::models::values::RawJson;
use futures_core::future::BoxFuture;
use jobs::{Submission, SubmitError};
use scans::domain::DEFAULT_PAGES;
use scans::places::money::Usd;
use scans::places::{PlacesSearch, SearchRequest};
use scans::rescan::Rescan;
use scans::schedules::{Bounds, Chosen, Started, Work};
use scans::sitemap::{SitemapRequest, SitemapScan};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::lead_filter::LeadFilterBody;
use super::rescans::DomainWords;
use crate::error::{ApiError, ApiResult};
use crate::views::fields;

/// Maximum cost of a run, in US dollars.
const MAX_USD: f64 = 10_000.0;

/// Work to start, by the kind of its jobs: exactly one is required.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkBody {
    /// Scans of domains, as one batch.
    #[serde(default, deserialize_with = "fields::optional")]
    domain_scan: Option<DomainScanWork>,
    /// Scans of sites for email addresses, as one batch.
    #[serde(default, deserialize_with = "fields::optional")]
    email_scan: Option<EmailScanWork>,
    /// A search for places.
    #[serde(default, deserialize_with = "fields::optional")]
    place_search: Option<PlaceSearchWork>,
    /// An analysis of sitemaps.
    #[serde(default, deserialize_with = "fields::optional")]
    sitemap_scan: Option<SitemapScanWork>,
}

/// Scans of domains: either `leads` or `domains` is required.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DomainScanWork {
    /// Selects the domains of leads that match; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    leads: Option<LeadFilterBody>,
    /// Selects domains that match; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    domains: Option<DomainWords>,
    /// The maximum number of each site's pages to count.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000, default = 1000)]
    max_pages: Option<i64>,
    /// Whether to scan the sites for email addresses as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(default = false)]
    emails: bool,
}

/// Scans of sites for email addresses: either `leads` or `domains` is required.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EmailScanWork {
    /// Selects the domains of leads that match; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    leads: Option<LeadFilterBody>,
    /// Selects domains that match; `{}` selects all.
    #[serde(default, deserialize_with = "fields::optional")]
    domains: Option<DomainWords>,
}

/// A search for places, with a cap on what a run costs.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PlaceSearchWork {
    /// The location to search, in words.
    #[schema(max_length = 255)]
    location: String,
    /// The kind of business to search for.
    #[schema(max_length = 100)]
    business_type: String,
    /// The maximum cost of a run in US dollars, at list prices: it ends before a call that would exceed it.
    #[schema(exclusive_minimum = 0, maximum = 10_000)]
    max_usd: f64,
    /// Radius around the location in kilometres.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 50, default = 10.0)]
    radius_km: Option<f64>,
    /// The maximum number of places; more than 100 only with `grid`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 2000, default = 20)]
    max_results: Option<i64>,
    /// Latitude of the location in degrees north; required with `longitude`.
    #[serde(default)]
    #[schema(minimum = -90, maximum = 90)]
    latitude: Option<f64>,
    /// Longitude of the location in degrees east; required with `latitude`.
    #[serde(default)]
    #[schema(minimum = -180, maximum = 180)]
    longitude: Option<f64>,
    /// Whether the area may be split to find more than 60 places; by default, if `max_results` exceeds 60.
    #[serde(default)]
    grid: Option<bool>,
}

/// An analysis of all sitemaps of a domain, or of one sitemap: `domain` or `sitemap_url` is required.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SitemapScanWork {
    /// The domain; by default the domain of `sitemap_url`.
    #[serde(default)]
    domain: Option<String>,
    /// URL of the sitemap to start with, instead of those that the site names.
    #[serde(default)]
    sitemap_url: Option<String>,
    /// The maximum number of URLs to store.
    #[serde(default)]
    #[schema(minimum = 1, default = 1_000_000)]
    max_urls: Option<i64>,
    /// The maximum depth of nested sitemap indexes.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10, default = 3)]
    max_depth: Option<i16>,
}

impl WorkBody {
    /// Reads the work, for a key or a person, or for the operator.
    ///
    /// # Errors
    ///
    /// [`ApiError::BadRequest`], which names the field.
    pub fn read(&self, bounds: &Bounds, run_by: Option<UserId>) -> ApiResult<Work<'_>> {
        match (
            &self.domain_scan,
            &self.email_scan,
            &self.place_search,
            &self.sitemap_scan,
        ) {
            (Some(scan), None, None, None) => {
                let rescan = Rescan::read(scan.max_pages.unwrap_or(DEFAULT_PAGES), scan.emails)?;
                Ok(Work::Domains(
                    rescan,
                    choose(scan.leads.as_ref(), scan.domains.as_ref())?,
                ))
            }
            (None, Some(scan), None, None) => {
                let chosen = choose(scan.leads.as_ref(), scan.domains.as_ref())?;
                Ok(Work::Domains(Rescan::for_emails(), chosen))
            }
            (None, None, Some(search), None) => search.read(bounds, run_by).map(Work::Places),
            (None, None, None, Some(scan)) => scan.read(bounds).map(Work::Sitemaps),
            _ => Err(ApiError::bad_request(
                "work",
                "work must have exactly one of domain_scan, email_scan, place_search, sitemap_scan",
            )),
        }
    }

    /// Returns the work as it is stored: without what it leaves open.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be represented as JSON.
    pub fn stored(&self) -> serde_json::Result<RawJson> {
        Ok(RawJson::from(without_nulls(serde_json::to_value(self)?)))
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        other => other,
    }
}

/// Returns which domains are chosen.
fn choose<'b>(leads: Option<&'b LeadFilterBody>, domains: Option<&'b DomainWords>) -> ApiResult<Chosen<'b>> {
    match (leads, domains) {
        (Some(leads), None) => LeadFilterBody::chosen(None, Some(leads)).map(Chosen::Leads),
        (None, Some(domains)) => domains.filter().map(Chosen::Domains),
        _ => Err(ApiError::bad_request(
            "leads",
            "either `leads` or `domains` is required; an empty filter, `{}`, selects all",
        )),
    }
}

impl PlaceSearchWork {
    fn read(&self, bounds: &Bounds, run_by: Option<UserId>) -> ApiResult<PlacesSearch> {
        if !(self.max_usd > 0.0 && self.max_usd <= MAX_USD) {
            let detail = format!("max_usd is {}: it must be above 0, and at most {MAX_USD}", self.max_usd);
            return Err(ApiError::bad_request("max_usd", detail));
        }
        let search = PlacesSearch::read(&SearchRequest {
            business_type: &self.business_type,
            location: &self.location,
            latitude: self.latitude,
            longitude: self.longitude,
            radius_km: self.radius_km.unwrap_or(10.0),
            max_results: self.max_results.unwrap_or(20),
            grid: self.grid,
            created_by: run_by.map_or(Uuid::nil(), UserId::get),
        })?;
        Ok(search.costing_at_most(Usd::from_dollars(self.max_usd), &bounds.places)?)
    }
}

impl SitemapScanWork {
    fn read(&self, bounds: &Bounds) -> ApiResult<SitemapScan> {
        let request = SitemapRequest {
            domain: self.domain.as_deref(),
            sitemap_url: self.sitemap_url.as_deref(),
            max_urls: self.max_urls,
            max_depth: self.max_depth,
        };
        Ok(SitemapScan::read(&request, &bounds.sitemaps)?)
    }
}

/// Reads stored work and submits it.
pub fn start<'s>(
    stored: &'s RawJson,
    bounds: &'s Bounds,
    submission: &'s mut Submission<'_>,
) -> BoxFuture<'s, Result<Started, SubmitError>> {
    Box::pin(async move {
        let unreadable =
            |error: serde_json::Error| SubmitError::invalid("work", format!("work cannot be read any more: {error}"));
        let body: WorkBody = stored.parse().map_err(unreadable)?;
        let refused = |error: ApiError| SubmitError::invalid("work", error.to_string());
        let work = body.read(bounds, submission.created_by()).map_err(refused)?;
        work.submit(submission).await
    })
}
