//! The domain scan's job: fetch the home page, extract, store.

use std::time::{Duration, Instant};

use database::ids::DomainId;
use database::models::enums::Outcome;
use jobs::{BackgroundJob, Finished, JobContext, JobError};
use serde::{Deserialize, Serialize};
use web::extract::{PageContext, SiteMetadata, extract};
use web::fetch::{FetchError, Fetcher, Home, Page, Want};
use web::html::{self, Limits};
use web::names::{DomainName, is_spelled_with_www};
use web::sitemap::discover::PageLinks;
use web::stand_in::StandIn;

use super::store::{self, Served};
use crate::Services;
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
        let home = fetcher.home(&host).await.map_err(|error| Failed {
            error: job_error(&error, ctx.attempt()),
            fetch: Some(error),
        })?;
        let Home { page, https_failure } = home;
        ctx.report("extracting", &format!("reading {}", page.final_url), 0.5)
            .await;
        let (page, mut metadata, links) = read(ctx, page).await?;
        if let Some(what) = metadata.stand_in.filter(|what| *what != StandIn::Shell) {
            let host = self.domain.clone();
            return Err(job_error(&FetchError::StandIn { host, what }, ctx.attempt()).into());
        }
        add_frames(ctx, &fetcher, &mut metadata).await?;
        ctx.report(
            "extracting",
            &format!("counting the pages that the sitemaps of {} list", self.domain),
            0.7,
        )
        .await;
        let max_pages = u64::try_from(self.max_pages).unwrap_or(0);
        let sitemaps = count(ctx, &fetcher, &page.final_url, &links, max_pages).await?;
        ctx.report("storing", &format!("storing what {} says", self.domain), 0.9)
            .await;
        let outcome = match metadata.stand_in {
            Some(what) => stand_in(what),
            None if metadata.is_truncated => Outcome::Partial,
            None => Outcome::Ok,
        };
        let served = Served {
            page: &page,
            https_failure: https_failure.as_ref(),
        };
        let finished = ctx.finish_with(async |mut conn| {
            let metadata = store::drop_suppressed(&mut conn, &self.domain, &metadata).await?;
            store::success(ctx, &mut conn, &self.domain, served, &metadata, &sitemaps).await?;
            let summary = format!("{} is scanned", self.domain);
            ctx.finish(conn, outcome, &summary, &metadata.contract()).await
        });
        Ok(finished.await?)
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
            metadata.add_frame(read(ctx, frame).await?.1);
        }
    }
    Ok(())
}

/// Reads a page on a blocking thread.
async fn read(ctx: &JobContext<Services>, page: Page) -> Result<(Page, SiteMetadata, PageLinks), JobError> {
    let rules = ctx.services().rules.clone();
    let read = ctx.blocking(move || {
        let text = page.text();
        let document = html::parse(&text.text, &Limits::default())?;
        let headers: Vec<(&str, &str)> = page
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let metadata = extract(
            &document,
            &PageContext {
                final_url: &page.final_url,
                headers: &headers,
                rules: &rules,
            },
        );
        let links = PageLinks::of(document.html(), &page.final_url);
        drop(document);
        Ok::<_, html::ParseError>((page, metadata, links))
    });
    read.await?
        .map_err(|error| JobError::permanent(Outcome::Parse, error.to_string()))
}
