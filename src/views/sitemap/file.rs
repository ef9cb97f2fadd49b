//! Sitemap files.

use chrono::{DateTime, Utc};
use database::models::enums::ProcessingStatus;
use database::models::sitemap_file::SitemapFile;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::words::{CurationWord, ProcessingStatusWord, Words};

/// A sitemap file of a domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct SitemapView {
    /// Id of the file.
    pub id: Uuid,
    /// Id of the file's domain.
    pub domain_id: Uuid,
    /// Absolute URL of the file.
    pub url: String,
    /// The format: `urlset`, `index`, `rss`, `atom`, `text` or `unknown`.
    pub sitemap_type: String,
    /// How the file was found: `request`, `robots_txt`, `html_link`, `well_known`, `feed` or `sitemap_index`.
    pub discovery_method: Option<String>,
    /// Id of the sitemap index that lists the file; null if none does.
    pub parent_id: Option<Uuid>,
    /// The number of sitemap indexes that lead to the file.
    pub depth: Option<i16>,
    /// The status of its analysis: `pending`, `completed`, `partial`, `failed`, `skipped`, `gone`, or a word of the old system.
    pub status: String,
    /// HTTP status of the last response.
    pub status_code: Option<i32>,
    /// Why the file could not be read, or what is wrong with it; null if nothing is.
    pub error_message: Option<String>,
    /// The number of URLs that the file lists.
    pub url_count: Option<i32>,
    /// Size of the file in bytes, as transferred.
    pub size_bytes: Option<i32>,
    /// Whether the file was transferred compressed.
    pub is_gzipped: Option<bool>,
    /// Response time in milliseconds.
    pub response_time_ms: Option<i32>,
    /// The latest modification that the file states for its entries.
    pub last_modified: Option<DateTime<Utc>>,
    /// Whether the entries state when they last changed.
    pub has_lastmod: Option<bool>,
    /// Whether the entries state priorities.
    pub has_priority: Option<bool>,
    /// Whether the entries state how often they change.
    pub has_changefreq: Option<bool>,
    /// The program that generated the file, if known.
    pub generator: Option<String>,
    /// The curation status.
    #[schema(value_type = Option<CurationWord>)]
    pub curation_status: Option<&'static str>,
    /// Status of the import.
    #[schema(value_type = Option<ProcessingStatusWord>)]
    pub import_status: Option<&'static str>,
    /// Why the import failed; null if it did not.
    pub import_error: Option<String>,
    /// Id of the job that last read the file.
    pub job_id: Option<Uuid>,
    /// When the file was last read.
    pub last_processed_at: Option<DateTime<Utc>>,
    /// When the file was found.
    pub created_at: Option<DateTime<Utc>>,
    /// When the row last changed.
    pub updated_at: Option<DateTime<Utc>>,
}

impl From<SitemapFile> for SitemapView {
    #[expect(clippy::too_many_lines, reason = "each column twice")]
    fn from(file: SitemapFile) -> Self {
        let SitemapFile {
            id,
            tenant_id: _,
            domain_id,
            url,
            sitemap_type,
            discovery_method,
            // Equal to `url_count`; the old system stored both.
            page_count: _,
            size_bytes,
            response_time_ms,
            status,
            status_code,
            error_message,
            last_modified,
            is_gzipped,
            has_lastmod,
            has_priority,
            has_changefreq,
            generator,
            user_id: _,
            last_processed_at,
            created_at,
            created_by: _,
            updated_at,
            updated_by: _,
            job_id,
            url_count,
            deep_scrape_curation_status,
            sitemap_import_error,
            sitemap_import_status,
            depth,
            parent_id,
        } = file;
        Self {
            id: id.get(),
            domain_id: domain_id.get(),
            url,
            sitemap_type,
            discovery_method,
            parent_id: parent_id.map(|id| id.get()),
            depth,
            status,
            status_code,
            error_message,
            url_count,
            size_bytes,
            is_gzipped,
            response_time_ms,
            last_modified,
            has_lastmod,
            has_priority,
            has_changefreq,
            generator,
            curation_status: deep_scrape_curation_status.map(Words::word),
            import_status: sitemap_import_status.map(ProcessingStatus::label),
            import_error: sitemap_import_error,
            job_id: job_id.map(|id| id.get()),
            last_processed_at,
            created_at,
            updated_at,
        }
    }
}
