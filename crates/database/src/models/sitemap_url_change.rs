//! Table `sitemap_url_changes`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::sitemap_url_changes;

use super::enums::UrlChange;
use crate::ids::{SitemapRunId, SitemapUrlChangeId, TenantId};

/// A URL that an analysis found to be different from the one before.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = sitemap_url_changes)]
pub struct SitemapUrlChange {
    /// Identifies the row.
    pub id: SitemapUrlChangeId,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// The analysis that found it.
    pub run_id: SitemapRunId,
    /// In what it differs.
    pub change: UrlChange,
    /// The URL.
    pub url: String,
    /// When it had changed, by the account of the analysis before.
    pub old_lastmod: Option<DateTime<Utc>>,
    /// When it changed, by the account of this one.
    pub new_lastmod: Option<DateTime<Utc>>,
}
