//! URLs listed in sitemap files, as JSON and as CSV.

use chrono::{DateTime, Utc};
use database::models::sitemap_url::SitemapUrl;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::csv::{cell, escape_formula};

/// A URL that a sitemap file lists.
#[derive(Debug, Serialize, ToSchema)]
pub struct SitemapUrlView {
    /// Id of the URL.
    pub id: Uuid,
    /// Id of the file that lists the URL.
    pub sitemap_id: Uuid,
    /// The absolute URL.
    pub url: String,
    /// The type of page, guessed from the URL.
    pub page_type: Option<String>,
    /// The last modification that the file states; null if it states none.
    pub lastmod: Option<DateTime<Utc>>,
    /// How often the page changes, as the file states it.
    pub changefreq: Option<String>,
    /// The priority that the file states, 0 to 1.
    pub priority: Option<String>,
    /// The number of images in the entry.
    pub image_count: Option<i32>,
    /// The number of videos in the entry.
    pub video_count: Option<i32>,
    /// The number of news items in the entry.
    pub news_count: Option<i32>,
    /// The page in other languages: `[{"hreflang", "href"}]`.
    #[schema(value_type = Option<serde_json::Value>)]
    pub alternates: Option<Box<RawValue>>,
    /// When the URL was first listed.
    pub discovered_at: Option<DateTime<Utc>>,
}

impl From<SitemapUrl> for SitemapUrlView {
    fn from(row: SitemapUrl) -> Self {
        Self {
            id: row.id.get(),
            sitemap_id: row.sitemap_id.get(),
            url: row.url,
            page_type: row.page_type,
            lastmod: row.lastmod,
            changefreq: row.changefreq,
            priority: row.priority_value.map(|value| value.to_string()),
            image_count: row.image_count,
            video_count: row.video_count,
            news_count: row.news_count,
            alternates: row.alternates.map(database::models::values::RawJson::into_raw),
            discovered_at: row.discovered_at,
        }
    }
}

/// The header of a CSV export.
pub const CSV_HEAD: [&str; 10] = [
    "url",
    "lastmod",
    "changefreq",
    "priority",
    "page_type",
    "image_count",
    "video_count",
    "news_count",
    "discovered_at",
    "sitemap_id",
];

impl SitemapUrlView {
    /// Returns the cells under [`CSV_HEAD`].
    #[must_use]
    pub fn csv(&self) -> [String; 10] {
        let time = |time: Option<DateTime<Utc>>| time.map(|time| time.to_rfc3339()).unwrap_or_default();
        let count = |count: Option<i32>| count.map(|count| count.to_string()).unwrap_or_default();
        let text = |text: &Option<String>| cell(text.as_deref());
        [
            escape_formula(&self.url),
            time(self.lastmod),
            text(&self.changefreq),
            text(&self.priority),
            text(&self.page_type),
            count(self.image_count),
            count(self.video_count),
            count(self.news_count),
            time(self.discovered_at),
            self.sitemap_id.to_string(),
        ]
    }
}
