//! Storage of a file, with all URLs it lists in one transaction.

use bigdecimal::BigDecimal;
use chrono::Utc;
use database::ids::{DomainId, SitemapFileId, SitemapRunId};
use database::models::enums::{Outcome, SitemapFileStatus};
use database::models::sitemap_file::{SitemapFile, SitemapFileChanges};
use database::models::sitemap_url::NewSitemapUrl;
use database::models::values::RawJson;
use database::repo;
use database::repo::sitemap_files::FoundFile;
use database::tenant::TenantConnection;
use jobs::{JobContext, JobError};
use tokio::sync::mpsc::{self, Receiver};
use web::sitemap::discover::DiscoveryMethod;
use web::sitemap::download::Fetched;
use web::sitemap::parse::Summary;
use web::sitemap::problem::Failure;
use web::sitemap::read::{self, Batch, FileRead, Listed, Room};

use super::analysis::Analysis;
use crate::Services;
use crate::room::USED_UP;
use crate::settings::SitemapConfig;
use crate::sitemap::count;

/// Why a file was not stored to its end.
const OUT_OF_ROOM: &str = "the disk of the database has no room for more";

impl Analysis {
    /// Records that a file could not be read. A file that the site reports as missing is gone, and its URLs are
    /// deleted.
    pub(in crate::sitemap) async fn failed(
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
        let mut conn = ctx.tenant_of_domain().await?;
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
        self.note_pages(0);
        // An index that still lists a missing file does not make the analysis incomplete.
        self.totals.failed += i64::from(!is_gone);
        self.first_failure.get_or_insert_with(|| (outcome, text.to_owned()));
        Ok(())
    }

    /// Reads a downloaded file and stores all URLs it lists, or nothing.
    pub(in crate::sitemap) async fn store(
        &mut self,
        ctx: &JobContext<Services>,
        file: &SitemapFile,
        fetched: Fetched,
        max_depth: i16,
    ) -> Result<(), JobError> {
        let config = &ctx.services().sitemap;
        let max_depth = i16::try_from(config.max_depth).unwrap_or(i16::MAX).min(max_depth);
        let room = self.room(config, file, max_depth);
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
        let database = ctx.room().clone();
        let has_room = move || database.shortage().is_none();
        let reading = ctx.blocking(move || read::read(bytes, &url, charset.as_deref(), &limits, room, has_room, &send));
        let storing = self.take(ctx, file, receive);
        let (read, stored) = tokio::join!(reading, storing);
        // A failure of storing comes first, since it also stops the reading.
        let Taken {
            mut conn,
            children,
            is_new,
        } = stored?;
        let read = read?;
        let ending = Ending::of(&read.summary, cut.is_some());
        if ending == Ending::Whole && !is_new {
            repo::sitemap_urls::delete_unlisted(&mut conn, self.keeper(), file.id, &read.hashes).await?;
        }
        let mut complaints: Vec<String> = cut.iter().map(ToString::to_string).collect();
        if let Some(limit) = self.limit_of(ctx, file, &read, max_depth) {
            self.note(&mut conn, &limit).await?;
            complaints.push(limit);
        } else {
            complaints.extend(read.summary.complaint());
        }
        let complaint = complaints.join("; ");
        let changes = SitemapFileChanges {
            status: Some(ending.status().label()),
            status_code: Some(Some(i32::from(status.as_u16()))),
            error_message: Some(Some(complaint.as_str()).filter(|text| !text.is_empty())),
            size_bytes: Some(Some(count_of(size))),
            response_time_ms: Some(i32::try_from(elapsed.as_millis()).ok()),
            ..changes_of(&read)
        };
        repo::sitemap_files::update(&mut conn, file.id, &changes).await?;
        conn.commit().await?;
        self.totals.pending += children as i64 - 1;
        self.note_pages(read.pages);
        self.count(ending, &read, size, complaint);
        Ok(())
    }

    /// Returns how much of a file may be stored.
    fn room(&self, config: &SitemapConfig, file: &SitemapFile, max_depth: i16) -> Room {
        let known = usize::try_from(self.totals.files()).unwrap_or(usize::MAX);
        Room {
            pages: self.rows_left_for(file).min(self.urls_left()),
            children: if file.depth.unwrap_or(0) < max_depth {
                config.max_files.saturating_sub(known) as u64
            } else {
                0
            },
        }
    }

    fn urls_left(&self) -> u64 {
        self.max_urls
            .saturating_sub(u64::try_from(self.totals.urls).unwrap_or(0))
    }

    /// Returns how many URLs of a file the tenant may have stored: those that are stored already take no more room.
    fn rows_left_for(&self, file: &SitemapFile) -> u64 {
        let stored = u64::try_from(file.url_count.unwrap_or(0)).unwrap_or(0);
        self.rows_left.map_or(u64::MAX, |left| left.saturating_add(stored))
    }

    /// Returns the limit that caused a part of a file to be left out, if one was reached.
    fn limit_of(
        &mut self,
        ctx: &JobContext<Services>,
        file: &SitemapFile,
        read: &FileRead,
        max_depth: i16,
    ) -> Option<String> {
        let config = &ctx.services().sitemap;
        if read.is_out_of_room {
            self.stopped = Some(Outcome::StorageFull);
            Some(OUT_OF_ROOM.to_owned())
        } else if read.is_out_of_pages && self.rows_left_for(file) < self.urls_left() {
            self.stopped = Some(Outcome::QuotaReached);
            Some(USED_UP.to_owned())
        } else if read.is_out_of_pages {
            Some(format!("the limit of {} URLs is reached", self.max_urls))
        } else if !read.is_out_of_children {
            None
        } else if file.depth.unwrap_or(0) < max_depth {
            Some(format!("the limit of {} files is reached", config.max_files))
        } else {
            Some(format!("indexes lead to indexes more than {max_depth} deep"))
        }
    }

    /// Adds a file to the totals, whether or not it could be read.
    fn count(&mut self, ending: Ending, read: &FileRead, size: u64, complaint: String) {
        if ending == Ending::Nothing {
            self.totals.failed += 1;
        } else {
            self.totals.read += 1;
            self.totals.urls += i64::try_from(read.pages).unwrap_or(i64::MAX);
            self.totals.bytes += i64::try_from(size).unwrap_or(i64::MAX);
        }
        if ending != Ending::Whole {
            self.totals.partial += i64::from(ending == Ending::Partial);
            let outcome = match read.summary.failure {
                Some(Failure::TooLarge | Failure::TooManyUrls | Failure::LongPiece) => Outcome::TooLarge,
                _ => Outcome::Parse,
            };
            self.first_failure.get_or_insert((outcome, complaint));
        }
    }

    /// Writes the URLs of a file while it is being read. The caller ends the transaction.
    async fn take(
        &self,
        ctx: &JobContext<Services>,
        file: &SitemapFile,
        mut receive: Receiver<Batch>,
    ) -> Result<Taken, JobError> {
        let mut conn = ctx.tenant_of_domain().await?;
        // Two transactions that store the same file at once would both find nothing stored.
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
}

/// How much of a file was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// The whole file.
    Whole,
    /// A part of the file.
    Partial,
    /// Nothing, since it is not a sitemap.
    Nothing,
}

impl Ending {
    fn of(summary: &Summary, is_cut: bool) -> Self {
        if summary.failure.is_some_and(Failure::is_no_sitemap) {
            Self::Nothing
        } else if summary.is_complete() && !is_cut {
            Self::Whole
        } else {
            Self::Partial
        }
    }

    fn status(self) -> SitemapFileStatus {
        match self {
            Self::Whole => SitemapFileStatus::Completed,
            Self::Partial => SitemapFileStatus::Partial,
            Self::Nothing => SitemapFileStatus::Failed,
        }
    }
}

/// Returns the facts about a file, for its row.
fn changes_of(read: &FileRead) -> SitemapFileChanges<'_> {
    let summary = &read.summary;
    SitemapFileChanges {
        sitemap_type: Some(summary.kind.label()),
        page_count: Some(Some(count_of(read.pages))),
        url_count: Some(Some(count_of(read.pages))),
        last_modified: Some(summary.last_modified),
        is_gzipped: Some(Some(summary.is_gzip)),
        has_lastmod: Some(Some(summary.has_lastmod)),
        has_priority: Some(Some(summary.has_priority)),
        has_changefreq: Some(Some(summary.has_changefreq)),
        generator: Some(summary.generator.as_deref()),
        last_processed_at: Some(Some(Utc::now())),
        ..SitemapFileChanges::default()
    }
}

fn count_of(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The stored content of a file, in a transaction that is still open.
struct Taken {
    conn: TenantConnection,
    /// The number of sitemap files added.
    children: usize,
    /// Whether no URL of the file was stored before.
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
    let alternates: Vec<_> = pages
        .iter()
        .map(|page| page.alternates.clone().map(RawJson::from))
        .collect();
    let count = |number: u32| Some(i32::try_from(number).unwrap_or(i32::MAX));
    let rows: Vec<_> = pages
        .iter()
        .zip(priorities.iter().zip(&alternates))
        .map(|(page, (priority, alternates))| NewSitemapUrl {
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
            alternates: alternates.as_ref(),
        })
        .collect();
    if is_new {
        repo::sitemap_urls::insert_many(conn, run, &rows).await?;
    } else {
        repo::sitemap_urls::upsert_many(conn, run, &rows).await?;
    }
    Ok(())
}
