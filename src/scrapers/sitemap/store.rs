//! What an analysis writes: each file with all that it lists in one transaction, and the whole at the end.

use std::sync::Arc;

use bigdecimal::BigDecimal;
use chrono::Utc;
use serde_json::json;
use tokio::sync::mpsc::{self, Receiver};
use url::Url;

use super::count;
use super::discover::{DiscoveryMethod, Found};
use super::fetch::Fetched;
use super::problem::Failure;
use super::read::{self, Batch, Listed, Room};
use crate::db::tenant::TenantConnection;
use crate::jobs::{Finished, JobContext, JobError};
use crate::models::domain::DomainChanges;
use crate::models::enums::{Outcome, ProcessingStatus, SitemapFileStatus, SitemapRunState};
use crate::models::ids::{DomainId, SitemapFileId, SitemapRunId};
use crate::models::sitemap_file::{SitemapFile, SitemapFileChanges};
use crate::models::sitemap_run::{SitemapRun, SitemapRunChanges};
use crate::models::sitemap_url::NewSitemapUrl;
use crate::repo;
use crate::repo::sitemap_files::{FileTotals, FoundFile};
use crate::repo::sitemap_url_changes::ChangeCounts;
use crate::scrapers::Services;

/// How many analyses of a domain are kept, with what they found to be different.
const KEPT_RUNS: i64 = 10;

/// How many files that are gone are looked up at a time.
const AT_ONCE: i64 = 100;

/// How many rows a statement goes through to find what is different: a few seconds' work.
const COMPARED_AT_ONCE: i64 = 500_000;

/// An analysis under way.
pub(super) struct Analysis {
    pub(super) run: SitemapRun,
    domain: DomainId,
    totals: FileTotals,
    max_urls: u64,
    /// What was left out for a limit.
    limit: Option<String>,
    /// Why the first file that failed in this attempt did.
    first_failure: Option<(Outcome, String)>,
}

/// Makes the domain's row, if there is none, and the analysis', if this is the first attempt at it.
pub(super) async fn begin(
    ctx: &JobContext<Services>,
    domain: &str,
    is_whole_domain: bool,
) -> Result<(DomainId, SitemapRun), JobError> {
    let mut conn = ctx.tenant().await?;
    let domain = ctx.domain(&mut conn, domain).await?.id;
    let run = repo::sitemap_runs::begin(&mut conn, domain, ctx.job_id(), is_whole_domain).await?;
    if run.discovered_at.is_none() {
        // There are such files where the job had failed, or was cancelled, and is tried once more.
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

/// Notes that an analysis has failed. What earlier ones found stays.
pub(super) async fn failure(ctx: &JobContext<Services>, domain: &str, message: &str) -> Result<(), JobError> {
    let mut conn = ctx.tenant().await?;
    // A domain that was deleted meanwhile is not made again for this.
    let Some(domain) = repo::domains::find_by_name(&mut conn, domain).await? else {
        return Ok(());
    };
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

impl Analysis {
    pub(super) async fn new(
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

    /// Writes down where to begin.
    pub(super) async fn discovered(&mut self, ctx: &JobContext<Services>, found: &[Found]) -> Result<(), JobError> {
        let files: Vec<_> = found
            .iter()
            .map(|file| FoundFile {
                url: file.url.as_str(),
                discovery_method: file.method.label(),
            })
            .collect();
        let mut conn = ctx.tenant().await?;
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

    /// Returns which limit forbids to read on, if one does.
    pub(super) fn limit_reached(&self, ctx: &JobContext<Services>) -> Option<String> {
        let config = &ctx.services().sitemap;
        let read = self.totals.read + self.totals.failed;
        if u64::try_from(self.totals.urls).is_ok_and(|urls| urls >= self.max_urls) {
            return Some(format!("the limit of {} URLs is reached", self.max_urls));
        }
        usize::try_from(read)
            .is_ok_and(|read| read >= config.max_files)
            .then(|| format!("the limit of {} files is reached", config.max_files))
    }

    /// Leaves the files that wait unread.
    pub(super) async fn skip_rest(&mut self, ctx: &JobContext<Services>, limit: &str) -> Result<(), JobError> {
        let mut conn = ctx.tenant().await?;
        let why = format!("it was not read: {limit}");
        let skipped = repo::sitemap_files::skip_pending(&mut conn, self.domain, ctx.job_id(), &why).await?;
        self.note(&mut conn, limit).await?;
        conn.commit().await?;
        self.totals.pending = 0;
        self.totals.skipped += skipped as i64;
        Ok(())
    }

    /// Remembers a limit, also for attempts to come.
    async fn note(&mut self, conn: &mut TenantConnection, limit: &str) -> Result<(), JobError> {
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

    /// Tells whoever waits how far it is.
    pub(super) async fn report(&self, ctx: &JobContext<Services>) {
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

    /// What is different is kept only where there is something to differ from.
    fn keeper(&self) -> Option<SitemapRunId> {
        self.run.has_previous.then_some(self.run.id)
    }

    /// Writes that a file could not be read. One that the site says it does not have is gone, with all that it listed.
    pub(super) async fn failed(
        &mut self,
        ctx: &JobContext<Services>,
        file: &SitemapFile,
        status_code: Option<u16>,
        outcome: Outcome,
        text: &str,
    ) -> Result<(), JobError> {
        let is_gone = matches!(status_code, Some(404 | 410));
        let status = if is_gone {
            SitemapFileStatus::Gone
        } else {
            SitemapFileStatus::Failed
        };
        let mut conn = ctx.tenant().await?;
        if is_gone {
            repo::sitemap_urls::delete_unlisted(&mut conn, self.keeper(), file.id, &[]).await?;
        }
        let changes = SitemapFileChanges {
            status: Some(status.label()),
            status_code: Some(status_code.map(i32::from)),
            error_message: Some(Some(text)),
            url_count: is_gone.then_some(Some(0)),
            last_processed_at: Some(Some(Utc::now())),
            ..SitemapFileChanges::default()
        };
        repo::sitemap_files::update(&mut conn, file.id, &changes).await?;
        conn.commit().await?;
        self.totals.pending -= 1;
        // An index that still names a file that is gone is no reason to call the analysis incomplete.
        self.totals.failed += i64::from(!is_gone);
        self.first_failure.get_or_insert_with(|| (outcome, text.to_owned()));
        Ok(())
    }

    /// Reads a file that was fetched and stores what it lists, all of it or nothing.
    pub(super) async fn store(
        &mut self,
        ctx: &JobContext<Services>,
        file: &SitemapFile,
        fetched: Fetched,
        max_depth: i16,
    ) -> Result<(), JobError> {
        let config = &ctx.services().sitemap;
        let depth = file.depth.unwrap_or(0);
        let known = usize::try_from(self.totals.files()).unwrap_or(usize::MAX);
        let most_depth = i16::try_from(config.max_depth).unwrap_or(i16::MAX).min(max_depth);
        let room = Room {
            pages: self
                .max_urls
                .saturating_sub(u64::try_from(self.totals.urls).unwrap_or(0)),
            children: if depth < most_depth {
                config.max_files.saturating_sub(known) as u64
            } else {
                0
            },
        };
        let limits = count::limits(config);
        let (send, receive) = mpsc::channel(1);
        let Fetched {
            file: bytes,
            status,
            url,
            charset,
            bytes: size,
            cut,
            elapsed,
        } = fetched;
        let base: Arc<Url> = Arc::new(url);
        let reading = {
            let base = Arc::clone(&base);
            ctx.blocking(move || read::read(bytes, &base, charset.as_deref(), &limits, room, &send))
        };
        let storing = self.take(ctx, file, receive);
        let (read, stored) = tokio::join!(reading, storing);
        // That nobody took what was read is the reason why less was read.
        let Taken {
            mut conn,
            children,
            is_new,
        } = stored?;
        let read = read?;
        let summary = &read.summary;

        let is_cut = cut.is_some();
        let is_nothing = summary.failure.is_some_and(Failure::is_no_sitemap);
        let is_whole = summary.is_complete() && !is_cut;
        if is_whole && !is_new {
            repo::sitemap_urls::delete_unlisted(&mut conn, self.keeper(), file.id, &read.hashes).await?;
        }
        let mut complaints: Vec<String> = cut.iter().map(ToString::to_string).collect();
        if read.is_out_of_pages {
            let limit = format!("the limit of {} URLs is reached", self.max_urls);
            self.note(&mut conn, &limit).await?;
            complaints.push(limit);
        } else if read.is_out_of_children {
            let limit = if depth < most_depth {
                format!("the limit of {} files is reached", config.max_files)
            } else {
                format!("indexes lead to indexes more than {most_depth} deep")
            };
            self.note(&mut conn, &limit).await?;
            complaints.push(limit);
        } else {
            complaints.extend(summary.complaint());
        }
        let complaint = complaints.join("; ");
        let status_word = if is_nothing {
            SitemapFileStatus::Failed
        } else if is_whole {
            SitemapFileStatus::Completed
        } else {
            SitemapFileStatus::Partial
        };
        let count = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
        let changes = SitemapFileChanges {
            sitemap_type: Some(summary.kind.label()),
            status: Some(status_word.label()),
            status_code: Some(Some(i32::from(status.as_u16()))),
            error_message: Some(Some(complaint.as_str()).filter(|text| !text.is_empty())),
            page_count: Some(Some(count(read.pages))),
            url_count: Some(Some(count(read.pages))),
            size_bytes: Some(Some(count(size))),
            response_time_ms: Some(i32::try_from(elapsed.as_millis()).ok()),
            last_modified: Some(summary.last_modified),
            is_gzipped: Some(Some(summary.is_gzip)),
            has_lastmod: Some(Some(summary.has_lastmod)),
            has_priority: Some(Some(summary.has_priority)),
            has_changefreq: Some(Some(summary.has_changefreq)),
            generator: Some(summary.generator.as_deref()),
            last_processed_at: Some(Some(Utc::now())),
            ..SitemapFileChanges::default()
        };
        repo::sitemap_files::update(&mut conn, file.id, &changes).await?;
        conn.commit().await?;

        self.totals.pending += children as i64 - 1;
        if is_nothing {
            self.totals.failed += 1;
        } else {
            self.totals.read += 1;
            self.totals.urls += i64::try_from(read.pages).unwrap_or(i64::MAX);
            self.totals.bytes += i64::try_from(size).unwrap_or(i64::MAX);
        }
        if !is_whole {
            self.totals.partial += i64::from(!is_nothing);
            let outcome = match summary.failure {
                Some(Failure::TooLarge | Failure::TooManyUrls | Failure::LongPiece) => Outcome::TooLarge,
                _ => Outcome::Parse,
            };
            self.first_failure.get_or_insert((outcome, complaint));
        }
        Ok(())
    }

    /// Writes what a file lists as it is read. The transaction is the caller's to end.
    async fn take(
        &self,
        ctx: &JobContext<Services>,
        file: &SitemapFile,
        mut receive: Receiver<Batch>,
    ) -> Result<Taken, JobError> {
        let mut conn = ctx.tenant().await?;
        // Two that store the same file at once would both see that nothing is stored of it.
        repo::sitemap_files::lock(&mut conn, file.id).await?;
        let is_new = !repo::sitemap_urls::has_any(&mut conn, file.id).await?;
        let mut children = 0;
        while let Some(batch) = receive.recv().await {
            match batch {
                Batch::Pages(pages) => {
                    write_pages(&mut conn, self.keeper(), self.domain, file.id, &pages, is_new).await?;
                }
                Batch::Children(urls) => {
                    let found: Vec<_> = urls
                        .iter()
                        .map(|url| FoundFile {
                            url,
                            discovery_method: DiscoveryMethod::Index.label(),
                        })
                        .collect();
                    let depth = file.depth.unwrap_or(0).saturating_add(1);
                    children += repo::sitemap_files::add_pending(
                        &mut conn,
                        self.domain,
                        ctx.job_id(),
                        Some(file.id),
                        depth,
                        &found,
                    )
                    .await?;
                }
            }
        }
        Ok(Taken { conn, children, is_new })
    }

    /// Takes note of files that the site has no more, each in a transaction of its own.
    pub(super) async fn retire_unmet(&mut self, ctx: &JobContext<Services>) -> Result<(), JobError> {
        // What was left out for a limit was not met, and may be there all the same.
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
                let mut conn = ctx.tenant().await?;
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
    pub(super) async fn finish(
        &self,
        ctx: &JobContext<Services>,
        domain: DomainId,
        name: &str,
    ) -> Result<Finished, JobError> {
        let totals = self.totals;
        // Nothing could be read at all: whatever there was before is still the best that is known.
        if totals.read == 0
            && let Some((outcome, text)) = &self.first_failure
        {
            failure(ctx, name, text).await?;
            return Err(JobError::permanent(
                *outcome,
                format!("no sitemap of {name} could be read: {text}"),
            ));
        }
        if totals.urls == 0
            && totals.partial > 0
            && self.limit.is_none()
            && let Some((outcome, text)) = &self.first_failure
        {
            failure(ctx, name, text).await?;
            return Err(JobError::permanent(
                *outcome,
                format!("nothing could be read of the sitemaps of {name}: {text}"),
            ));
        }
        let is_partial = self.limit.is_some() || totals.skipped > 0 || totals.failed > 0 || totals.partial > 0;
        let outcome = match (is_partial, totals.urls) {
            (true, _) => Outcome::Partial,
            (false, 0) => Outcome::OkEmpty,
            (false, _) => Outcome::Ok,
        };
        ctx.report("storing", &format!("adding up the sitemaps of {name}"), 0.97)
            .await;
        ctx.finish_with(async |mut conn| {
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
            ctx.finish(conn, outcome, &result).await
        })
        .await
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
            has_sitemap: Some(Some(all.read > 0)),
            sitemap_url: Some(first.as_ref().map(|file| file.url.as_str())),
            total_sitemaps: Some(Some(count(all.read))),
            sitemap_urls: Some(Some(count(all.urls))),
            page_count: Some(Some(count(all.urls))),
            sitemap_analysis_status: Some(Some(ProcessingStatus::Completed)),
            sitemap_analysis_error: Some(None),
            ..DomainChanges::default()
        };
        repo::domains::update(conn, domain, &domain_changes).await?;
        Ok(())
    }
}

/// What a file lists, written in a transaction that is still open.
struct Taken {
    conn: TenantConnection,
    /// How many files were found.
    children: usize,
    /// Whether nothing was stored of the file before.
    is_new: bool,
}

async fn write_pages(
    conn: &mut TenantConnection,
    run: Option<SitemapRunId>,
    domain: DomainId,
    file: SitemapFileId,
    pages: &[Listed],
    is_new: bool,
) -> Result<(), JobError> {
    let priorities: Vec<_> = pages
        .iter()
        .map(|page| page.priority.map(|hundredths| BigDecimal::new(hundredths.into(), 2)))
        .collect();
    let count = |number: u32| Some(i32::try_from(number).unwrap_or(i32::MAX));
    let rows: Vec<_> = pages
        .iter()
        .zip(&priorities)
        .map(|(page, priority)| NewSitemapUrl {
            id: page.id.into(),
            domain_id: domain,
            sitemap_id: file,
            url: &page.url,
            loc_text: &page.loc,
            page_type: page.page_type,
            status_code: None,
            error_message: None,
            lastmod: page.lastmod,
            changefreq: page.changefreq,
            priority_value: priority.as_ref(),
            image_count: count(page.images),
            video_count: count(page.videos),
            news_count: count(page.news),
            last_checked_at: None,
            alternates: page.alternates.as_ref(),
        })
        .collect();
    if is_new {
        repo::sitemap_urls::insert_many(conn, run, &rows).await?;
    } else {
        repo::sitemap_urls::upsert_many(conn, run, &rows).await?;
    }
    Ok(())
}
