//! The end of an analysis: missing files, differences and totals.

use chrono::Utc;
use database::ids::DomainId;
use database::models::domain::DomainChanges;
use database::models::enums::{Outcome, ProcessingStatus, SitemapFileStatus, SitemapRunState};
use database::models::sitemap_file::SitemapFileChanges;
use database::models::sitemap_run::SitemapRunChanges;
use database::repo;
use database::repo::sitemap_files::FileTotals;
use database::repo::sitemap_url_changes::ChangeCounts;
use database::tenant::TenantConnection;
use jobs::{Finished, JobContext, JobError};
use serde_json::json;

use super::analysis::Analysis;
use super::run::failure;
use crate::Services;
use crate::evidence::{EvidenceRows, SITEMAP_COLUMNS};

/// Number of analyses kept per domain, with their differences.
const KEPT_RUNS: i64 = 10;

/// How many missing files are read from the database at a time.
const AT_ONCE: i64 = 100;

/// How many rows a statement compares to find differences, which takes a few seconds.
const COMPARED_AT_ONCE: i64 = 500_000;

impl Analysis {
    /// Retires files that the site no longer has, each in its own transaction.
    pub(in crate::sitemap) async fn retire_unmet(&mut self, ctx: &JobContext<Services>) -> Result<(), JobError> {
        // Files that were left out because of a limit may still exist.
        if self.limit.is_some() || self.totals.skipped > 0 {
            return Ok(());
        }
        loop {
            let mut conn = ctx.tenant().await?;
            let unmet = repo::sitemap_files::list_unmet(&mut conn, self.domain, ctx.job_id(), AT_ONCE).await?;
            drop(conn);
            if unmet.is_empty() {
                return Ok(());
            }
            for file in unmet {
                let mut conn = ctx.tenant_of_domain().await?;
                repo::sitemap_urls::delete_unlisted(&mut conn, self.keeper(), file, &[]).await?;
                let changes = SitemapFileChanges {
                    status: Some(SitemapFileStatus::Gone.label()),
                    url_count: Some(Some(0)),
                    ..SitemapFileChanges::default()
                };
                repo::sitemap_files::update(&mut conn, file, &changes).await?;
                conn.commit().await?;
            }
        }
    }

    /// Ends the analysis and its job.
    pub(in crate::sitemap) async fn finish(
        &self,
        ctx: &JobContext<Services>,
        domain: DomainId,
        name: &str,
    ) -> Result<Finished, JobError> {
        let totals = self.totals;
        if let Some((outcome, text, reason)) = self.fault(name) {
            failure(ctx, name, &text).await?;
            return Err(JobError::permanent(outcome, reason));
        }
        let is_partial = self.limit.is_some() || totals.skipped > 0 || totals.failed > 0 || totals.partial > 0;
        let outcome = match (is_partial, totals.urls) {
            (true, _) => self.stopped.unwrap_or(Outcome::Partial),
            (false, 0) => Outcome::OkEmpty,
            (false, _) => Outcome::Ok,
        };
        ctx.report("storing", &format!("adding up the sitemaps of {name}"), 0.97)
            .await;
        ctx.finish_with(async |mut conn| {
            ctx.domain(&mut conn, name).await?;
            let changes = if self.run.has_previous {
                repo::sitemap_url_changes::settle(&mut conn, self.run.id, COMPARED_AT_ONCE).await?
            } else {
                ChangeCounts {
                    added: totals.urls,
                    ..ChangeCounts::default()
                }
            };
            self.add_up(&mut conn, domain, is_partial, changes).await?;
            let result = json!({
                "domain": name,
                "domain_id": domain.get(),
                "run_id": self.run.id.get(),
                "files": totals.read,
                "failed_files": totals.failed,
                "skipped_files": totals.skipped,
                "urls": totals.urls,
                "bytes": totals.bytes,
                "is_first": !self.run.has_previous,
                "added": changes.added,
                "removed": changes.removed,
                "changed": changes.changed,
                "note": self.limit,
            });
            ctx.finish(conn, outcome, &self.summary(), &result).await
        })
        .await
    }

    /// Returns why the analysis has nothing to show, if so: the outcome, the text for the domain and the one for the job.
    fn fault(&self, name: &str) -> Option<(Outcome, String, String)> {
        let totals = self.totals;
        let first = self.first_failure.as_ref();
        if totals.urls == 0
            && let (Some(outcome), Some(text)) = (self.stopped, &self.limit)
        {
            return Some((outcome, text.clone(), text.clone()));
        }
        // Nothing could be read: the earlier results are still the best available.
        if totals.read == 0 {
            let (outcome, text) = first?;
            let reason = format!("no sitemap of {name} could be read: {text}");
            return Some((*outcome, text.clone(), reason));
        }
        if totals.urls == 0 && totals.partial > 0 && self.limit.is_none() {
            let (outcome, text) = first?;
            let reason = format!("nothing could be read of the sitemaps of {name}: {text}");
            return Some((*outcome, text.clone(), reason));
        }
        None
    }

    fn summary(&self) -> String {
        let FileTotals { read, urls, bytes, .. } = self.totals;
        format!("{read} files, {urls} URLs, {bytes} bytes")
    }

    async fn add_up(
        &self,
        conn: &mut TenantConnection,
        domain: DomainId,
        is_partial: bool,
        changes: ChangeCounts,
    ) -> Result<(), JobError> {
        let count = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
        let run = SitemapRunChanges {
            state: Some(if is_partial {
                SitemapRunState::Partial
            } else {
                SitemapRunState::Completed
            }),
            completed_at: Some(Utc::now()),
            files: Some(count(self.totals.read)),
            failed_files: Some(count(self.totals.failed)),
            urls: Some(self.totals.urls),
            bytes: Some(self.totals.bytes),
            added: Some(changes.added),
            removed: Some(changes.removed),
            changed: Some(changes.changed),
            ..SitemapRunChanges::default()
        };
        repo::sitemap_runs::update(conn, self.run.id, &run).await?;
        repo::sitemap_runs::delete_old(conn, domain, KEPT_RUNS).await?;
        let all = repo::sitemap_files::total(conn, domain, None).await?;
        let first = repo::sitemap_files::find_first(conn, domain).await?;
        let domain_changes = DomainChanges {
            has_sitemap: Some(Some(first.is_some())),
            sitemap_url: Some(first.as_ref().map(|file| file.url.as_str())),
            total_sitemaps: Some(Some(count(all.read))),
            sitemap_urls: Some(Some(count(all.urls))),
            page_count: Some(first.as_ref().map(|_| count(all.urls))),
            sitemap_analysis_status: Some(Some(ProcessingStatus::Completed)),
            sitemap_analysis_error: Some(None),
            ..DomainChanges::default()
        };
        repo::domains::update(conn, domain, &domain_changes).await?;
        let mut evidence = EvidenceRows::default();
        if let Some(file) = &first {
            let found = file.discovery_method.as_deref().unwrap_or("before");
            evidence.sitemaps((&file.url, found), all.read, all.urls);
        } else {
            evidence.no_sitemaps();
        }
        repo::domain_evidence::replace(conn, domain, &SITEMAP_COLUMNS, Utc::now(), evidence.as_slice()).await?;
        Ok(())
    }
}
