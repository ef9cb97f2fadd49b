//! Domains as they appear in lists.

use chrono::{DateTime, Utc};
use database::models::domain::Domain;
use database::models::enums::{ProcessingStatus, TaskStatus};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::words::{CurationWord, ProcessingStatusWord, TaskStatusWord, Words};

/// A domain of the tenant.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainView {
    /// Id of the domain.
    pub id: Uuid,
    /// Name of the domain in its standard form: lower case, punycode, no `www.`.
    pub domain: String,
    /// Where the lead came from.
    pub lead_source: Option<String>,
    /// Whether the domain is in use.
    pub is_active: Option<bool>,
    /// Status of the domain.
    pub status: String,
    /// Status of the domain scan; null if none was queued.
    #[schema(value_type = Option<TaskStatusWord>)]
    pub content_scrape_status: Option<&'static str>,
    /// When the status of the domain scan last changed.
    pub content_scrape_at: Option<DateTime<Utc>>,
    /// Why the domain scan failed; null if it did not.
    pub content_scrape_error: Option<String>,
    /// Status of the crawl for contacts; null if none was queued.
    #[schema(value_type = Option<TaskStatusWord>)]
    pub page_scrape_status: Option<&'static str>,
    /// When the status of the crawl last changed.
    pub page_scrape_at: Option<DateTime<Utc>>,
    /// Why the crawl failed; null if it did not.
    pub page_scrape_error: Option<String>,
    /// Status of the sitemap monitoring.
    #[schema(value_type = Option<TaskStatusWord>)]
    pub sitemap_monitor_status: Option<&'static str>,
    /// When the status of the sitemap monitoring last changed.
    pub sitemap_monitor_at: Option<DateTime<Utc>>,
    /// Why the sitemap monitoring failed; null if it did not.
    pub sitemap_monitor_error: Option<String>,
    /// Whether the site has a sitemap; null if unknown.
    pub has_sitemap: Option<bool>,
    /// The number of pages that the sitemaps list; null if unknown.
    pub page_count: Option<i32>,
    /// URL of the first sitemap found.
    pub sitemap_url: Option<String>,
    /// When the domain was first scanned.
    pub first_scan: DateTime<Utc>,
    /// When the domain was last scanned.
    pub last_scan: DateTime<Utc>,
    /// When the domain was added.
    pub created_at: DateTime<Utc>,
    /// When the domain last changed.
    pub updated_at: DateTime<Utc>,
    /// Id of the user who added the domain; null if unknown.
    pub created_by: Option<Uuid>,
    /// People's notes about the domain.
    pub notes: Option<String>,
    /// The number of URLs that the sitemaps list.
    pub sitemap_urls: Option<i32>,
    /// The number of sitemap files.
    pub total_sitemaps: Option<i32>,
    /// Id of the domain's business in a table of the old system.
    pub local_business_id: Option<Uuid>,
    /// A person's decision about the domain's sitemaps.
    #[schema(value_type = Option<CurationWord>)]
    pub sitemap_curation_status: Option<&'static str>,
    /// Status of the sitemap analysis; null if none was queued.
    #[schema(value_type = Option<ProcessingStatusWord>)]
    pub sitemap_analysis_status: Option<&'static str>,
    /// Why the sitemap analysis failed; null if it did not.
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
            sitemap_curation_status: sitemap_curation_status.map(Words::word),
            sitemap_analysis_status: sitemap_analysis_status.map(ProcessingStatus::label),
            sitemap_analysis_error,
        }
    }
}
