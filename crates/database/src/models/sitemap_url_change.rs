//! Table `sitemap_url_changes`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::sitemap_url_changes;

use super::enums::UrlChange;
use crate::ids::{SitemapRunId, SitemapUrlChangeId, TenantId};

/// A URL that differs between an analysis and the one before.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = sitemap_url_changes)]
pub struct SitemapUrlChange {
    /// Identifies the row.
    pub id: SitemapUrlChangeId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The analysis that found it.
    pub run_id: SitemapRunId,
    /// The kind of difference.
    pub change: UrlChange,
    /// The URL.
    pub url: String,
    /// The last modification in the earlier analysis.
    pub old_lastmod: Option<DateTime<Utc>>,
    /// The last modification in this analysis.
    pub new_lastmod: Option<DateTime<Utc>>,
}
