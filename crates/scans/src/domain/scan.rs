//! The domain scan's job: fetch the home page, extract, store.

use database::ids::DomainId;
use database::models::enums::Outcome;
use jobs::{BackgroundJob, Finished, JobContext, JobError};
use serde::{Deserialize, Serialize};
use url::Url;
use web::extract::{PageContext, SiteMetadata, extract};
use web::fetch::{FailureKind, FetchError, Fetcher, Page, Want};
use web::html::{self, Limits};
use web::names::DomainName;
use web::sitemap::discover::PageLinks;
use web::stand_in::StandIn;

use super::store;
use crate::Services;
use crate::failure::{is_silence, job_error, real_cause, stand_in};
use crate::room::require_room;
use crate::sitemap::count::count;

/// Maximum number of frames read from a home page.
const MAX_FRAMES: usize = 4;

/// Scans the home page of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainScan {
    /// The domain's standard name.
    pub domain: String,
    /// The maximum number of the site's pages to count.
    pub max_pages: i64,
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
            Err(error) if ctx.is_final(&error) => {
                store::failure(&ctx, &self.domain, error.message()).await;
                Err(error)
            }
            result => result,
        }
    }
}

impl DomainScan {
    /// Creates the scan of a domain that counts at most `max_pages` pages.
    #[must_use]
    pub fn new(domain: &DomainName, max_pages: i64) -> Self {
        Self {
            domain: domain.as_str().to_owned(),
            max_pages,
            domain_id: None,
        }
    }

    async fn scan(&self, ctx: &JobContext<Services>) -> Result<Finished, JobError> {
        require_room(ctx).await?;
        store::begin(ctx, &self.domain).await?;
        ctx.report("starting", &format!("fetching {}", self.domain), 0.1).await;
        let page = fetch_home(&ctx.services().fetcher, &self.domain)
            .await
            .map_err(|error| job_error(&error))?;
        ctx.report("extracting", &format!("reading {}", page.final_url), 0.5)
            .await;
        let (page, mut metadata, links) = read(ctx, page).await?;
        if let Some(what) = metadata.stand_in.filter(|what| *what != StandIn::Shell) {
            let host = self.domain.clone();
            return Err(job_error(&FetchError::StandIn { host, what }));
        }
        for frame in std::mem::take(&mut metadata.frames).iter().take(MAX_FRAMES) {
            // A frame that cannot be fetched is left out.
            if let Ok(frame) = ctx
                .services()
                .fetcher
                .get(frame, Want::html())
                .await
                .and_then(Page::success)
            {
                metadata.add_frame(read(ctx, frame).await?.1);
            }
        }
        ctx.report(
            "extracting",
            &format!("counting the pages that the sitemaps of {} list", self.domain),
            0.7,
        )
        .await;
        let max_pages = u64::try_from(self.max_pages).unwrap_or(0);
        let sitemaps = count(ctx, &page.final_url, &links, max_pages).await?;
        ctx.report("storing", &format!("storing what {} says", self.domain), 0.9)
            .await;
        let outcome = match metadata.stand_in {
            Some(what) => stand_in(what),
            None if metadata.is_truncated => Outcome::Partial,
            None => Outcome::Ok,
        };
        ctx.finish_with(async |mut conn| {
            let metadata = store::drop_suppressed(&mut conn, &self.domain, &metadata).await?;
            store::success(ctx, &mut conn, &self.domain, &page, &metadata, &sitemaps).await?;
            let summary = format!("{} is scanned", self.domain);
            ctx.finish(conn, outcome, &summary, &metadata.contract()).await
        })
        .await
    }
}

/// Reads a page on a blocking thread.
async fn read(ctx: &JobContext<Services>, page: Page) -> Result<(Page, SiteMetadata, PageLinks), JobError> {
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
            },
        );
        let links = PageLinks::of(document.html(), &page.final_url);
        drop(document);
        Ok::<_, html::ParseError>((page, metadata, links))
    });
    read.await?
        .map_err(|error| JobError::permanent(Outcome::Parse, error.to_string()))
}

/// Fetches a domain's home page by https or else by http. If the bare name does not resolve, tries `www.`, since some
/// sites have only that name.
pub(crate) async fn fetch_home(fetcher: &Fetcher, domain: &str) -> Result<Page, FetchError> {
    let first = match fetch_either(fetcher, domain).await {
        Err(error) if error.kind() == FailureKind::Dns => error,
        result => return result,
    };
    // If neither name resolves, the error names the one that was requested.
    let second = fetch_either(fetcher, &format!("www.{domain}")).await;
    second.map_err(|other| if other.kind() == FailureKind::Dns { first } else { other })
}

async fn fetch_either(fetcher: &Fetcher, host: &str) -> Result<Page, FetchError> {
    let get = async |scheme: &str| -> Result<Page, FetchError> {
        let url = Url::parse(&format!("{scheme}://{host}/"))
            .map_err(|_| FetchError::BadUrl("its host is not a valid name"))?;
        fetcher.get_within(&url, Want::html()).await?.success()
    };
    match get("https").await {
        // A host without working https may still serve http.
        Err(error) if is_silence(&error) => get("http").await.map_err(|other| real_cause(error, other)),
        result => result,
    }
}
