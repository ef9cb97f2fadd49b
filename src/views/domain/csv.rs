//! Domains as lines of CSV.

use chrono::{DateTime, Utc};

use super::DomainView;
use crate::views::csv::{cell, escape_formula};

/// The header of a CSV export of domains.
pub const DOMAIN_CSV_HEAD: [&str; 22] = [
    "domain",
    "status",
    "lead_source",
    "is_active",
    "content_scrape_status",
    "content_scrape_at",
    "content_scrape_error",
    "page_scrape_status",
    "page_scrape_at",
    "page_scrape_error",
    "sitemap_analysis_status",
    "sitemap_analysis_error",
    "sitemap_curation_status",
    "has_sitemap",
    "sitemap_url",
    "sitemap_urls",
    "page_count",
    "notes",
    "created_at",
    "first_scan",
    "last_scan",
    "id",
];

impl DomainView {
    /// Returns the cells of a CSV line under [`DOMAIN_CSV_HEAD`], safe to open in a spreadsheet.
    #[must_use]
    pub fn csv(&self) -> [String; 22] {
        let time = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339()).unwrap_or_default();
        let number = |number: Option<i32>| number.map(|number| number.to_string()).unwrap_or_default();
        let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string()).unwrap_or_default();
        [
            escape_formula(&self.domain),
            escape_formula(&self.status),
            cell(self.lead_source.as_deref()),
            flag(self.is_active),
            cell(self.content_scrape_status),
            time(self.content_scrape_at),
            cell(self.content_scrape_error.as_deref()),
            cell(self.page_scrape_status),
            time(self.page_scrape_at),
            cell(self.page_scrape_error.as_deref()),
            cell(self.sitemap_analysis_status),
            cell(self.sitemap_analysis_error.as_deref()),
            cell(self.sitemap_curation_status),
            flag(self.has_sitemap),
            cell(self.sitemap_url.as_deref()),
            number(self.sitemap_urls),
            number(self.page_count),
            cell(self.notes.as_deref()),
            time(Some(self.created_at)),
            time(Some(self.first_scan)),
            time(Some(self.last_scan)),
            self.id.to_string(),
        ]
    }
}
