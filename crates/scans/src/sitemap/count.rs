//! Counting of the pages in a site's sitemaps for the domain scan, which stores none of them.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use jobs::{JobContext, JobError};
use tokio::time::Instant;
use url::Url;
use web::fetch::Fetcher;
use web::pages::page_kind;
use web::sitemap::discover::{DiscoveryMethod, Effort, Found, PageLinks, discover, page_key};
use web::sitemap::download::{Fetched, download};
use web::sitemap::parse::{Item, ParseLimits, parse};
use web::sitemap::problem::Failure;

use crate::Services;
use crate::failure::job_error;
use crate::settings::SitemapConfig;

/// Maximum number of files read.
const MAX_FILES: usize = 200;
/// Maximum number of pages of each file that are collected because they say whose the site is, and of all files.
const MAX_NAMED: usize = 50;

/// The totals of a site's sitemaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SitemapCount {
    /// The first file.
    pub first: Option<Found>,
    /// The number of files read.
    pub files: usize,
    /// The number of pages that the files list, up to the requested maximum.
    pub pages: u64,
    /// The first of these pages that say whose the site is.
    pub named: Vec<String>,
}

/// Which of the listed pages are collected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// Those that say whose the site is, up to [`MAX_NAMED`].
    Named,
    All,
}

impl Keep {
    fn keeps(self, url: &str, kept: usize) -> bool {
        match self {
            Self::All => true,
            Self::Named => kept < MAX_NAMED && Url::parse(url).is_ok_and(|url| page_kind(&url, "").is_some()),
        }
    }
}

/// Finds a site's sitemaps and counts the pages they list, up to `max_pages`. Unreadable files are not counted, and neither
/// are feeds that the site does not name as sitemaps.
///
/// # Errors
///
/// Returns an error if the program fails; failures of the site are not errors.
pub async fn count(
    ctx: &JobContext<Services>,
    fetcher: &Fetcher,
    origin: &Url,
    links: &PageLinks,
    max_pages: u64,
) -> Result<SitemapCount, JobError> {
    let (mut count, mut named) = walk(ctx, fetcher, origin, links, max_pages, Keep::Named).await?;
    named.truncate(MAX_NAMED);
    count.named = named;
    Ok(count)
}

/// Returns the URLs of up to `max_pages` pages in a site's sitemaps, found as by [`count`].
///
/// # Errors
///
/// As [`count`].
pub async fn list(
    ctx: &JobContext<Services>,
    fetcher: &Fetcher,
    origin: &Url,
    links: &PageLinks,
    max_pages: u64,
) -> Result<Vec<String>, JobError> {
    walk(ctx, fetcher, origin, links, max_pages, Keep::All)
        .await
        .map(|(_, pages)| pages)
}

async fn walk(
    ctx: &JobContext<Services>,
    fetcher: &Fetcher,
    origin: &Url,
    links: &PageLinks,
    max_pages: u64,
    keep: Keep,
) -> Result<(SitemapCount, Vec<String>), JobError> {
    let mut listed = Vec::new();
    let config = &ctx.services().sitemap;
    let deadline = Instant::now() + config.count_time;
    let mut found = match discover(fetcher, origin, links, Effort::Quick).await {
        Ok(found) => found,
        Err(error) if error.is_shortage() => return Err(job_error(&error, ctx.attempt())),
        Err(_) => return Ok((SitemapCount::default(), listed)),
    };
    if keep == Keep::Named {
        found.retain(|file| file.method != DiscoveryMethod::Feed);
    }
    let mut result = SitemapCount::default();
    let key = |url: &str| page_key(url).to_owned();
    let mut seen: HashSet<String> = found.iter().map(|file| key(file.url.as_str())).collect();
    let mut counted = HashSet::new();
    let mut waiting: VecDeque<(Found, usize)> = found.into_iter().map(|file| (file, 0)).collect();
    while let Some((file, depth)) = waiting.pop_front() {
        let left = max_pages.saturating_sub(result.pages);
        if left == 0 || result.files >= MAX_FILES || Instant::now() >= deadline {
            break;
        }
        let time = config
            .file_timeout
            .min(deadline.saturating_duration_since(Instant::now()));
        let fetched = match download(fetcher, &file.url, config.max_file_bytes, time).await {
            Ok(fetched) => fetched,
            Err(error) if error.is_shortage() => return Err(job_error(&error, ctx.attempt())),
            Err(_) => continue,
        };
        if !fetched.status.is_success() {
            continue;
        }
        let room = MAX_FILES.saturating_sub(waiting.len());
        let read = read(ctx, fetched, left, room, keep, counted).await?;
        counted = read.counted;
        if !read.is_sitemap {
            continue;
        }
        result.first.get_or_insert(file);
        result.files += 1;
        result.pages += read.count;
        listed.extend(read.pages);
        if depth < config.max_depth {
            let new = read.children.into_iter().filter(|child| seen.insert(key(child)));
            waiting.extend(new.filter_map(|child| {
                let file = Found {
                    url: Url::parse(&child).ok()?,
                    method: DiscoveryMethod::Index,
                };
                Some((file, depth + 1))
            }));
        }
    }
    Ok((result, listed))
}

/// The content of one file.
struct ListedBy {
    /// Whether the file is a sitemap.
    is_sitemap: bool,
    /// The number of pages that no earlier file lists, up to the requested maximum.
    count: u64,
    /// Hashes of the pages of all files so far, equal with and without `www.`.
    counted: HashSet<u64>,
    /// The URLs of the pages that are collected.
    pages: Vec<String>,
    /// The URLs of further sitemap files.
    children: Vec<String>,
}

/// Reads a file on a blocking thread: at most `left` pages that are not in `counted`, and the first `room` sitemap
/// files.
async fn read(
    ctx: &JobContext<Services>,
    fetched: Fetched,
    left: u64,
    room: usize,
    keep: Keep,
    mut counted: HashSet<u64>,
) -> Result<ListedBy, JobError> {
    let limits = limits(&ctx.services().sitemap);
    ctx.blocking(move || {
        let (mut count, mut pages, mut children) = (0, Vec::new(), Vec::new());
        let charset = fetched.charset.as_deref();
        let summary = parse(fetched.file, &fetched.url, charset, &limits, |item| {
            match item {
                Item::Page(page) => {
                    if !counted.insert(hash(page_key(&page.url))) {
                        return ControlFlow::Continue(());
                    }
                    count += 1;
                    if keep.keeps(&page.url, pages.len()) {
                        pages.push(page.url.clone());
                    }
                    if count >= left {
                        return ControlFlow::Break(());
                    }
                }
                Item::Child(child) if children.len() < room => children.push(child.url.clone()),
                Item::Child(_) => {}
            }
            ControlFlow::Continue(())
        });
        let is_sitemap = !summary.failure.is_some_and(Failure::is_no_sitemap);
        ListedBy {
            is_sitemap,
            count,
            counted,
            pages,
            children,
        }
    })
    .await
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Returns the limits of reading one file.
pub(super) fn limits(config: &SitemapConfig) -> ParseLimits {
    ParseLimits {
        max_bytes: config.max_file_bytes as u64,
        max_urls: 500_000, // Ten times what the standard allows.
        ..ParseLimits::default()
    }
}
