//! A sitemap file.

use chrono::{DateTime, Utc};
use database::models::enums::ProcessingStatus;
use database::models::sitemap_file::SitemapFile;
use serde::Serialize;
use uuid::Uuid;

use super::curation::curation_word;

/// A sitemap file as its tenant sees it.
#[derive(Debug, Serialize)]
pub struct SitemapView {
    /// Identifies it.
    pub id: Uuid,
    /// The domain it belongs to.
    pub domain_id: Uuid,
    /// Its absolute URL.
    pub url: String,
    /// `urlset`, `index`, `rss`, `atom`, `text` or `unknown`.
    pub sitemap_type: String,
    /// How it was found.
    pub discovery_method: Option<String>,
    /// The index that lists it.
    pub parent_id: Option<Uuid>,
    /// How many indexes lead to it.
    pub depth: Option<i16>,
    /// `pending`, `completed`, `partial`, `failed`, `skipped` or `gone`.
    pub status: String,
    /// The HTTP status it was answered with.
    pub status_code: Option<i32>,
    /// What is wrong with it.
    pub error_message: Option<String>,
    /// How many URLs it lists.
    pub url_count: Option<i32>,
    /// Its size in bytes, as it came.
    pub size_bytes: Option<i32>,
    /// Whether it came compressed.
    pub is_gzipped: Option<bool>,
    /// How long its answer took, in milliseconds.
    pub response_time_ms: Option<i32>,
    /// The latest change of what it lists.
    pub last_modified: Option<DateTime<Utc>>,
    /// Whether its entries say when they changed.
    pub has_lastmod: Option<bool>,
    /// Whether its entries have priorities.
    pub has_priority: Option<bool>,
    /// Whether its entries say how often they change.
    pub has_changefreq: Option<bool>,
    /// What made it.
    pub generator: Option<String>,
    /// `new`, `selected`, `maybe`, `not_a_fit` or `archived`.
    pub curation_status: Option<&'static str>,
    /// How far its import is.
    pub import_status: Option<&'static str>,
    /// Why its import failed.
    pub import_error: Option<String>,
    /// The job that read it last.
    pub job_id: Option<Uuid>,
    /// When it was last read.
    pub last_processed_at: Option<DateTime<Utc>>,
    /// When it was found.
    pub created_at: Option<DateTime<Utc>>,
    /// When its row last changed.
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
            // As many as `url_count`: the old system kept the two apart.
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
            curation_status: deep_scrape_curation_status.map(curation_word),
            import_status: sitemap_import_status.map(ProcessingStatus::label),
            import_error: sitemap_import_error,
            job_id: job_id.map(|id| id.get()),
            last_processed_at,
            created_at,
            updated_at,
        }
    }
}
