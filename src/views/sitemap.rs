//! Sitemap files, what they list, and what is different since the analysis before.

use chrono::{DateTime, Utc};
use database::ids::{DomainId, JobId};
use database::models::enums::{CurationStatus, ProcessingStatus};
use database::models::sitemap_file::SitemapFile;
use database::models::sitemap_run::SitemapRun;
use database::models::sitemap_url::SitemapUrl;
use database::models::sitemap_url_change::SitemapUrlChange;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::csv::{cell, harmless};

/// Asks for the analysis of a domain's sitemaps, or of one.
#[derive(Debug, Deserialize)]
pub struct SitemapScanRequest {
    /// The domain, in any spelling that a domain scan takes.
    #[serde(default, alias = "base_url")]
    pub domain: Option<String>,
    /// The sitemap to begin with, instead of those that the site names.
    #[serde(default)]
    pub sitemap_url: Option<String>,
    /// How many URLs to store at most.
    #[serde(default)]
    pub max_urls: Option<i64>,
    /// How deeply indexes may lead to indexes.
    #[serde(default)]
    pub max_depth: Option<i16>,
    /// The caller's tenant, if it is named at all.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// Says where an accepted analysis is followed.
#[derive(Debug, Serialize)]
pub struct SitemapScanAccepted {
    /// The job.
    pub job_id: Uuid,
    /// The path of its status.
    pub status_url: String,
    /// The domain's row.
    pub domain_id: Uuid,
    /// Whether the job is new, and not one for the domain that has not ended.
    pub is_new: bool,
}

impl SitemapScanAccepted {
    /// Says so of a job.
    #[must_use]
    pub fn new(job: JobId, domain: DomainId, is_new: bool) -> Self {
        Self {
            job_id: job.get(),
            status_url: format!("/api/v1/jobs/{job}"),
            domain_id: domain.get(),
            is_new,
        }
    }
}

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

/// A URL that a sitemap file lists.
#[derive(Debug, Serialize)]
pub struct SitemapUrlView {
    /// Identifies it.
    pub id: Uuid,
    /// The file that lists it.
    pub sitemap_id: Uuid,
    /// Its absolute URL.
    pub url: String,
    /// What kind of page it seems to be.
    pub page_type: Option<String>,
    /// When it changed, by the file's account.
    pub lastmod: Option<DateTime<Utc>>,
    /// How often it changes, by the file's account.
    pub changefreq: Option<String>,
    /// The priority in the file, 0 to 1.
    pub priority: Option<String>,
    /// How many images the entry has.
    pub image_count: Option<i32>,
    /// How many videos the entry has.
    pub video_count: Option<i32>,
    /// How many news items the entry has.
    pub news_count: Option<i32>,
    /// The same page in other languages: `[{"hreflang", "href"}]`.
    pub alternates: Option<Box<RawValue>>,
    /// When it was first listed.
    pub discovered_at: Option<DateTime<Utc>>,
}

impl From<SitemapUrl> for SitemapUrlView {
    fn from(row: SitemapUrl) -> Self {
        Self {
            id: row.id.get(),
            sitemap_id: row.sitemap_id.get(),
            url: row.url,
            page_type: row.page_type,
            lastmod: row.lastmod,
            changefreq: row.changefreq,
            priority: row.priority_value.map(|value| value.to_string()),
            image_count: row.image_count,
            video_count: row.video_count,
            news_count: row.news_count,
            alternates: row.alternates.map(database::models::values::RawJson::into_raw),
            discovered_at: row.discovered_at,
        }
    }
}

/// The head of an export as CSV.
pub const CSV_HEAD: [&str; 10] = [
    "url",
    "lastmod",
    "changefreq",
    "priority",
    "page_type",
    "image_count",
    "video_count",
    "news_count",
    "discovered_at",
    "sitemap_id",
];

impl SitemapUrlView {
    /// Returns the cells under [`CSV_HEAD`].
    #[must_use]
    pub fn csv(&self) -> [String; 10] {
        let time = |time: Option<DateTime<Utc>>| time.map(|time| time.to_rfc3339()).unwrap_or_default();
        let count = |count: Option<i32>| count.map(|count| count.to_string()).unwrap_or_default();
        let text = |text: &Option<String>| cell(text.as_deref());
        [
            harmless(&self.url),
            time(self.lastmod),
            text(&self.changefreq),
            text(&self.priority),
            text(&self.page_type),
            count(self.image_count),
            count(self.video_count),
            count(self.news_count),
            time(self.discovered_at),
            self.sitemap_id.to_string(),
        ]
    }
}

/// An analysis of a domain's sitemaps.
#[derive(Debug, Serialize)]
pub struct SitemapRunView {
    /// Identifies it.
    pub id: Uuid,
    /// The domain it is about.
    pub domain_id: Uuid,
    /// The job that does it.
    pub job_id: Uuid,
    /// `running`, `completed`, `partial` or `failed`.
    pub state: &'static str,
    /// Whether it is the first of its domain: there is nothing to differ from then.
    pub is_first: bool,
    /// Whether it is about all of the domain's sitemaps.
    pub is_whole_domain: bool,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// How many files it has read.
    pub files: i32,
    /// How many could not be read.
    pub failed_files: i32,
    /// How many URLs they list.
    pub urls: i64,
    /// Their size in bytes.
    pub bytes: i64,
    /// How many URLs are new.
    pub added: i64,
    /// How many are gone.
    pub removed: i64,
    /// How many say another time of their last change.
    pub changed: i64,
    /// What was left out, or why it failed.
    pub note: Option<String>,
}

impl From<SitemapRun> for SitemapRunView {
    fn from(run: SitemapRun) -> Self {
        let SitemapRun {
            id,
            tenant_id: _,
            domain_id,
            job_id,
            is_whole_domain,
            has_previous,
            state,
            started_at,
            discovered_at: _,
            completed_at,
            files,
            failed_files,
            urls,
            bytes,
            added,
            removed,
            changed,
            note,
        } = run;
        Self {
            id: id.get(),
            domain_id: domain_id.get(),
            job_id: job_id.get(),
            state: state.label(),
            is_first: !has_previous,
            is_whole_domain,
            started_at,
            completed_at,
            files,
            failed_files,
            urls,
            bytes,
            added,
            removed,
            changed,
            note,
        }
    }
}

/// A URL that is different since the analysis before.
#[derive(Debug, Serialize)]
pub struct SitemapUrlChangeView {
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// The URL.
    pub url: String,
    /// When it had changed, by the account of the analysis before.
    pub old_lastmod: Option<DateTime<Utc>>,
    /// When it changed, by the account of this one.
    pub new_lastmod: Option<DateTime<Utc>>,
}

impl From<SitemapUrlChange> for SitemapUrlChangeView {
    fn from(change: SitemapUrlChange) -> Self {
        let SitemapUrlChange {
            id: _,
            tenant_id: _,
            run_id: _,
            change,
            url,
            old_lastmod,
            new_lastmod,
        } = change;
        Self {
            change: change.label(),
            url,
            old_lastmod,
            new_lastmod,
        }
    }
}

/// An analysis with a part of what it found to be different.
#[derive(Debug, Serialize)]
pub struct SitemapDiffView {
    /// The analysis, with the counts.
    pub run: SitemapRunView,
    /// What is different, in a fixed order.
    pub items: Vec<SitemapUrlChangeView>,
    /// Asks for what comes behind; null at the end.
    pub next_cursor: Option<String>,
}

/// Decides about one sitemap file.
#[derive(Debug, Deserialize)]
pub struct CurationRequest {
    /// `new`, `selected`, `maybe`, `not_a_fit` or `archived`.
    pub status: String,
}

/// Decides about many.
#[derive(Debug, Deserialize)]
pub struct BulkCurationRequest {
    /// `new`, `selected`, `maybe`, `not_a_fit` or `archived`.
    pub status: String,
    /// These.
    #[serde(default)]
    pub ids: Option<Vec<Uuid>>,
    /// Or all that match.
    #[serde(default)]
    pub filter: Option<CurationFilter>,
    /// Only counts them.
    #[serde(default)]
    pub preview: bool,
}

/// Which sitemap files are meant; what is missing does not matter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurationFilter {
    /// Those of this domain.
    #[serde(default)]
    pub domain_id: Option<Uuid>,
    /// Those whose analysis is so far.
    #[serde(default)]
    pub status: Option<String>,
    /// Those that were decided so about.
    #[serde(default)]
    pub curation_status: Option<String>,
    /// Those whose URL holds this text.
    #[serde(default)]
    pub q: Option<String>,
}

/// What became of a decision about many.
#[derive(Debug, Serialize)]
pub struct BulkCurationView {
    /// How many files were meant.
    pub matched: i64,
    /// How many were changed.
    pub updated: usize,
}

/// Returns the word by which clients know a decision.
#[must_use]
pub const fn curation_word(status: CurationStatus) -> &'static str {
    match status {
        CurationStatus::New => "new",
        CurationStatus::Selected => "selected",
        CurationStatus::Maybe => "maybe",
        CurationStatus::NotAFit => "not_a_fit",
        CurationStatus::Archived => "archived",
    }
}

/// Reads a decision, by the clients' word or the database's label.
#[must_use]
pub fn read_curation(word: &str) -> Option<CurationStatus> {
    let is_meant = |status: &CurationStatus| curation_word(*status) == word || status.label() == word;
    CurationStatus::ALL.iter().copied().find(is_meant)
}
