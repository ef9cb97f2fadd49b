//! The state of an analysis: its progress, and what it may still read.

use chrono::Utc;
use database::ids::{DomainId, SitemapRunId};
use database::models::enums::Outcome;
use database::models::sitemap_run::{SitemapRun, SitemapRunChanges};
use database::repo;
use database::repo::sitemap_files::{FileTotals, FoundFile};
use database::tenant::TenantConnection;
use jobs::{JobContext, JobError};
use tokio::time::Instant;
use web::sitemap::discover::Found;

use crate::Services;
use crate::room::{USED_UP, rows_left};

/// An analysis in progress.
pub(in crate::sitemap) struct Analysis {
    pub(in crate::sitemap) run: SitemapRun,
    pub(super) domain: DomainId,
    pub(super) totals: FileTotals,
    pub(super) max_urls: u64,
    /// The limit that caused something to be left out.
    pub(super) limit: Option<String>,
    /// How many more rows the tenant may store; `None` means no limit.
    pub(super) rows_left: Option<u64>,
    /// The outcome, where there was no room for more.
    pub(super) stopped: Option<Outcome>,
    /// The failure of the first file that failed in this attempt.
    pub(super) first_failure: Option<(Outcome, String)>,
    idle: Idle,
}

/// How long an attempt has gone on without a file that lists a page.
struct Idle {
    since: Instant,
    files: usize,
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
            rows_left: None,
            stopped: None,
            first_failure: None,
            idle: Idle {
                since: Instant::now(),
                files: 0,
            },
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
    pub(in crate::sitemap) async fn limit_reached(
        &mut self,
        ctx: &JobContext<Services>,
    ) -> Result<Option<String>, JobError> {
        if let Some(shortage) = ctx.room().shortage() {
            self.stopped = Some(Outcome::StorageFull);
            return Ok(Some(shortage));
        }
        self.rows_left = rows_left(ctx).await?;
        if self.rows_left == Some(0) {
            self.stopped = Some(Outcome::QuotaReached);
            return Ok(Some(USED_UP.to_owned()));
        }
        Ok(self.budget_used_up(ctx))
    }

    /// Returns the limit of the analysis that was reached, if any.
    fn budget_used_up(&self, ctx: &JobContext<Services>) -> Option<String> {
        let config = &ctx.services().sitemap;
        let read = self.totals.read + self.totals.failed;
        if u64::try_from(self.totals.urls).is_ok_and(|urls| urls >= self.max_urls) {
            return Some(format!("the limit of {} URLs is reached", self.max_urls));
        }
        if usize::try_from(read).is_ok_and(|read| read >= config.max_files) {
            return Some(format!("the limit of {} files is reached", config.max_files));
        }
        if self.idle.files >= config.idle_files {
            return Some(format!("{} files in a row list no page", self.idle.files));
        }
        (self.idle.since.elapsed() >= config.idle_time)
            .then(|| format!("no file lists a page for {} s", config.idle_time.as_secs_f64()))
    }

    /// Notes how many pages the file that was read last lists.
    pub(super) fn note_pages(&mut self, pages: u64) {
        if pages > 0 {
            self.idle.since = Instant::now();
            self.idle.files = 0;
        } else {
            self.idle.files += 1;
        }
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
