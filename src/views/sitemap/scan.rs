//! An analysis that is asked for.

use database::ids::{DomainId, JobId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Asks for the analysis of a domain's sitemaps, or of one.
#[derive(Debug, Deserialize)]
pub struct SitemapScanRequest {
    /// The domain, in any spelling that a domain scan takes.
    #[serde(default, alias = "base_url")]
    pub domain: Option<String>,
    /// The sitemap to begin with, instead of those that the site names.
    #[serde(default)]
    pub sitemap_url: Option<String>,
    /// How many URLs to store at most.
    #[serde(default)]
    pub max_urls: Option<i64>,
    /// The maximum depth of nested indexes.
    #[serde(default)]
    pub max_depth: Option<i16>,
    /// The caller's tenant, optional.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// Where an accepted analysis is followed.
#[derive(Debug, Serialize)]
pub struct SitemapScanAccepted {
    /// The job.
    pub job_id: Uuid,
    /// The path of its status.
    pub status_url: String,
    /// The domain's row.
    pub domain_id: Uuid,
    /// Whether the job is new, and not one for the domain that has not ended.
    pub is_new: bool,
}

impl SitemapScanAccepted {
    /// Makes the answer for a job.
    #[must_use]
    pub fn new(job: JobId, domain: DomainId, is_new: bool) -> Self {
        Self {
            job_id: job.get(),
            status_url: format!("/api/v1/jobs/{job}"),
            domain_id: domain.get(),
            is_new,
        }
    }
}
