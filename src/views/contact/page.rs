//! A page of a site.

use chrono::{DateTime, Utc};
use database::models::page::Page;
use database::models::values::TextList;
use serde::Serialize;
use uuid::Uuid;

/// A page of a site.
#[derive(Debug, Serialize)]
pub struct PageView {
    /// Identifies the page.
    pub id: Uuid,
    /// The domain.
    pub domain_id: Uuid,
    /// Its URL.
    pub url: String,
    /// Its title.
    pub title: Option<String>,
    /// Its meta description.
    pub description: Option<String>,
    /// Its first heading.
    pub h1: Option<String>,
    /// The URL it calls its own.
    pub canonical_url: Option<String>,
    /// What it tells robots.
    pub meta_robots: Option<String>,
    /// The schema.org types in it.
    pub schema_types: Option<Vec<String>>,
    /// Whether it has a contact form.
    pub has_contact_form: Option<bool>,
    /// Whether visitors may comment.
    pub has_comments: Option<bool>,
    /// How many words it has.
    pub word_count: Option<i32>,
    /// Pages of the site that link to it.
    pub inbound_links: Option<Vec<String>>,
    /// What it links to.
    pub outbound_links: Option<Vec<String>>,
    /// What kind of page it is.
    pub page_type: Option<String>,
    /// The status of its last answer.
    pub status_code: Option<i32>,
    /// What became of it when it was last fetched, in one word.
    pub disposition: Option<String>,
    /// Why.
    pub disposition_reason: Option<String>,
    /// When it was last fetched.
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
