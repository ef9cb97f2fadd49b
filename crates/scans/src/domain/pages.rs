//! The inner pages that a scan reads: those that say whose the site is.

use std::time::Instant;

use jobs::{JobContext, JobError};
use url::Url;
use web::extract::SiteMetadata;
use web::fetch::{Fetcher, Page, Want};
use web::pages::{NamedPage, choose, page_kind};
use web::sitemap::discover::page_key;

use super::read::read;
use crate::Services;
use crate::failure::job_error;

/// The totals of the pages that a scan read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pages: u64,
    bytes: u64,
    milliseconds: u64,
    images: u64,
    /// Pages that were chosen and could not be read.
    missed: u64,
}

impl Totals {
    /// Adds a page and the number of its images.
    pub(super) fn add(&mut self, bytes: usize, page: &Page, images: usize) {
        self.pages += 1;
        self.bytes += bytes as u64;
        self.milliseconds += u64::try_from(page.time_to_first_byte.as_millis()).unwrap_or(u64::MAX);
        self.images += images as u64;
    }

    /// Returns the number of pages.
    pub(super) const fn pages(&self) -> u64 {
        self.pages
    }

    /// Returns whether a page that was chosen could not be read.
    pub(super) const fn is_partial(&self) -> bool {
        self.missed > 0
    }

    /// Returns the mean size of the pages in bytes, after decompression.
    pub(super) fn average_size(&self) -> Option<i32> {
        i32::try_from(self.bytes.checked_div(self.pages)?).ok()
    }

    /// Returns the mean time to the first byte in milliseconds.
    pub(super) fn average_time(&self) -> Option<i32> {
        i32::try_from(self.milliseconds.checked_div(self.pages)?).ok()
    }

    /// Returns the number of images on the pages.
    pub(super) fn images(&self) -> Option<i32> {
        i32::try_from(self.images).ok()
    }
}

/// Reads the pages that the home page links and that the sitemaps list, and adds their facts. A page that cannot be
/// fetched or read is left out.
pub(super) async fn add(
    ctx: &JobContext<Services>,
    fetcher: &Fetcher,
    home: &Url,
    listed: &[String],
    metadata: &mut SiteMetadata,
    totals: &mut Totals,
) -> Result<(), JobError> {
    let config = &ctx.services().domain;
    let deadline = Instant::now() + config.pages_time;
    let linked = std::mem::take(&mut metadata.named_pages);
    let listed = listed.iter().filter_map(|url| {
        let url = Url::parse(url).ok()?;
        let kind = page_kind(&url, "")?;
        Some(NamedPage { kind, url })
    });
    let chosen = choose(linked.into_iter().chain(listed), home, config.pages);
    let mut seen = vec![page_key(home.as_str()).to_owned()];
    for NamedPage { url, .. } in chosen {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            totals.missed += 1;
            break;
        }
        let want = Want::html().within(left.min(fetcher.timeout()));
        let page = match fetcher.get_within(&url, want).await.and_then(Page::success) {
            Ok(page) => page,
            Err(error) if error.is_shortage() => return Err(job_error(&error, ctx.attempt())),
            Err(_) => {
                totals.missed += 1;
                continue;
            }
        };
        // Sites redirect pages that they do not have to their home page.
        let key = page_key(page.final_url.as_str()).to_owned();
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let bytes = page.body.len();
        if let Ok((page, found, _)) = read(ctx, page).await? {
            totals.add(bytes, &page, found.performance.image_count);
            metadata.add_page(found, home.host_str().unwrap_or_default());
        }
    }
    Ok(())
}
