//! The visit of one URL: fetching and judging it, and storing its content and links.

use std::time::{Duration, Instant};

use database::models::enums::{Outcome, ScanUrlState};
use jobs::{JobContext, JobError};
use url::Url;
use web::extract::PageReading;
use web::fetch::{FailureKind, FetchError, Page, Want};

use super::crawl::{Crawl, Cut};
use super::disposition::Disposition;
use super::frontier::Entry;
use super::home;
use super::page::{Fetched, Read, fetch};
use super::site::{self, Scope};
use super::store::{self, PageRow};
use crate::Services;
use crate::failure::{job_error, outcome};

/// Consecutive failures that end a crawl.
const MAX_FAILURES: usize = 10;

/// Maximum time spent on consecutive pages that do not answer.
const MAX_HUNG: Duration = Duration::from_secs(60);

/// Fetches one URL of the frontier and stores the result. `left` is how many more pages may be fetched.
///
/// If the crawl has to end after this visit, [`Crawl::cut`] is the reason.
pub(super) async fn visit(
    ctx: &JobContext<Services>,
    crawl: &mut Crawl,
    index: usize,
    left: usize,
) -> Result<(), JobError> {
    let begun = Instant::now();
    let Some(entry) = crawl.frontier.get(index).cloned() else {
        return Ok(());
    };
    let Ok(url) = Url::parse(&entry.url) else {
        leave_out(crawl, index, Disposition::Parse, "its URL cannot be read");
        return Ok(());
    };
    let is_home = index == 0;
    if !is_home && crawl.fetcher.allowed(&url).await == Ok(false) {
        // No request was sent.
        leave_out(crawl, index, Disposition::Robots, "robots.txt forbids fetching it");
        return store::urls(ctx, crawl).await;
    }
    crawl.frontier.begin(index);
    store::urls(ctx, crawl).await?;
    let left = left.saturating_sub(usize::from(entry.fetches == 0));
    let fetched = if is_home {
        home::fetch_home(ctx, crawl, left).await?
    } else {
        fetch(ctx, crawl, (&url, &crawl.scope), Want::html_or_card(), left).await?
    };
    let fetched = match fetched {
        // Says nothing about the page, which the next attempt fetches.
        Fetched::Failed { error, .. } if error.is_shortage() => return Err(withdraw(ctx, crawl, index, &error).await?),
        Fetched::Failed { error, .. } if is_home => return Err(home::without(ctx, crawl, index, error).await?),
        Fetched::Failed { error, .. } if is_outage(ctx, crawl, &url, &error) => {
            return Err(withdraw(ctx, crawl, index, &error).await?);
        }
        Fetched::Page(page, _) if is_home && !page.status.is_success() => {
            let error = page.success().err();
            let error = error.unwrap_or(FetchError::BadUrl("its home page cannot be fetched"));
            return Err(home::without(ctx, crawl, index, error).await?);
        }
        fetched => fetched,
    };
    let mut visit = Visit {
        crawl,
        index,
        entry,
        rows: Vec::new(),
    };
    match fetched {
        Fetched::Failed { error, passed } => visit.failed(&error, &passed, begun.elapsed()),
        Fetched::Redirect { page, to, is_on_site } => visit.redirected(&page, to, is_on_site)?,
        Fetched::Page(page, Err(reason)) => visit.unreadable(&page, reason),
        Fetched::Page(page, Ok(read)) => visit.read(&page, read, ctx.services().email.subdomains),
    }
    let rows = visit.rows;
    crawl.scan.busy_ms += i64::try_from(begun.elapsed().as_millis()).unwrap_or(0);
    store::pages(ctx, crawl, &rows).await
}

/// Leaves a URL to the next attempt.
async fn withdraw(
    ctx: &JobContext<Services>,
    crawl: &mut Crawl,
    index: usize,
    error: &FetchError,
) -> Result<JobError, JobError> {
    crawl.frontier.withdraw(index);
    store::urls(ctx, crawl).await?;
    Ok(job_error(error, ctx.attempt()))
}

/// Returns whether a page cannot be fetched because no name server answers at the moment: the name of the home page
/// resolved before.
fn is_outage(ctx: &JobContext<Services>, crawl: &Crawl, url: &Url, error: &FetchError) -> bool {
    let entry = crawl.scan.entry_url.as_deref().and_then(|url| Url::parse(url).ok());
    let is_entry_host = entry.is_some_and(|entry| entry.host_str() == url.host_str());
    error.is_dns_outage() && is_entry_host && !ctx.is_final(&job_error(error, ctx.attempt()))
}

fn leave_out(crawl: &mut Crawl, index: usize, disposition: Disposition, reason: &str) {
    crawl
        .frontier
        .end(index, ScanUrlState::LeftOut, disposition, Some(reason));
}

/// A visited URL.
struct Visit<'a> {
    crawl: &'a mut Crawl,
    index: usize,
    entry: Entry,
    /// The rows to store.
    rows: Vec<PageRow>,
}

impl Visit<'_> {
    /// Records a failed request, and the redirects in `passed` that led to it.
    fn failed(&mut self, error: &FetchError, passed: &[Url], took: Duration) {
        for hop in passed {
            let at = self.crawl.frontier.pass(hop, self.entry.depth);
            self.end(
                at,
                hop,
                None,
                Disposition::Redirect,
                "its target could not be fetched".to_owned(),
            );
        }
        let disposition = match error {
            FetchError::ContentType { .. } => Disposition::NotAPage,
            FetchError::Robots { .. } => Disposition::Robots,
            other => Disposition::Failed(outcome(other)),
        };
        let reason = error.to_string();
        self.crawl
            .frontier
            .end(self.index, ScanUrlState::Fetched, disposition, Some(&reason));
        self.rows
            .push(PageRow::bare(self.entry.url.clone(), None, disposition, Some(reason)));
        self.crawl.failures += 1;
        if error.kind() == FailureKind::Timeout {
            self.crawl.hung += took;
        }
        if self.crawl.failures >= MAX_FAILURES || self.crawl.hung >= MAX_HUNG {
            self.crawl.cut = Some(Cut::Failures {
                number: self.crawl.failures,
                last: error.to_string(),
            });
        }
    }

    /// Records a redirect that is not followed.
    fn redirected(&mut self, page: &Page, to: Option<Url>, is_on_site: bool) -> Result<(), JobError> {
        let to = to.map(String::from).unwrap_or_default();
        if self.index == 0 && !is_on_site {
            let error = format!("{} redirects to another site: {to}", self.crawl.name);
            return Err(JobError::permanent(Outcome::RedirectsTo, error));
        }
        let (disposition, reason) = if is_on_site {
            (Disposition::Redirect, format!("it leads to {to}"))
        } else {
            (Disposition::OffSite, format!("it leads to another site: {to}"))
        };
        let at = self.pass(page);
        self.end(at, &page.final_url, Some(page.status.as_u16()), disposition, reason);
        Ok(())
    }

    /// Records a response that is not a readable page.
    fn unreadable(&mut self, page: &Page, reason: String) {
        (self.crawl.failures, self.crawl.hung) = (0, Duration::ZERO);
        let status = page.status.as_u16();
        let disposition = if page.status.is_success() {
            Disposition::Parse
        } else {
            Disposition::Status
        };
        let at = self.pass(page);
        self.end(at, &page.final_url, Some(status), disposition, reason);
        if status == 429 {
            self.crawl.cut = Some(Cut::TooManyRequests);
        }
    }

    /// Records the content of a page, and the URLs it links to.
    fn read(&mut self, page: &Page, read: Read, subdomains: bool) {
        (self.crawl.failures, self.crawl.hung) = (0, Duration::ZERO);
        let at = self.pass(page);
        if self.index == 0 {
            self.crawl.scope = Scope::new(&self.crawl.name, Some(&page.final_url), subdomains);
            self.crawl.scan.entry_url = Some(page.final_url.to_string());
            self.crawl.scan.sitemap_links.0 = read.sitemaps;
            self.crawl.needs_rendering = read.reading.stand_in.is_some();
        }
        let reading = read.reading;
        let (disposition, reason) = self.judge(at, &page.final_url, &reading);
        self.crawl
            .frontier
            .end(at, ScanUrlState::Fetched, disposition, reason.as_deref());
        self.follow(&reading);
        self.rows.push(PageRow {
            url: page.final_url.to_string(),
            status: Some(page.status.as_u16()),
            disposition,
            reason,
            reading: Some(reading),
        });
    }

    /// Records the result for a URL without content.
    fn end(&mut self, at: usize, url: &Url, status: Option<u16>, disposition: Disposition, reason: String) {
        self.crawl
            .frontier
            .end(at, ScanUrlState::Fetched, disposition, Some(&reason));
        self.rows
            .push(PageRow::bare(url.to_string(), status, disposition, Some(reason)));
    }

    /// Records the redirects that led to a page, and returns the index of the final URL.
    fn pass(&mut self, page: &Page) -> usize {
        if page.redirects.is_empty() {
            return self.index;
        }
        let last = &page.final_url;
        for (number, hop) in page.redirects.iter().enumerate() {
            let at = if number == 0 {
                self.index
            } else {
                self.crawl.frontier.pass(hop, self.entry.depth)
            };
            self.end(at, hop, None, Disposition::Redirect, format!("it leads to {last}"));
        }
        let at = self.crawl.frontier.pass(last, self.entry.depth);
        // URLs that differ only in scheme, `www.` or a final slash are the same page.
        self.rows.retain(|row| row.url != last.as_str());
        at
    }

    /// Returns the disposition of a page, and the reason.
    fn judge(&mut self, index: usize, url: &Url, reading: &PageReading) -> (Disposition, Option<String>) {
        let crawl = &mut *self.crawl;
        if let Some(other) = crawl.frontier.says(index, &reading.fingerprint) {
            return (Disposition::Duplicate, Some(format!("same content as {other}")));
        }
        let canonical = reading
            .canonical_url
            .as_deref()
            .and_then(|canonical| Url::parse(canonical).ok());
        if let Some(canonical) = canonical.filter(|canonical| crawl.scope.holds(canonical))
            && site::key(&canonical) != site::key(url)
        {
            if crawl.frontier.is_done(&canonical) {
                return (
                    Disposition::Duplicate,
                    Some(format!("its canonical URL {canonical} was fetched")),
                );
            }
            // Only if they differ in the query alone, since some sites declare the home page as canonical for all
            // pages.
            if canonical.path().trim_end_matches('/') == url.path().trim_end_matches('/') {
                crawl.frontier.same(&canonical, url.as_str());
            }
        }
        if reading.is_truncated {
            return (
                Disposition::Partial,
                Some("it is too large to be read completely".to_owned()),
            );
        }
        (Disposition::Ok, None)
    }

    /// Adds the links of a page.
    fn follow(&mut self, reading: &PageReading) {
        let robots = reading.meta_robots.as_deref().unwrap_or_default().to_ascii_lowercase();
        if robots.contains("nofollow") || robots.split(',').any(|word| word.trim() == "none") {
            return;
        }
        for link in &reading.links {
            if !link.nofollow && self.crawl.scope.holds(&link.url) {
                let rank = site::rank(&link.url, &link.text);
                let depth = self.entry.depth.saturating_add(1);
                self.crawl.frontier.add(&link.url, rank, depth);
            }
        }
    }
}
