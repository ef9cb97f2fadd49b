//! The sitemap analysis's job: find a site's sitemaps, read one after the other, store the URLs they list.
//!
//! Its state is in the database: which files are pending and which are read. An interrupted attempt leaves complete
//! files behind, and the next one continues with the pending ones.

use std::time::Duration;

use database::ids::DomainId;
use database::models::enums::Outcome;
use database::models::sitemap_file::SitemapFile;
use database::repo;
use jobs::{BackgroundJob, Finished, JobContext, JobError};
use serde::{Deserialize, Serialize};
use url::Url;
use web::fetch::{FailureKind, FetchError, Fetcher, Home, real_cause};
use web::html::{self, Limits};
use web::names::registrable;
use web::sitemap::discover::{DiscoveryMethod, Effort, Found, PageLinks, discover};

use super::store::{self, Analysis};
use crate::Services;
use crate::failure::{job_error, outcome};
use crate::room::require_room;

/// How many pending files are read from the database at a time.
const AT_ONCE: i64 = 100;

/// The pause before a failed download is tried a second time.
const BEFORE_SECOND_TRY: Duration = Duration::from_secs(1);

/// Analyses the sitemaps of a domain, or one given sitemap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SitemapScan {
    /// The domain's standard name.
    pub domain: String,
    /// URL of the sitemap to start with, instead of those that the site names.
    pub url: Option<Url>,
    /// The maximum number of URLs to store.
    pub max_urls: u64,
    /// The maximum depth of nested indexes.
    pub max_depth: i16,
}

impl BackgroundJob for SitemapScan {
    type Services = Services;

    const KIND: &'static str = "sitemap_scan";
    // A killed worker uses up an attempt, and the next one continues after the last complete file: a large site takes
    // longer than some workers live.
    const MAX_ATTEMPTS: i32 = 10;

    fn dedup_key(&self) -> Option<String> {
        // Two simultaneous analyses would report each other's work as differences.
        Some(self.domain.clone())
    }

    async fn run(&self, ctx: JobContext<Services>) -> Result<Finished, JobError> {
        let (domain, analysis) = match self.analyse(&ctx).await {
            Ok(analysed) => analysed,
            Err(error) => {
                if ctx.is_final(&error) {
                    store::failure(&ctx, &self.domain, error.message()).await?;
                }
                return Err(error);
            }
        };
        analysis.finish(&ctx, domain, &self.domain).await
    }
}

impl SitemapScan {
    async fn analyse(&self, ctx: &JobContext<Services>) -> Result<(DomainId, Analysis), JobError> {
        require_room(ctx).await?;
        let (domain, run) = store::begin(ctx, &self.domain, self.url.is_none()).await?;
        let mut analysis = Analysis::new(ctx, domain, run, self.max_urls).await?;
        let fetcher = ctx.services().fetcher.session();
        if analysis.run.discovered_at.is_none() {
            ctx.report(
                "discovering",
                &format!("looking for the sitemaps of {}", self.domain),
                0.02,
            )
            .await;
            let found = match &self.url {
                Some(url) => vec![Found {
                    url: url.clone(),
                    method: DiscoveryMethod::Request,
                }],
                None => self.discover(ctx, &fetcher).await?,
            };
            analysis.discovered(ctx, &found).await?;
        }
        loop {
            let waiting = {
                let mut conn = ctx.tenant().await?;
                repo::sitemap_files::list_pending(&mut conn, domain, ctx.job_id(), AT_ONCE).await?
            };
            if waiting.is_empty() {
                break;
            }
            for file in waiting {
                if let Some(limit) = analysis.limit_reached(ctx).await? {
                    analysis.skip_rest(ctx, &limit).await?;
                    break;
                }
                self.read_file(ctx, &fetcher, &mut analysis, &file).await?;
                analysis.report(ctx).await;
            }
        }
        if self.url.is_none() {
            analysis.retire_unmet(ctx).await?;
        }
        Ok((domain, analysis))
    }

    /// Finds the sitemaps, starting at the home page, which names some and shows the site's real address.
    async fn discover(&self, ctx: &JobContext<Services>, fetcher: &Fetcher) -> Result<Vec<Found>, JobError> {
        let (origin, links) = match fetcher.home(&self.domain).await {
            Ok(Home { page, .. }) => {
                let origin = page.final_url.clone();
                let links = ctx
                    .blocking(move || {
                        let document = html::parse(&page.text().text, &Limits::default()).ok()?;
                        Some(PageLinks::of(document.html(), &page.final_url))
                    })
                    .await?;
                (origin, links.unwrap_or_default())
            }
            // A home page that cannot be fetched does not rule out sitemaps.
            Err(
                FetchError::Status { .. }
                | FetchError::Robots { .. }
                | FetchError::ContentType { .. }
                | FetchError::Empty { .. }
                | FetchError::TooLarge { .. }
                | FetchError::Redirects { .. },
            ) => {
                let origin = Url::parse(&format!("https://{}/", self.domain));
                (
                    origin.map_err(|error| JobError::internal(error.into()))?,
                    PageLinks::default(),
                )
            }
            Err(error) => return Err(job_error(&error, ctx.attempt())),
        };
        let found = discover(fetcher, &origin, &links, Effort::All).await;
        let Err(error) = found else {
            return found.map_err(|error| job_error(&error, ctx.attempt()));
        };
        // The home page may have been served by http only.
        let mut plain = origin;
        if plain.scheme() != "https" || plain.set_scheme("http").is_err() {
            return Err(job_error(&error, ctx.attempt()));
        }
        discover(fetcher, &plain, &links, Effort::All)
            .await
            .map_err(|other| job_error(&real_cause(error, other), ctx.attempt()))
    }

    async fn read_file(
        &self,
        ctx: &JobContext<Services>,
        fetcher: &Fetcher,
        analysis: &mut Analysis,
        file: &SitemapFile,
    ) -> Result<(), JobError> {
        let sitemap = &ctx.services().sitemap;
        let Ok(url) = Url::parse(&file.url) else {
            return analysis
                .failed(ctx, file, None, Outcome::Parse, "its URL cannot be read")
                .await;
        };
        let get = || web::sitemap::download::download(fetcher, &url, sitemap.max_file_bytes, sitemap.file_timeout);
        let mut fetched = get().await;
        let is_worth_another = match &fetched {
            Ok(fetched) => fetched.status.is_server_error(),
            // One that hangs has had its time.
            Err(error) => error.is_transient() && error.kind() != FailureKind::Timeout,
        };
        if is_worth_another {
            tokio::time::sleep(BEFORE_SECOND_TRY).await;
            fetched = get().await;
        }
        match fetched {
            Err(error) if error.kind() == FailureKind::Local => Err(job_error(&error, ctx.attempt())),
            Err(error) => {
                // The file waits for DNS as well, unless it has always been elsewhere.
                let later = job_error(&error, ctx.attempt());
                let is_own = url
                    .host_str()
                    .is_some_and(|host| registrable(host) == registrable(&self.domain));
                if error.is_dns_outage() && is_own && !ctx.is_final(&later) {
                    return Err(later);
                }
                let (outcome, text) = (outcome(&error), error.to_string());
                analysis.failed(ctx, file, None, outcome, &text).await
            }
            Ok(fetched) if !fetched.status.is_success() => {
                let text = format!("the server answered with status {}", fetched.status.as_u16());
                analysis
                    .failed(ctx, file, Some(fetched.status.as_u16()), Outcome::BlockedStatus, &text)
                    .await
            }
            Ok(fetched) => analysis.store(ctx, file, fetched, self.max_depth).await,
        }
    }
}
