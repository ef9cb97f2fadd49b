//! The email scan's job: crawl, store page by page, check mail domains, add up.

use chrono::{TimeDelta, Utc};
use database::ids::DomainId;
use database::repo;
use jobs::{BackgroundJob, Finished, JobContext, JobError};
use serde::{Deserialize, Serialize};
use url::Url;
use web::sitemap::discover::PageLinks;

use super::crawl::{Crawl, Cut};
use super::visit::visit;
use super::{site, store};
use crate::Services;
use crate::room::require_room;
use crate::sitemap::count;

/// The maximum number of URLs taken from sitemaps.
const MAX_SEEDS: u64 = 1_000;
/// How long a DNS answer is valid.
const MX_KEPT: TimeDelta = TimeDelta::days(30);

/// Crawls the site of a domain for email addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailScanJob {
    /// The domain's standard name.
    pub domain: String,
    /// Id of the domain's row, which the job's own row stores.
    #[serde(skip)]
    pub domain_id: Option<DomainId>,
    /// The maximum number of pages to fetch.
    pub total_pages: i32,
}

impl BackgroundJob for EmailScanJob {
    type Services = Services;

    const KIND: &'static str = "email_scan";
    // A killed worker uses up an attempt, but not its results: each attempt continues after the last page.
    const MAX_ATTEMPTS: i32 = 25;

    fn dedup_key(&self) -> Option<String> {
        Some(self.domain.clone())
    }

    fn domain_id(&self) -> Option<DomainId> {
        self.domain_id
    }

    async fn run(&self, ctx: JobContext<Services>) -> Result<Finished, JobError> {
        self.scan(&ctx).await
    }
}

impl EmailScanJob {
    async fn scan(&self, ctx: &JobContext<Services>) -> Result<Finished, JobError> {
        require_room(ctx).await?;
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
            // An interrupted page was already counted.
            let is_counted = crawl.frontier.get(index).is_some_and(|entry| entry.fetches > 0);
            if left == 0 && !is_counted {
                crawl.cut = Some(Cut::Pages(limit));
                break;
            }
            let time = ctx.services().email.time;
            if u128::try_from(crawl.scan.busy_ms).unwrap_or(0) >= time.as_millis() {
                crawl.cut = Some(Cut::Time(time));
                break;
            }
            if let Some(shortage) = ctx.room().shortage() {
                crawl.cut = Some(Cut::Room(shortage));
                break;
            }
            visit(ctx, &mut crawl, index, left).await?;
            let done = crawl.frontier.fetched();
            #[expect(clippy::cast_precision_loss, reason = "a part of a whole needs no more")]
            let part = done as f64 / limit.max(1) as f64;
            ctx.report("scanning", &crawl.summary(), 0.05 + 0.85 * part).await;
            if crawl.cut.is_some() {
                break;
            }
        }
        self.check_mail(ctx, &crawl).await?;
        store::finish(ctx, &mut crawl).await
    }

    /// Adds the URLs that the site's sitemaps list.
    async fn seed(&self, ctx: &JobContext<Services>, crawl: &mut Crawl) -> Result<(), JobError> {
        let Some(entry) = crawl.scan.entry_url.as_deref().and_then(|url| Url::parse(url).ok()) else {
            return Ok(());
        };
        let links = crawl.scan.sitemap_links.0.iter().filter_map(|url| Url::parse(url).ok());
        let links = PageLinks {
            sitemaps: links.collect(),
            feeds: Vec::new(),
        };
        for url in count::list(ctx, &crawl.fetcher, &entry, &links, MAX_SEEDS).await? {
            if let Ok(url) = Url::parse(&url)
                && crawl.scope.holds(&url)
            {
                crawl.frontier.add(&url, site::rank(&url, ""), 1);
            }
        }
        store::seeded(ctx, crawl).await
    }

    /// Checks the mail domains whose status is unknown or outdated.
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
