//! Table `sitemap_runs`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery};
use schema::sitemap_runs;

use super::enums::SitemapRunState;
use crate::ids::{DomainId, JobId, SitemapRunId, TenantId};

/// An analysis of a domain's sitemaps.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = sitemap_runs)]
pub struct SitemapRun {
    /// Identifies the row.
    pub id: SitemapRunId,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// The domain it is about.
    pub domain_id: DomainId,
    /// The job that does it; that may be gone already.
    pub job_id: JobId,
    /// Whether it is about all of the domain's sitemaps, and not about one that was named.
    pub is_whole_domain: bool,
    /// Whether there is one before it, from which this one may differ.
    pub has_previous: bool,
    /// How far it is.
    pub state: SitemapRunState,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it had found the files to begin with.
    pub discovered_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// How many files it has read.
    pub files: i32,
    /// How many of them failed.
    pub failed_files: i32,
    /// How many URLs they list.
    pub urls: i64,
    /// Their size in bytes.
    pub bytes: i64,
    /// How many URLs are new since the analysis before.
    pub added: i64,
    /// How many are gone since.
    pub removed: i64,
    /// How many say another time of their last change.
    pub changed: i64,
    /// What it has left out, in words.
    pub note: Option<String>,
}

/// What to change about a [`SitemapRun`].
///
/// `None` leaves a column as it is.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = sitemap_runs)]
pub struct SitemapRunChanges<'a> {
    /// How far it is.
    pub state: Option<SitemapRunState>,
    /// When it had found the files to begin with.
    pub discovered_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// How many files it has read.
    pub files: Option<i32>,
    /// How many of them failed.
    pub failed_files: Option<i32>,
    /// How many URLs they list.
    pub urls: Option<i64>,
    /// Their size in bytes.
    pub bytes: Option<i64>,
    /// How many URLs are new since the analysis before.
    pub added: Option<i64>,
    /// How many are gone since.
    pub removed: Option<i64>,
    /// How many say another time of their last change.
    pub changed: Option<i64>,
    /// What it has left out, in words.
    pub note: Option<&'a str>,
}
