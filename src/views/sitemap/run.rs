//! An analysis, and what it found to be different.

use chrono::{DateTime, Utc};
use database::models::sitemap_run::SitemapRun;
use database::models::sitemap_url_change::SitemapUrlChange;
use serde::Serialize;
use uuid::Uuid;

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
    /// Asks for the next part; null at the end.
    pub next_cursor: Option<String>,
}
