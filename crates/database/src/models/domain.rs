//! Table `domains`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::domains;
use uuid::Uuid;

use super::enums::{CurationStatus, ProcessingStatus, TaskStatus};
use crate::ids::{DomainId, TenantId, UserId};

/// A domain by its name.
#[derive(Clone, Debug, PartialEq, Eq, HasQuery)]
#[diesel(table_name = domains)]
pub struct NamedDomain {
    /// Identifies the domain.
    pub id: DomainId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Its name.
    pub domain: String,
}

/// A domain of a tenant: its identity, lifecycle and curation.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = domains)]
pub struct Domain {
    /// Identifies the row.
    pub id: DomainId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The standard form of its name: lower case, punycode, no `www.`.
    pub domain: String,
    /// Where the lead came from.
    pub lead_source: Option<String>,
    /// Whether it is in use.
    pub is_active: Option<bool>,
    /// Its status.
    pub status: String,
    /// The status of the domain scan.
    pub content_scrape_status: Option<TaskStatus>,
    /// When the domain scan last changed state.
    pub content_scrape_at: Option<DateTime<Utc>>,
    /// Why the domain scan failed.
    pub content_scrape_error: Option<String>,
    /// The status of the crawl for contacts.
    pub page_scrape_status: Option<TaskStatus>,
    /// When the crawl last changed state.
    pub page_scrape_at: Option<DateTime<Utc>>,
    /// Why the crawl failed.
    pub page_scrape_error: Option<String>,
    /// The status of its sitemap monitoring.
    pub sitemap_monitor_status: Option<TaskStatus>,
    /// When that monitoring last changed state.
    pub sitemap_monitor_at: Option<DateTime<Utc>>,
    /// Why that monitoring failed.
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
    /// When the row was created.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// Who created the row.
    pub created_by: Option<UserId>,
    /// People's notes.
    pub notes: Option<String>,
    /// How many URLs its sitemaps list.
    pub sitemap_urls: Option<i32>,
    /// How many sitemap files it has.
    pub total_sitemaps: Option<i32>,
    /// The business it belongs to, in a table of the old system.
    pub local_business_id: Option<Uuid>,
    /// The curation status a person gave its sitemaps.
    pub sitemap_curation_status: Option<CurationStatus>,
    /// The status of its sitemap analysis.
    pub sitemap_analysis_status: Option<ProcessingStatus>,
    /// Why that analysis failed.
    pub sitemap_analysis_error: Option<String>,
}

/// A new [`Domain`].
///
/// `None` leaves a column at its default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = domains)]
pub struct NewDomain<'a> {
    /// The standard form of its name: lower case, punycode, no `www.`.
    pub domain: &'a str,
    /// Where the lead came from.
    pub lead_source: Option<&'a str>,
    /// Who created the row.
    pub created_by: Option<UserId>,
}

/// Changes of a [`Domain`].
///
/// `None` leaves a column unchanged; `Some(None)` sets a nullable column to NULL.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = domains)]
pub struct DomainChanges<'a> {
    /// Whether it is in use.
    pub is_active: Option<Option<bool>>,
    /// Its status.
    pub status: Option<&'a str>,
    /// The status of the domain scan.
    pub content_scrape_status: Option<Option<TaskStatus>>,
    /// When the domain scan last changed state.
    pub content_scrape_at: Option<Option<DateTime<Utc>>>,
    /// Why the domain scan failed.
    pub content_scrape_error: Option<Option<&'a str>>,
    /// The status of the crawl for contacts.
    pub page_scrape_status: Option<Option<TaskStatus>>,
    /// When the crawl last changed state.
    pub page_scrape_at: Option<Option<DateTime<Utc>>>,
    /// Why the crawl failed.
    pub page_scrape_error: Option<Option<&'a str>>,
    /// The status of its sitemap monitoring.
    pub sitemap_monitor_status: Option<Option<TaskStatus>>,
    /// When that monitoring last changed state.
    pub sitemap_monitor_at: Option<Option<DateTime<Utc>>>,
    /// Why that monitoring failed.
    pub sitemap_monitor_error: Option<Option<&'a str>>,
    /// Whether a sitemap was found.
    pub has_sitemap: Option<Option<bool>>,
    /// How many pages its sitemaps list.
    pub page_count: Option<Option<i32>>,
    /// The sitemap that was found first.
    pub sitemap_url: Option<Option<&'a str>>,
    /// When it was last scanned.
    pub last_scan: Option<DateTime<Utc>>,
    /// People's notes.
    pub notes: Option<Option<&'a str>>,
    /// How many URLs its sitemaps list.
    pub sitemap_urls: Option<Option<i32>>,
    /// How many sitemap files it has.
    pub total_sitemaps: Option<Option<i32>>,
    /// The curation status a person gave its sitemaps.
    pub sitemap_curation_status: Option<Option<CurationStatus>>,
    /// The status of its sitemap analysis.
    pub sitemap_analysis_status: Option<Option<ProcessingStatus>>,
    /// Why that analysis failed.
    pub sitemap_analysis_error: Option<Option<&'a str>>,
}
