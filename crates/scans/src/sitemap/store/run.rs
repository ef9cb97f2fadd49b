//! The start of an analysis, and its failure.

use chrono::Utc;
use database::ids::DomainId;
use database::models::domain::DomainChanges;
use database::models::enums::{ProcessingStatus, SitemapRunState};
use database::models::sitemap_run::{SitemapRun, SitemapRunChanges};
use database::repo;
use jobs::{JobContext, JobError};

use crate::Services;

/// Inserts the domain if it is missing, and the analysis on its first attempt.
pub(in crate::sitemap) async fn begin(
    ctx: &JobContext<Services>,
    domain: &str,
    is_whole_domain: bool,
) -> Result<(DomainId, SitemapRun), JobError> {
    let mut conn = ctx.tenant().await?;
    let domain = ctx.domain(&mut conn, domain).await?.id;
    let run = repo::sitemap_runs::begin(&mut conn, domain, ctx.job_id(), is_whole_domain).await?;
    if run.discovered_at.is_none() {
        // Files are still assigned to the job if it failed or was cancelled and now runs again.
        repo::sitemap_files::reopen(&mut conn, domain, ctx.job_id()).await?;
    }
    let changes = DomainChanges {
        sitemap_analysis_status: Some(Some(ProcessingStatus::Processing)),
        ..DomainChanges::default()
    };
    repo::domains::update(&mut conn, domain, &changes).await?;
    conn.commit().await?;
    Ok((domain, run))
}

/// Records that an analysis failed. The results of earlier ones are kept.
///
/// # Errors
///
/// The job is cancelled if its domain was deleted; otherwise, the errors of the database.
pub(in crate::sitemap) async fn failure(
    ctx: &JobContext<Services>,
    domain: &str,
    message: &str,
) -> Result<(), JobError> {
    let mut conn = ctx.tenant().await?;
    let domain = ctx.domain(&mut conn, domain).await?;
    let run = repo::sitemap_runs::begin(&mut conn, domain.id, ctx.job_id(), true).await?;
    let changes = SitemapRunChanges {
        state: Some(SitemapRunState::Failed),
        completed_at: Some(Utc::now()),
        note: Some(message),
        ..SitemapRunChanges::default()
    };
    repo::sitemap_runs::update(&mut conn, run.id, &changes).await?;
    let changes = DomainChanges {
        sitemap_analysis_status: Some(Some(ProcessingStatus::Error)),
        sitemap_analysis_error: Some(Some(message)),
        ..DomainChanges::default()
    };
    repo::domains::update(&mut conn, domain.id, &changes).await?;
    conn.commit().await?;
    Ok(())
}
