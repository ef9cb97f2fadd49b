//! Table `sitemap_files`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery};
use schema::sitemap_files;

use super::enums::{CurationStatus, ProcessingStatus};
use crate::ids::{DomainId, JobId, SitemapFileId, TenantId, UserId};

/// A sitemap file of a domain.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = sitemap_files)]
pub struct SitemapFile {
    /// Identifies the row.
    pub id: SitemapFileId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// Its absolute URL.
    pub url: String,
    /// The type of file.
    pub sitemap_type: String,
    /// How it was found.
    pub discovery_method: Option<String>,
    /// How many pages it leads to.
    pub page_count: Option<i32>,
    /// Its size in bytes.
    pub size_bytes: Option<i32>,
    /// How long its answer took, in milliseconds.
    pub response_time_ms: Option<i32>,
    /// Its status.
    pub status: String,
    /// The HTTP status of the response.
    pub status_code: Option<i32>,
    /// What went wrong.
    pub error_message: Option<String>,
    /// Its stated last modification.
    pub last_modified: Option<DateTime<Utc>>,
    /// Whether it came compressed.
    pub is_gzipped: Option<bool>,
    /// Whether its entries have a last modification.
    pub has_lastmod: Option<bool>,
    /// Whether its entries have priorities.
    pub has_priority: Option<bool>,
    /// Whether its entries have a change frequency.
    pub has_changefreq: Option<bool>,
    /// The generator it names.
    pub generator: Option<String>,
    /// The user who works on it.
    pub user_id: Option<UserId>,
    /// When it was last worked on.
    pub last_processed_at: Option<DateTime<Utc>>,
    /// When the row was created.
    pub created_at: Option<DateTime<Utc>>,
    /// Who created the row.
    pub created_by: Option<UserId>,
    /// When the row last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Who changed the row last.
    pub updated_by: Option<UserId>,
    /// The job that created it.
    pub job_id: Option<JobId>,
    /// How many URLs it lists.
    pub url_count: Option<i32>,
    /// The curation status a person gave it.
    pub deep_scrape_curation_status: Option<CurationStatus>,
    /// Why its import failed.
    pub sitemap_import_error: Option<String>,
    /// Its import status.
    pub sitemap_import_status: Option<ProcessingStatus>,
    /// How many indexes lead to it.
    pub depth: Option<i16>,
    /// The index that lists it.
    pub parent_id: Option<SitemapFileId>,
}

/// Changes of a [`SitemapFile`].
///
/// `None` leaves a column unchanged; `Some(None)` sets a nullable column to NULL.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = sitemap_files)]
pub struct SitemapFileChanges<'a> {
    /// The type of file.
    pub sitemap_type: Option<&'a str>,
    /// How long its answer took, in milliseconds.
    pub response_time_ms: Option<Option<i32>>,
    /// Its stated last modification.
    pub last_modified: Option<Option<DateTime<Utc>>>,
    /// Whether it came compressed.
    pub is_gzipped: Option<Option<bool>>,
    /// Whether its entries have a last modification.
    pub has_lastmod: Option<Option<bool>>,
    /// Whether its entries have priorities.
    pub has_priority: Option<Option<bool>>,
    /// Whether its entries have a change frequency.
    pub has_changefreq: Option<Option<bool>>,
    /// The generator it names.
    pub generator: Option<Option<&'a str>>,
    /// Its status.
    pub status: Option<&'a str>,
    /// The HTTP status of the response.
    pub status_code: Option<Option<i32>>,
    /// What went wrong.
    pub error_message: Option<Option<&'a str>>,
    /// How many pages it leads to.
    pub page_count: Option<Option<i32>>,
    /// How many URLs it lists.
    pub url_count: Option<Option<i32>>,
    /// Its size in bytes.
    pub size_bytes: Option<Option<i32>>,
    /// When it was last worked on.
    pub last_processed_at: Option<Option<DateTime<Utc>>>,
    /// The curation status a person gave it.
    pub deep_scrape_curation_status: Option<Option<CurationStatus>>,
    /// Its import status.
    pub sitemap_import_status: Option<Option<ProcessingStatus>>,
    /// Why its import failed.
    pub sitemap_import_error: Option<Option<&'a str>>,
}
