//! The domain scan's job: fetch the home page, extract, store.

use std::time::{Duration, Instant};

use database::ids::DomainId;
use database::models::enums::Outcome;
use jobs::{BackgroundJob, Finished, JobContext, JobError};
use serde::{Deserialize, Serialize};
use web::extract::SiteMetadata;
use web::fetch::{FetchError, Fetcher, Home, Page, Want};
use web::names::{DomainName, is_for_tests, is_spelled_with_www};
use web::stand_in::StandIn;

use super::gathered::Gathered;
use super::pages::{self, Totals};
use super::read::{read, unreadable};
use super::redirects::Redirects;
use super::store::{self, Hidden, of_pages};
use crate::Services;
use crate::dns::DnsRecords;
use crate::failure::{job_error, stand_in};
use crate::room::require_room;
use crate::sitemap::count::count;

/// Maximum number of frames read from a home page.
const MAX_FRAMES: usize = 4;
const FRAMES_TIME: Duration = Duration::from_secs(20);

/// Scans the home page of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainScan {
    /// The domain's standard name.
    pub domain: String,
    /// The maximum number of the site's pages to count.
    pub max_pages: i64,
    /// Whether the domain was requested with `www.`, where its home page is then tried first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub www: bool,
    /// Id of the domain's row, which the job's own row stores.
    #[serde(skip)]
    pub(super) domain_id: Option<DomainId>,
}

impl BackgroundJob for DomainScan {
    type Services = Services;

    const KIND: &'static str = "domain_scan";
    // A killed worker uses up an attempt, whatever the state of the site.
    const MAX_ATTEMPTS: i32 = 5;

    fn dedup_key(&self) -> Option<String> {
        Some(self.domain.clone())
    }

    fn domain_id(&self) -> Option<DomainId> {
        self.domain_id
    }

    async fn run(&self, ctx: JobContext<Services>) -> Result<Finished, JobError> {
        match self.scan(&ctx).await {
            Ok(finished) => Ok(finished),
            Err(Failed { error, fetch }) => {
                if ctx.is_final(&error) {
                    store::failure(&ctx, &self.domain, error.message(), fetch.as_ref()).await;
                }
                Err(error)
            }
        }
    }
}

/// A scan that failed.
struct Failed {
    error: JobError,
    /// Why there is no home page.
    fetch: Option<FetchError>,
}

/// Returns that a home page could not be had.
fn unfetched(ctx: &JobContext<Services>, fetch: FetchError) -> Failed {
    Failed {
        error: job_error(&fetch, ctx.attempt()),
        fetch: Some(fetch),
    }
}

impl From<JobError> for Failed {
    fn from(error: JobError) -> Self {
        Self { error, fetch: None }
    }
}

impl DomainScan {
    /// Creates the scan of a domain that counts at most `max_pages` pages.
    #[must_use]
    pub fn new(domain: &DomainName, max_pages: i64) -> Self {
        Self {
            domain: domain.as_str().to_owned(),
            max_pages,
            www: false,
            domain_id: None,
        }
    }

    /// Starts at the name as the client spelled it: with `www.` or without.
    #[must_use]
    pub fn spelled(self, spelled: &str) -> Self {
        Self {
            www: is_spelled_with_www(spelled),
            ..self
        }
    }

    async fn scan(&self, ctx: &JobContext<Services>) -> Result<Finished, Failed> {
        require_room(ctx).await?;
        store::begin(ctx, &self.domain).await?;
        ctx.report("starting", &format!("fetching {}", self.domain), 0.1).await;
        let fetcher = ctx.services().fetcher.session();
        let host = format!("{}{}", if self.www { "www." } else { "" }, self.domain);
        let home = fetcher.home(&host).await;
        let Home { page, https_failure } = home.map_err(|error| unfetched(ctx, error))?;
        ctx.report("extracting", &format!("reading {}", page.final_url), 0.5)
            .await;
        let bytes = page.body.len();
        let (page, mut metadata, links) = read(ctx, page).await?.map_err(|error| unreadable(&error))?;
        if let Some(what) = metadata.stand_in.filter(|what| *what != StandIn::Shell) {
            let host = self.domain.clone();
            return Err(unfetched(ctx, FetchError::StandIn { host, what }));
        }
        let mut totals = Totals::default();
        totals.add(bytes, &page, metadata.performance.image_count);
        add_frames(ctx, &fetcher, &mut metadata).await?;
        ctx.report(
            "extracting",
            &format!("counting the pages that the sitemaps of {} list", self.domain),
            0.7,
        )
        .await;
        let max_pages = u64::try_from(self.max_pages).unwrap_or(0);
        let sitemaps = count(ctx, &fetcher, &page.final_url, &links, max_pages).await?;
        ctx.report("extracting", &format!("reading inner pages of {}", self.domain), 0.8)
            .await;
        pages::add(
            ctx,
            &fetcher,
            &page.final_url,
            &sitemaps.named,
            &mut metadata,
            &mut totals,
        )
        .await?;
        let redirects = Redirects::ask(ctx, &fetcher, &page).await?;
        let robots = fetcher.robots(&page.final_url).await.ok();
        let dns = self.ask_dns(ctx, &page, &mut metadata).await;
        ctx.report("storing", &format!("storing what {} says", self.domain), 0.9)
            .await;
        let gathered = Gathered {
            home: page,
            https_failure,
            metadata,
            sitemaps,
            redirects,
            totals,
            robots,
            dns,
        };
        Ok(self.store(ctx, &gathered).await?)
    }

    /// Asks for the domain's records, and adds the technologies that they tell; `None` if that is switched off, or if the
    /// name is reserved for tests.
    async fn ask_dns(
        &self,
        ctx: &JobContext<Services>,
        home: &Page,
        metadata: &mut SiteMetadata,
    ) -> Option<DnsRecords> {
        let dns = ctx.services().dns.as_ref().filter(|_| !is_for_tests(&self.domain))?;
        let host = home.final_url.host_str().unwrap_or(&self.domain);
        let records = DnsRecords::ask(dns, &self.domain, host, home.remote_addr.ip()).await;
        metadata.add_sightings(records.sightings(&ctx.services().rules));
        Some(records)
    }

    async fn store(&self, ctx: &JobContext<Services>, gathered: &Gathered) -> Result<Finished, JobError> {
        let metadata = &gathered.metadata;
        let outcome = match metadata.stand_in {
            Some(what) => stand_in(what),
            None if metadata.is_truncated => Outcome::Partial,
            None => Outcome::Ok,
        };
        let finished = ctx.finish_with(async |mut conn| {
            let evidence = of_pages(metadata);
            let hidden = Hidden::find(&mut conn, &self.domain, gathered, &evidence).await?;
            let metadata = hidden.without(metadata);
            store::success(ctx, &mut conn, &self.domain, (gathered, &metadata, evidence), &hidden).await?;
            let summary = format!("{} is scanned", self.domain);
            ctx.finish(conn, outcome, &summary, &metadata.contract()).await
        });
        finished.await
    }
}

/// Adds the facts of a home page's frames. A frame that cannot be fetched is left out.
async fn add_frames(
    ctx: &JobContext<Services>,
    fetcher: &Fetcher,
    metadata: &mut SiteMetadata,
) -> Result<(), JobError> {
    let deadline = Instant::now() + FRAMES_TIME;
    for frame in std::mem::take(&mut metadata.frames).iter().take(MAX_FRAMES) {
        let left = deadline.saturating_duration_since(Instant::now());
        let want = Want::html().within(left.min(fetcher.timeout()));
        if let Ok(frame) = fetcher.get(frame, want).await.and_then(Page::success) {
            let (_, frame, _) = read(ctx, frame).await?.map_err(|error| unreadable(&error))?;
            metadata.add_frame(frame);
        }
    }
    Ok(())
}
