//! The state of an analysis: its progress, and what it may still read.

use chrono::Utc;
use database::ids::{DomainId, SitemapRunId};
use database::models::enums::Outcome;
use database::models::sitemap_run::{SitemapRun, SitemapRunChanges};
use database::repo;
use database::repo::sitemap_files::{FileTotals, FoundFile};
use database::tenant::TenantConnection;
use jobs::{JobContext, JobError};
use web::sitemap::discover::Found;

use crate::Services;

/// An analysis in progress.
pub(in crate::sitemap) struct Analysis {
    pub(in crate::sitemap) run: SitemapRun,
    pub(super) domain: DomainId,
    pub(super) totals: FileTotals,
    pub(super) max_urls: u64,
    /// The limit that caused something to be left out.
    pub(super) limit: Option<String>,
    /// The failure of the first file that failed in this attempt.
    pub(super) first_failure: Option<(Outcome, String)>,
}

impl Analysis {
    pub(in crate::sitemap) async fn new(
        ctx: &JobContext<Services>,
        domain: DomainId,
        run: SitemapRun,
        max_urls: u64,
    ) -> Result<Self, JobError> {
        let mut conn = ctx.tenant().await?;
        let totals = repo::sitemap_files::total(&mut conn, domain, Some(ctx.job_id())).await?;
        let most = u64::try_from(ctx.services().sitemap.max_urls).unwrap_or(u64::MAX);
        Ok(Self {
            limit: run.note.clone(),
            run,
            domain,
            totals,
            max_urls: max_urls.min(most),
            first_failure: None,
        })
    }

    /// Stores the first files to read.
    pub(in crate::sitemap) async fn discovered(
        &mut self,
        ctx: &JobContext<Services>,
        found: &[Found],
    ) -> Result<(), JobError> {
        let files: Vec<_> = found
            .iter()
            .map(|file| FoundFile {
                url: file.url.as_str(),
                discovery_method: file.method.label(),
            })
            .collect();
        let mut conn = ctx.tenant_of_domain().await?;
        let added = repo::sitemap_files::add_pending(&mut conn, self.domain, ctx.job_id(), None, 0, &files).await?;
        let changes = SitemapRunChanges {
            discovered_at: Some(Utc::now()),
            ..SitemapRunChanges::default()
        };
        self.run = repo::sitemap_runs::update(&mut conn, self.run.id, &changes).await?;
        conn.commit().await?;
        self.totals.pending += added as i64;
        Ok(())
    }

    /// Returns the limit that was reached, if any.
    pub(in crate::sitemap) fn limit_reached(&self, ctx: &JobContext<Services>) -> Option<String> {
        let config = &ctx.services().sitemap;
        let read = self.totals.read + self.totals.failed;
        if u64::try_from(self.totals.urls).is_ok_and(|urls| urls >= self.max_urls) {
            return Some(format!("the limit of {} URLs is reached", self.max_urls));
        }
        usize::try_from(read)
            .is_ok_and(|read| read >= config.max_files)
            .then(|| format!("the limit of {} files is reached", config.max_files))
    }

    /// Skips the pending files.
    pub(in crate::sitemap) async fn skip_rest(
        &mut self,
        ctx: &JobContext<Services>,
        limit: &str,
    ) -> Result<(), JobError> {
        let mut conn = ctx.tenant_of_domain().await?;
        let why = format!("it was not read: {limit}");
        let skipped = repo::sitemap_files::skip_pending(&mut conn, self.domain, ctx.job_id(), &why).await?;
        self.note(&mut conn, limit).await?;
        conn.commit().await?;
        self.totals.pending = 0;
        self.totals.skipped += skipped as i64;
        Ok(())
    }

    /// Records a limit, also for later attempts.
    pub(super) async fn note(&mut self, conn: &mut TenantConnection, limit: &str) -> Result<(), JobError> {
        if self.limit.is_none() {
            let changes = SitemapRunChanges {
                note: Some(limit),
                ..SitemapRunChanges::default()
            };
            repo::sitemap_runs::update(conn, self.run.id, &changes).await?;
            self.limit = Some(limit.to_owned());
        }
        Ok(())
    }

    /// Reports the progress.
    pub(in crate::sitemap) async fn report(&self, ctx: &JobContext<Services>) {
        let FileTotals {
            read,
            failed,
            pending,
            urls,
            bytes,
            ..
        } = self.totals;
        let (done, all) = (read + failed, read + failed + pending);
        let message = format!("{done} of {all} files, {urls} URLs, {bytes} bytes");
        #[expect(clippy::cast_precision_loss, reason = "a part of a whole needs no more")]
        let part = done as f64 / all.max(1) as f64;
        ctx.report("reading", &message, 0.05 + 0.9 * part).await;
    }

    /// Returns the run to record changes for; `None` for the first analysis.
    pub(super) fn keeper(&self) -> Option<SitemapRunId> {
        self.run.has_previous.then_some(self.run.id)
    }
}
