//! Submission of sitemap analyses.

use database::ids::{DomainId, JobId};
use database::models::domain::{DomainChanges, NewDomain};
use database::models::enums::ProcessingStatus;
use database::repo;
use jobs::{EnqueueOptions, Submission, SubmitError};
use url::Url;
use web::names::DomainName;

use super::SitemapScan;
use crate::settings::SitemapConfig;

/// How many URLs an analysis stores by default.
pub const DEFAULT_URLS: i64 = 1_000_000;
/// The default maximum depth of nested indexes.
pub const DEFAULT_DEPTH: i16 = 3;
/// The maximum for the depth of nested indexes.
const MAX_DEPTH: i16 = 10;

/// A request to analyse sitemaps; `None` stands for the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct SitemapRequest<'a> {
    /// The domain; by default that of `sitemap_url`.
    pub domain: Option<&'a str>,
    /// The URL of the sitemap to start with, instead of those that the site names.
    pub sitemap_url: Option<&'a str>,
    /// The maximum number of URLs to store.
    pub max_urls: Option<i64>,
    /// The maximum depth of nested indexes.
    pub max_depth: Option<i16>,
}

/// A submitted analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Id of the domain's row.
    pub domain_id: DomainId,
    /// The job that analyses it.
    pub job_id: JobId,
    /// Whether the job is new; otherwise it is the domain's unfinished one.
    pub is_new: bool,
}

impl SitemapScan {
    /// Validates a request for at most `config.max_urls` URLs.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Invalid`] for an invalid value.
    pub fn read(request: &SitemapRequest<'_>, config: &SitemapConfig) -> Result<Self, SubmitError> {
        let url = request.sitemap_url.map(read_url).transpose()?;
        let (field, name) = match (request.domain, &url) {
            (Some(domain), _) => ("domain", domain),
            (None, Some(url)) => ("sitemap_url", url.host_str().unwrap_or_default()),
            (None, None) => {
                return Err(SubmitError::invalid("domain", "`domain` or `sitemap_url` is required"));
            }
        };
        let domain = DomainName::parse(name).map_err(|error| SubmitError::invalid(field, error.to_string()))?;
        let cap = i64::try_from(config.max_urls).unwrap_or(i64::MAX);
        let max_urls = request.max_urls.unwrap_or(DEFAULT_URLS.min(cap));
        if !(1..=cap).contains(&max_urls) {
            let detail = format!("max_urls is {max_urls}: it must be from 1 to {cap}");
            return Err(SubmitError::invalid("max_urls", detail));
        }
        let max_depth = request.max_depth.unwrap_or(DEFAULT_DEPTH);
        if !(0..=MAX_DEPTH).contains(&max_depth) {
            let detail = format!("max_depth is {max_depth}: it must be from 0 to {MAX_DEPTH}");
            return Err(SubmitError::invalid("max_depth", detail));
        }
        Ok(Self {
            domain: domain.as_str().to_owned(),
            url,
            max_urls: max_urls.unsigned_abs(),
            max_depth,
        })
    }
}

fn read_url(text: &str) -> Result<Url, SubmitError> {
    let url = Url::parse(text.trim()).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(|| {
            let detail = "sitemap_url must be the URL of a sitemap, such as https://example.com/sitemap.xml";
            SubmitError::invalid("sitemap_url", detail)
        })
}

/// Submits an analysis, creates the row of its domain and marks it as queued, or returns the domain's unfinished
/// analysis.
///
/// # Errors
///
/// The errors of the database.
pub async fn submit(submission: &mut Submission<'_>, scan: &SitemapScan) -> Result<Submitted, SubmitError> {
    let new = NewDomain {
        domain: &scan.domain,
        lead_source: None,
        created_by: submission.created_by(),
    };
    let domain_id = repo::domains::upsert(submission.conn(), &new).await?.id;
    let options = EnqueueOptions {
        domain_id: Some(domain_id),
        ..EnqueueOptions::default()
    };
    let queued = submission.enqueue(scan, &options).await?;
    if queued.is_new {
        let waits = DomainChanges {
            sitemap_analysis_status: Some(Some(ProcessingStatus::Queued)),
            sitemap_analysis_error: Some(None),
            ..DomainChanges::default()
        };
        repo::domains::update(submission.conn(), domain_id, &waits).await?;
    }
    Ok(Submitted {
        domain_id,
        job_id: queued.job.job_id,
        is_new: queued.is_new,
    })
}
