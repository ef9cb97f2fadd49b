//! Analyses of sitemaps, and the differences they found.

use chrono::{DateTime, Utc};
use database::models::sitemap_run::SitemapRun;
use database::models::sitemap_url_change::SitemapUrlChange;
use rocket::request::Request;
use rocket::response::{self, Responder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::page::{self, Page};
use crate::views::words::{SitemapRunStateWord, UrlChangeWord};

/// An analysis of a domain's sitemaps.
#[derive(Debug, Serialize, ToSchema)]
pub struct SitemapRunView {
    /// Id of the analysis.
    pub id: Uuid,
    /// Id of the analysed domain.
    pub domain_id: Uuid,
    /// Id of the analysis's job.
    pub job_id: Uuid,
    /// How far it is.
    #[schema(value_type = SitemapRunStateWord)]
    pub state: &'static str,
    /// Whether the analysis is the domain's first, which has nothing to compare with.
    pub is_first: bool,
    /// Whether the analysis covers all of the domain's sitemaps.
    pub is_whole_domain: bool,
    /// When the analysis started.
    pub started_at: DateTime<Utc>,
    /// When the analysis ended; null before that.
    pub completed_at: Option<DateTime<Utc>>,
    /// The number of files read.
    pub files: i32,
    /// The number of files that could not be read.
    pub failed_files: i32,
    /// The number of URLs that the files list.
    pub urls: i64,
    /// Size of the files in bytes.
    pub bytes: i64,
    /// The number of URLs added since the previous analysis.
    pub added: i64,
    /// The number of URLs removed since the previous analysis.
    pub removed: i64,
    /// The number of URLs whose stated last modification differs from the previous analysis.
    pub changed: i64,
    /// What was left out, or why the analysis failed; null if it is complete.
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

/// A URL that differs from the previous analysis.
#[derive(Debug, Serialize, ToSchema)]
pub struct SitemapUrlChangeView {
    /// How the URL differs.
    #[schema(value_type = UrlChangeWord)]
    pub change: &'static str,
    /// The URL that differs.
    pub url: String,
    /// The last modification stated in the previous analysis; null if none was.
    pub old_lastmod: Option<DateTime<Utc>>,
    /// The last modification stated in this analysis; null if none is.
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

/// An analysis with a page of the differences it found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SitemapDiffView {
    /// The analysis, with the number of differences.
    pub run: SitemapRunView,
    /// The differences of this page, in a fixed order.
    #[serde(flatten)]
    pub page: Page<SitemapUrlChangeView>,
}

impl<'r> Responder<'r, 'static> for SitemapDiffView {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        page::respond(request, &self, self.page.next_cursor.as_deref())
    }
}
