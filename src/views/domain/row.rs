//! The row of a domain.

use chrono::{DateTime, Utc};
use database::models::domain::Domain;
use database::models::enums::{CurationStatus, ProcessingStatus, TaskStatus};
use serde::Serialize;
use uuid::Uuid;

/// A domain of the tenant.
#[derive(Debug, Serialize)]
pub struct DomainView {
    /// Identifies the row.
    pub id: Uuid,
    /// The standard form of its name: lower case, punycode, no `www.`.
    pub domain: String,
    /// Where the lead came from.
    pub lead_source: Option<String>,
    /// Whether it is in use.
    pub is_active: Option<bool>,
    /// Its state.
    pub status: String,
    /// How far the domain scan is.
    pub content_scrape_status: Option<&'static str>,
    /// When the domain scan last changed state.
    pub content_scrape_at: Option<DateTime<Utc>>,
    /// Why the domain scan failed.
    pub content_scrape_error: Option<String>,
    /// How far the crawl for contacts is.
    pub page_scrape_status: Option<&'static str>,
    /// When the crawl last changed state.
    pub page_scrape_at: Option<DateTime<Utc>>,
    /// Why the crawl failed.
    pub page_scrape_error: Option<String>,
    /// How far the watch over its sitemaps is.
    pub sitemap_monitor_status: Option<&'static str>,
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
    pub created_by: Option<Uuid>,
    /// What people wrote about it.
    pub notes: Option<String>,
    /// How many URLs its sitemaps list.
    pub sitemap_urls: Option<i32>,
    /// How many sitemap files it has.
    pub total_sitemaps: Option<i32>,
    /// The business it belongs to, in a table of the old system.
    pub local_business_id: Option<Uuid>,
    /// What a person decided about its sitemaps.
    pub sitemap_curation_status: Option<&'static str>,
    /// How far the analysis of its sitemaps is.
    pub sitemap_analysis_status: Option<&'static str>,
    /// Why that analysis failed.
    pub sitemap_analysis_error: Option<String>,
}

impl From<Domain> for DomainView {
    #[expect(clippy::too_many_lines, reason = "each column twice")]
    fn from(row: Domain) -> Self {
        let Domain {
            id,
            tenant_id: _,
            domain,
            lead_source,
            is_active,
            status,
            content_scrape_status,
            content_scrape_at,
            content_scrape_error,
            page_scrape_status,
            page_scrape_at,
            page_scrape_error,
            sitemap_monitor_status,
            sitemap_monitor_at,
            sitemap_monitor_error,
            has_sitemap,
            page_count,
            sitemap_url,
            first_scan,
            last_scan,
            created_at,
            updated_at,
            created_by,
            notes,
            sitemap_urls,
            total_sitemaps,
            local_business_id,
            sitemap_curation_status,
            sitemap_analysis_status,
            sitemap_analysis_error,
        } = row;
        Self {
            id: id.get(),
            domain,
            lead_source,
            is_active,
            status,
            content_scrape_status: content_scrape_status.map(TaskStatus::label),
            content_scrape_at,
            content_scrape_error,
            page_scrape_status: page_scrape_status.map(TaskStatus::label),
            page_scrape_at,
            page_scrape_error,
            sitemap_monitor_status: sitemap_monitor_status.map(TaskStatus::label),
            sitemap_monitor_at,
            sitemap_monitor_error,
            has_sitemap,
            page_count,
            sitemap_url,
            first_scan,
            last_scan,
            created_at,
            updated_at,
            created_by: created_by.map(|id| id.get()),
            notes,
            sitemap_urls,
            total_sitemaps,
            local_business_id,
            sitemap_curation_status: sitemap_curation_status.map(CurationStatus::label),
            sitemap_analysis_status: sitemap_analysis_status.map(ProcessingStatus::label),
            sitemap_analysis_error,
        }
    }
}
