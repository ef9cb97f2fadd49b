//! Table `domains`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::domains;
use uuid::Uuid;

use super::enums::{CurationStatus, ProcessingStatus, TaskStatus};
use crate::ids::{DomainId, TenantId, UserId};

/// A domain of a tenant: who it is, its lifecycle and curation.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = domains)]
pub struct Domain {
    /// Identifies the row.
    pub id: DomainId,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// The standard form of its name: lower case, punycode, no `www.`.
    pub domain: String,
    /// Where the lead came from.
    pub lead_source: Option<String>,
    /// Whether it is in use.
    pub is_active: Option<bool>,
    /// How far it is.
    pub status: String,
    /// How far the domain scan is.
    pub content_scrape_status: Option<TaskStatus>,
    /// When the domain scan last changed state.
    pub content_scrape_at: Option<DateTime<Utc>>,
    /// Why the domain scan failed.
    pub content_scrape_error: Option<String>,
    /// How far the crawl for contacts is.
    pub page_scrape_status: Option<TaskStatus>,
    /// When the crawl last changed state.
    pub page_scrape_at: Option<DateTime<Utc>>,
    /// Why the crawl failed.
    pub page_scrape_error: Option<String>,
    /// How far the watch over its sitemaps is.
    pub sitemap_monitor_status: Option<TaskStatus>,
    /// When that watch last changed state.
    pub sitemap_monitor_at: Option<DateTime<Utc>>,
    /// Why that watch failed.
    pub sitemap_monitor_error: Option<String>,
    /// Whether a sitemap was found.
    pub has_sitemap: Option<bool>,
    /// How many pages its sitemaps list.
    pub page_count: Option<i32>,
    /// The sitemap that was found first.
    pub sitemap_url: Option<String>,
    /// When it was first scanned.
    pub first_scan: DateTime<Utc>,
    /// When it was last scanned.
    pub last_scan: DateTime<Utc>,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// Who made the row.
    pub created_by: Option<UserId>,
    /// What people wrote about it.
    pub notes: Option<String>,
    /// How many URLs its sitemaps list.
    pub sitemap_urls: Option<i32>,
    /// How many sitemap files it has.
    pub total_sitemaps: Option<i32>,
    /// The business it belongs to, in a table of the old system.
    pub local_business_id: Option<Uuid>,
    /// What a person decided about its sitemaps.
    pub sitemap_curation_status: Option<CurationStatus>,
    /// How far the analysis of its sitemaps is.
    pub sitemap_analysis_status: Option<ProcessingStatus>,
    /// Why that analysis failed.
    pub sitemap_analysis_error: Option<String>,
}

/// A new [`Domain`].
///
/// What is `None` is left to the column's default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = domains)]
pub struct NewDomain<'a> {
    /// The standard form of its name: lower case, punycode, no `www.`.
    pub domain: &'a str,
    /// Where the lead came from.
    pub lead_source: Option<&'a str>,
    /// Who made the row.
    pub created_by: Option<UserId>,
}

/// What to change about a [`Domain`].
///
/// `None` leaves a column as it is; where a column may be NULL, `Some(None)` makes it so.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = domains)]
pub struct DomainChanges<'a> {
    /// Whether it is in use.
    pub is_active: Option<Option<bool>>,
    /// How far it is.
    pub status: Option<&'a str>,
    /// How far the domain scan is.
    pub content_scrape_status: Option<Option<TaskStatus>>,
    /// When the domain scan last changed state.
    pub content_scrape_at: Option<Option<DateTime<Utc>>>,
    /// Why the domain scan failed.
    pub content_scrape_error: Option<Option<&'a str>>,
    /// How far the crawl for contacts is.
    pub page_scrape_status: Option<Option<TaskStatus>>,
    /// When the crawl last changed state.
    pub page_scrape_at: Option<Option<DateTime<Utc>>>,
    /// Why the crawl failed.
    pub page_scrape_error: Option<Option<&'a str>>,
    /// How far the watch over its sitemaps is.
    pub sitemap_monitor_status: Option<Option<TaskStatus>>,
    /// When that watch last changed state.
    pub sitemap_monitor_at: Option<Option<DateTime<Utc>>>,
    /// Why that watch failed.
    pub sitemap_monitor_error: Option<Option<&'a str>>,
    /// Whether a sitemap was found.
    pub has_sitemap: Option<Option<bool>>,
    /// How many pages its sitemaps list.
    pub page_count: Option<Option<i32>>,
    /// The sitemap that was found first.
    pub sitemap_url: Option<Option<&'a str>>,
    /// When it was last scanned.
    pub last_scan: Option<DateTime<Utc>>,
    /// What people wrote about it.
    pub notes: Option<Option<&'a str>>,
    /// How many URLs its sitemaps list.
    pub sitemap_urls: Option<Option<i32>>,
    /// How many sitemap files it has.
    pub total_sitemaps: Option<Option<i32>>,
    /// What a person decided about its sitemaps.
    pub sitemap_curation_status: Option<Option<CurationStatus>>,
    /// How far the analysis of its sitemaps is.
    pub sitemap_analysis_status: Option<Option<ProcessingStatus>>,
    /// Why that analysis failed.
    pub sitemap_analysis_error: Option<Option<&'a str>>,
}
