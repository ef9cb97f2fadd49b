//! Table `sitemap_urls`.

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::sitemap_urls;

use super::values::{RawJson, TextList};
use crate::ids::{DomainId, SitemapFileId, SitemapUrlId, TenantId, UserId};

/// A URL that a sitemap file lists.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = sitemap_urls)]
pub struct SitemapUrl {
    /// Identifies the row.
    pub id: SitemapUrlId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// The file that lists it.
    pub sitemap_id: SitemapFileId,
    /// Its absolute URL.
    pub url: String,
    /// The URL as the file spells it.
    pub loc_text: String,
    /// The type of page.
    pub page_type: Option<String>,
    /// Its status.
    pub status: String,
    /// Its priority: higher comes first.
    pub priority: Option<i32>,
    /// The HTTP status of the response.
    pub status_code: Option<i32>,
    /// What went wrong.
    pub error_message: Option<String>,
    /// The last modification stated by the file.
    pub lastmod: Option<DateTime<Utc>>,
    /// The change frequency stated by the file.
    pub changefreq: Option<String>,
    /// The priority in the file, 0 to 1.
    pub priority_value: Option<BigDecimal>,
    /// How many images the entry has.
    pub image_count: Option<i32>,
    /// How many videos the entry has.
    pub video_count: Option<i32>,
    /// How many news items the entry has.
    pub news_count: Option<i32>,
    /// Its size in bytes.
    pub size_bytes: Option<i32>,
    /// Where the lead came from.
    pub lead_source: Option<String>,
    /// The user who works on it.
    pub user_id: Option<UserId>,
    /// That person's name.
    pub user_name: Option<String>,
    /// People's notes.
    pub notes: Option<String>,
    /// People's labels.
    pub tags: Option<TextList>,
    /// Whether it is in use.
    pub is_active: Option<bool>,
    /// The earliest time to process it.
    pub process_after: Option<DateTime<Utc>>,
    /// When it was first seen.
    pub discovered_at: Option<DateTime<Utc>>,
    /// When it was last seen.
    pub last_checked_at: Option<DateTime<Utc>>,
    /// When the row was created.
    pub created_at: Option<DateTime<Utc>>,
    /// Who created the row.
    pub created_by: Option<UserId>,
    /// When the row last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Who changed the row last.
    pub updated_by: Option<UserId>,
    /// The same page in other languages: `[{"hreflang", "href"}]`.
    pub alternates: Option<RawJson>,
}

/// A new [`SitemapUrl`].
///
/// `None` leaves a column at its default.
#[derive(Clone, Debug)]
pub struct NewSitemapUrl<'a> {
    /// Identifies the row, if it is new. Ids that rise with time keep the index on them small and quick.
    pub id: SitemapUrlId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// The file that lists it.
    pub sitemap_id: SitemapFileId,
    /// Its absolute URL.
    pub url: &'a str,
    /// The URL as the file spells it.
    pub loc_text: &'a str,
    /// The type of page.
    pub page_type: Option<&'a str>,
    /// The HTTP status of the response.
    pub status_code: Option<i32>,
    /// What went wrong.
    pub error_message: Option<&'a str>,
    /// The last modification stated by the file.
    pub lastmod: Option<DateTime<Utc>>,
    /// The change frequency stated by the file.
    pub changefreq: Option<&'a str>,
    /// The priority in the file, 0 to 1.
    pub priority_value: Option<&'a BigDecimal>,
    /// How many images the entry has.
    pub image_count: Option<i32>,
    /// How many videos the entry has.
    pub video_count: Option<i32>,
    /// How many news items the entry has.
    pub news_count: Option<i32>,
    /// When it was last seen.
    pub last_checked_at: Option<DateTime<Utc>>,
    /// The same page in other languages: `[{"hreflang", "href"}]`.
    pub alternates: Option<&'a RawJson>,
}
