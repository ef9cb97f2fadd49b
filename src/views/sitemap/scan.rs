//! Requests to analyse sitemaps.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A request to analyse all sitemaps of a domain, or one sitemap: `domain` or `sitemap_url` is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "domain": "example.com", "max_depth": 2 }))]
pub struct SitemapScanRequest {
    /// The domain, in any spelling that a domain scan accepts; by default the domain of `sitemap_url`.
    #[serde(default)]
    pub domain: Option<String>,
    /// URL of the sitemap to start with, instead of those that the site names.
    #[serde(default)]
    pub sitemap_url: Option<String>,
    /// The maximum number of URLs to store.
    #[serde(default)]
    #[schema(minimum = 1, default = 1_000_000)]
    pub max_urls: Option<i64>,
    /// The maximum depth of nested sitemap indexes.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10, default = 3)]
    pub max_depth: Option<i16>,
    /// URL to which the end is posted, signed by the secret of requests (`POST /api/v1/webhooks/secret`): `https` or `http`, at a public
    /// address, without user name and password.
    #[serde(default)]
    #[schema(pattern = "^https?://", max_length = 2000)]
    pub webhook_url: Option<String>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// What an accepted analysis is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct SitemapScanAccepted {
    /// Id of the domain.
    pub domain_id: Uuid,
    /// Whether the job is new; otherwise the domain has an unfinished one, which is returned.
    pub is_new: bool,
}
