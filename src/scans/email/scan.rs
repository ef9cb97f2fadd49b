//! The job: crawl, store page by page, ask DNS, add up.

use std::time::Instant;

use chrono::{TimeDelta, Utc};
use database::ids::DomainId;
use database::models::enums::{Outcome, ScanUrlState};
use database::repo;
use serde::{Deserialize, Serialize};
use url::Url;
use web::extract::PageReading;
use web::fetch::{FailureKind, FetchError};
use web::sitemap::discover::PageLinks;

use super::crawl::Crawl;
use super::frontier::MOST_FETCHES;
use super::page::{Fetched, fetch};
use super::site::{self, Scope};
use super::store::{self, PageRow};
use crate::jobs::{BackgroundJob, Finished, JobContext, JobError, Retry};
use crate::scans::Services;
use crate::scans::failure::{job_error, outcome};
use crate::scans::sitemap::count;

/// Failures in a row after which a site is left alone.
const MOST_FAILURES: usize = 10;
/// URLs of sitemaps that are taken.
const MOST_SEEDS: u64 = 1_000;
/// How long an answer of DNS is believed.
const MX_KEPT: TimeDelta = TimeDelta::days(30);

/// Crawls the site of a domain for email addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailScanJob {
    /// The domain's standard name.
    pub domain: String,
    /// The tenant's row of it, which the job's own row names.
    #[serde(skip)]
    pub domain_id: Option<DomainId>,
    /// How many pages to fetch at most.
    pub total_pages: i32,
}

impl BackgroundJob for EmailScanJob {
    type Services = Services;

    const KIND: &'static str = "email_scan";
    // A worker that is killed uses one up, and what it did is not lost: each goes on behind the last page.
    const MAX_ATTEMPTS: i32 = 25;

    fn dedup_key(&self) -> Option<String> {
        Some(self.domain.clone())
    }

    fn domain_id(&self) -> Option<DomainId> {
        self.domain_id
    }

    async fn run(&self, ctx: JobContext<Services>) -> Result<Finished, JobError> {
        match self.scan(&ctx).await {
            Err(error) if ctx.is_last_attempt() || error.when_retried() == Retry::Never => {
                store::failure(&ctx, &self.domain, error.message()).await;
                Err(error)
            }
            result => result,
        }
    }
}

/// What became of the turn of one URL.
enum Turn {
    /// There is another.
    Next,
    /// The crawl ends, with what there is.
    Stop,
}

impl EmailScanJob {
    async fn scan(&self, ctx: &JobContext<Services>) -> Result<Finished, JobError> {
        let mut crawl = store::begin(ctx, &self.domain, self.total_pages).await?;
        if crawl.frontier.is_empty() {
            let home =
                Url::parse(&format!("https://{}/", self.domain)).map_err(|error| JobError::internal(error.into()))?;
            crawl.frontier.add(&home, 0, 0);
        }
        let max_depth = i16::try_from(ctx.services().email.max_depth).unwrap_or(i16::MAX);
        loop {
            if crawl.scan.seeded_at.is_none() && crawl.scan.entry_url.is_some() {
                self.seed(ctx, &mut crawl).await?;
            }
            let limit = usize::try_from(crawl.scan.total_pages).unwrap_or(0);
            let left = limit.saturating_sub(crawl.frontier.fetched());
            let Some(index) = crawl.frontier.next(max_depth) else {
                break;
            };
            // One that was cut off is counted already.
            let is_counted = crawl.frontier.get(index).is_some_and(|entry| entry.fetches > 0);
            if left == 0 && !is_counted {
                crawl.note = Some(format!("the limit of {limit} pages is reached"));
                break;
            }
            let time = ctx.services().email.time;
            if u128::try_from(crawl.scan.busy_ms).unwrap_or(0) >= time.as_millis() {
                crawl.note = Some(format!("the limit of {} s is reached", time.as_secs()));
                break;
            }
            let begun = Instant::now();
            let turn = self.turn(ctx, &mut crawl, index, left, begun).await?;
            let done = crawl.frontier.fetched();
            #[expect(clippy::cast_precision_loss, reason = "a part of a whole needs no more")]
            let part = done as f64 / limit.max(1) as f64;
            let message = format!(
                "{done} pages of {}, {} addresses",
                self.domain, crawl.scan.contacts_found
            );
            ctx.report("scanning", &message, 0.05 + 0.85 * part).await;
            if matches!(turn, Turn::Stop) {
                break;
            }
        }
        self.check_mail(ctx, &crawl).await?;
        store::finish(ctx, &mut crawl).await
    }

    /// Adds what the site's sitemaps list.
    async fn seed(&self, ctx: &JobContext<Services>, crawl: &mut Crawl) -> Result<(), JobError> {
        let Some(entry) = crawl.scan.entry_url.as_deref().and_then(|url| Url::parse(url).ok()) else {
            return Ok(());
        };
        let links = crawl.scan.sitemap_links.0.iter().filter_map(|url| Url::parse(url).ok());
        let links = PageLinks {
            sitemaps: links.collect(),
            feeds: Vec::new(),
        };
        for url in count::list(ctx, &entry, &links, MOST_SEEDS).await? {
            if let Ok(url) = Url::parse(&url)
                && crawl.scope.holds(&url)
            {
                crawl.frontier.add(&url, site::rank(&url, ""), 1);
            }
        }
        store::seeded(ctx, crawl).await
    }

    /// Fetches one URL and stores what comes of it.
    async fn turn(
        &self,
        ctx: &JobContext<Services>,
        crawl: &mut Crawl,
        index: usize,
        left: usize,
        begun: Instant,
    ) -> Result<Turn, JobError> {
        let Some(entry) = crawl.frontier.get(index).cloned() else {
            return Ok(Turn::Next);
        };
        let Ok(url) = Url::parse(&entry.url) else {
            crawl
                .frontier
                .end(index, ScanUrlState::LeftOut, "parse", Some("its URL cannot be read"));
            return Ok(Turn::Next);
        };
        let is_home = index == 0;
        if !is_home && ctx.services().fetcher.allowed(&url).await == Ok(false) {
            // Nothing was asked for.
            crawl.frontier.end(
                index,
                ScanUrlState::LeftOut,
                "robots",
                Some("robots.txt forbids fetching it"),
            );
            store::urls(ctx, crawl).await?;
            return Ok(Turn::Next);
        }
        crawl.frontier.begin(index);
        store::urls(ctx, crawl).await?;
        let left = left.saturating_sub(usize::from(entry.fetches == 0));
        let fetched = if is_home {
            self.fetch_home(ctx, crawl, left).await?
        } else {
            fetch(ctx, &url, &crawl.scope, &crawl.frontier, left).await?
        };
        let mut rows = Vec::new();
        let mut turn = Turn::Next;
        let mut found = None;
        match fetched {
            Fetched::Failed { error, passed } => {
                if is_home {
                    return Err(self.without_home(ctx, crawl, index, error).await?);
                }
                for hop in passed {
                    let at = crawl.frontier.pass(&hop, entry.depth);
                    crawl
                        .frontier
                        .end(at, ScanUrlState::Fetched, "redirect", Some("it leads nowhere"));
                    rows.push(PageRow::bare(
                        hop.to_string(),
                        None,
                        "redirect",
                        Some("it leads nowhere".to_owned()),
                    ));
                }
                crawl.failures += 1;
                let disposition = match &error {
                    FetchError::ContentType { .. } => "no_page",
                    FetchError::Robots { .. } => "robots",
                    other => outcome(other).label(),
                };
                let reason = error.to_string();
                crawl
                    .frontier
                    .end(index, ScanUrlState::Fetched, disposition, Some(&reason));
                rows.push(PageRow::bare(entry.url.clone(), None, disposition, Some(reason)));
                if crawl.failures >= MOST_FAILURES {
                    crawl.note = Some(format!("{MOST_FAILURES} pages in a row could not be had: {error}"));
                    turn = Turn::Stop;
                }
            }
            Fetched::Redirect { page, to, is_on_site } => {
                let to = to.map(String::from).unwrap_or_default();
                if is_home && !is_on_site {
                    let error = format!("{} redirects to another site: {to}", self.domain);
                    return Err(JobError::permanent(Outcome::BlockedStatus, error));
                }
                let (disposition, reason) = if is_on_site {
                    ("redirect", format!("it leads to {to}"))
                } else {
                    ("off_site", format!("it leads to another site: {to}"))
                };
                let at = self.pass(crawl, index, &entry.depth, &page.redirects, &page.final_url, &mut rows);
                crawl
                    .frontier
                    .end(at, ScanUrlState::Fetched, disposition, Some(&reason));
                let status = Some(page.status.as_u16());
                rows.push(PageRow::bare(
                    page.final_url.to_string(),
                    status,
                    disposition,
                    Some(reason),
                ));
            }
            Fetched::Page(page, read) => {
                crawl.failures = 0;
                let status = page.status.as_u16();
                if is_home && !page.status.is_success() {
                    let error = page
                        .success()
                        .err()
                        .unwrap_or(FetchError::BadUrl("its home page cannot be had"));
                    return Err(self.without_home(ctx, crawl, index, error).await?);
                }
                let at = self.pass(crawl, index, &entry.depth, &page.redirects, &page.final_url, &mut rows);
                match read {
                    Err(reason) => {
                        let disposition = if page.status.is_success() { "parse" } else { "status" };
                        crawl
                            .frontier
                            .end(at, ScanUrlState::Fetched, disposition, Some(&reason));
                        rows.push(PageRow::bare(
                            page.final_url.to_string(),
                            Some(status),
                            disposition,
                            Some(reason),
                        ));
                        if status == 429 {
                            crawl.note = Some("the site asks for fewer requests".to_owned());
                            turn = Turn::Stop;
                        }
                    }
                    Ok(read) => {
                        if is_home {
                            crawl.scope =
                                Scope::new(&self.domain, Some(&page.final_url), ctx.services().email.subdomains);
                            crawl.scan.entry_url = Some(page.final_url.to_string());
                            crawl.scan.sitemap_links.0 = read.sitemaps;
                        }
                        let reading = read.reading;
                        let (disposition, reason) = self.judge(crawl, at, &page.final_url, &reading);
                        crawl
                            .frontier
                            .end(at, ScanUrlState::Fetched, disposition, reason.as_deref());
                        self.follow(crawl, &reading, entry.depth);
                        found = Some(PageRow {
                            url: page.final_url.to_string(),
                            status: Some(status),
                            disposition,
                            reason,
                            reading: Some(reading),
                        });
                    }
                }
            }
        }
        rows.extend(found);
        crawl.scan.busy_ms += i64::try_from(begun.elapsed().as_millis()).unwrap_or(0);
        store::pages(ctx, crawl, &rows).await?;
        Ok(turn)
    }

    /// Notes what a chain of redirects passed through, and returns where its end stands.
    fn pass(
        &self,
        crawl: &mut Crawl,
        index: usize,
        depth: &i16,
        passed: &[Url],
        last: &Url,
        rows: &mut Vec<PageRow>,
    ) -> usize {
        if passed.is_empty() {
            return index;
        }
        for (number, hop) in passed.iter().enumerate() {
            let at = if number == 0 {
                index
            } else {
                crawl.frontier.pass(hop, *depth)
            };
            let reason = format!("it leads to {last}");
            crawl.frontier.end(at, ScanUrlState::Fetched, "redirect", Some(&reason));
            rows.push(PageRow::bare(hop.to_string(), None, "redirect", Some(reason)));
        }
        let at = crawl.frontier.pass(last, *depth);
        // Where only the scheme, `www.` or a final slash differ they are the same.
        rows.retain(|row| row.url != last.as_str());
        at
    }

    /// Says what a page is to the crawl.
    fn judge(
        &self,
        crawl: &mut Crawl,
        index: usize,
        url: &Url,
        reading: &PageReading,
    ) -> (&'static str, Option<String>) {
        if let Some(other) = crawl.frontier.says(index, &reading.fingerprint) {
            return ("duplicate", Some(format!("it says the same as {other}")));
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
                    "duplicate",
                    Some(format!("it calls {canonical} its own URL, which was fetched")),
                );
            }
            // Where they differ by the query only; sites name their home page for all pages, too.
            if canonical.path().trim_end_matches('/') == url.path().trim_end_matches('/') {
                crawl.frontier.same(&canonical, url.as_str());
            }
        }
        if reading.is_truncated {
            return ("partial", Some("it is too large to be read to its end".to_owned()));
        }
        ("ok", None)
    }

    /// Adds what a page links to.
    fn follow(&self, crawl: &mut Crawl, reading: &PageReading, depth: i16) {
        let robots = reading.meta_robots.as_deref().unwrap_or_default().to_ascii_lowercase();
        if robots.contains("nofollow") || robots.split(',').any(|word| word.trim() == "none") {
            return;
        }
        for link in &reading.links {
            if !link.nofollow && crawl.scope.holds(&link.url) {
                let rank = site::rank(&link.url, &link.text);
                crawl.frontier.add(&link.url, rank, depth.saturating_add(1));
            }
        }
    }

    /// Fetches the home page: by https, else by http, and where the bare name does not resolve under `www.`.
    async fn fetch_home(&self, ctx: &JobContext<Services>, crawl: &Crawl, left: usize) -> Result<Fetched, JobError> {
        // Wherever the domain's own redirects lead within what its owner registered.
        let scope = Scope::new(&self.domain, None, true);
        let mut first: Option<FetchError> = None;
        for host in [self.domain.clone(), format!("www.{}", self.domain)] {
            for scheme in ["https", "http"] {
                let Ok(url) = Url::parse(&format!("{scheme}://{host}/")) else {
                    continue;
                };
                match fetch(ctx, &url, &scope, &crawl.frontier, left).await? {
                    Fetched::Failed { error, passed } => {
                        let outcome = outcome(&error);
                        let is_silence = matches!(outcome, Outcome::Tls | Outcome::Timeout | Outcome::Upstream);
                        if !is_silence && outcome != Outcome::Dns {
                            return Ok(Fetched::Failed { error, passed });
                        }
                        first.get_or_insert(error);
                        if outcome == Outcome::Dns {
                            break;
                        }
                    }
                    fetched => return Ok(fetched),
                }
            }
            if first.as_ref().is_some_and(|error| error.kind() != FailureKind::Dns) {
                break;
            }
        }
        let error = first.unwrap_or(FetchError::BadUrl("its host is no name"));
        Ok(Fetched::Failed {
            error,
            passed: Vec::new(),
        })
    }

    /// Ends an attempt that has no home page: there is nothing to go by.
    async fn without_home(
        &self,
        ctx: &JobContext<Services>,
        crawl: &mut Crawl,
        index: usize,
        error: FetchError,
    ) -> Result<JobError, JobError> {
        let is_last = crawl
            .frontier
            .get(index)
            .is_none_or(|entry| entry.fetches >= MOST_FETCHES);
        crawl.frontier.put_back(index);
        store::urls(ctx, crawl).await?;
        let (outcome, message) = (outcome(&error), error.to_string());
        Ok(if is_last || !error.is_transient() {
            JobError::permanent(outcome, message)
        } else {
            job_error(&error)
        })
    }

    /// Asks DNS about the domains of addresses that it has not been asked about.
    async fn check_mail(&self, ctx: &JobContext<Services>, crawl: &Crawl) -> Result<(), JobError> {
        let Some(mail) = &ctx.services().mail else {
            return Ok(());
        };
        let mut conn = ctx.tenant().await?;
        let domains = repo::contacts::list_unknown_mail_domains(&mut conn, crawl.domain, Utc::now() - MX_KEPT).await?;
        drop(conn);
        if domains.is_empty() {
            return Ok(());
        }
        ctx.report(
            "checking",
            &format!("asking which of {} domains take mail", domains.len()),
            0.92,
        )
        .await;
        let found = mail.ask(domains).await;
        let mut conn = ctx.tenant().await?;
        ctx.hold(&mut conn).await?;
        repo::contacts::upsert_mail_domains(&mut conn, &found).await?;
        conn.commit().await?;
        Ok(())
    }
}
