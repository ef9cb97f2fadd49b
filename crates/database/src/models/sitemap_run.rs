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
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The analysed domain.
    pub domain_id: DomainId,
    /// The job that runs it; it may be deleted already.
    pub job_id: JobId,
    /// Whether it covers all of the domain's sitemaps rather than one named file.
    pub is_whole_domain: bool,
    /// Whether there is an earlier analysis to compare with.
    pub has_previous: bool,
    /// Its status.
    pub state: SitemapRunState,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When discovery of the first files was done.
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
    /// How many were removed since.
    pub removed: i64,
    /// How many have a different last modification.
    pub changed: i64,
    /// What was left out, for people.
    pub note: Option<String>,
}

/// Changes of a [`SitemapRun`].
///
/// `None` leaves a column unchanged.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = sitemap_runs)]
pub struct SitemapRunChanges<'a> {
    /// Its status.
    pub state: Option<SitemapRunState>,
    /// When discovery of the first files was done.
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
    /// How many were removed since.
    pub removed: Option<i64>,
    /// How many have a different last modification.
    pub changed: Option<i64>,
    /// What was left out, for people.
    pub note: Option<&'a str>,
}
