//! Pages of a site.

use chrono::{DateTime, Utc};
use database::models::page::Page;
use database::models::values::TextList;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A page of a site.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageView {
    /// Id of the page.
    pub id: Uuid,
    /// Id of the page's domain.
    pub domain_id: Uuid,
    /// Absolute URL of the page.
    pub url: String,
    /// Title of the page.
    pub title: Option<String>,
    /// Meta description of the page.
    pub description: Option<String>,
    /// First heading of the page.
    pub h1: Option<String>,
    /// Canonical URL that the page declares.
    pub canonical_url: Option<String>,
    /// The page's directives for robots.
    pub meta_robots: Option<String>,
    /// The schema.org types used on the page.
    pub schema_types: Option<Vec<String>>,
    /// Whether the page has a contact form.
    pub has_contact_form: Option<bool>,
    /// Whether visitors can comment on the page.
    pub has_comments: Option<bool>,
    /// The number of words on the page.
    pub word_count: Option<i32>,
    /// URLs of pages of the site that link to the page.
    pub inbound_links: Option<Vec<String>>,
    /// URLs that the page links to.
    pub outbound_links: Option<Vec<String>>,
    /// The type of page.
    pub page_type: Option<String>,
    /// HTTP status of the last response.
    pub status_code: Option<i32>,
    /// Result of the last fetch, in one word, such as `ok`, `robots` or `timeout`; null before the first one.
    pub disposition: Option<String>,
    /// The reason for that result.
    pub disposition_reason: Option<String>,
    /// When the page was last fetched; null before the first time.
    pub last_scan: Option<DateTime<Utc>>,
}

impl From<Page> for PageView {
    fn from(page: Page) -> Self {
        let Page {
            id,
            tenant_id: _,
            domain_id,
            url,
            title,
            description,
            h1,
            canonical_url,
            meta_robots,
            has_schema_markup: _,
            schema_types,
            has_contact_form,
            has_comments,
            word_count,
            inbound_links,
            outbound_links,
            last_modified: _,
            last_scan,
            page_type,
            lead_source: _,
            additional_json: _,
            created_at: _,
            updated_at: _,
            sitemap_file_id: _,
            page_curation_status: _,
            page_processing_status: _,
            page_processing_error: _,
            status_code,
            disposition,
            disposition_reason,
            content_hash: _,
        } = page;
        let list = |list: Option<TextList>| list.map(|TextList(texts)| texts);
        Self {
            id: id.get(),
            domain_id: domain_id.get(),
            url,
            title,
            description,
            h1,
            canonical_url,
            meta_robots,
            schema_types: list(schema_types),
            has_contact_form,
            has_comments,
            word_count,
            inbound_links: list(inbound_links),
            outbound_links: list(outbound_links),
            page_type,
            status_code,
            disposition,
            disposition_reason,
            last_scan,
        }
    }
}
