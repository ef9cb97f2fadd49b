//! Table `pages`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::pages;

use super::enums::{PageCurationStatus, PageProcessingStatus};
use super::values::{RawJson, TextList};
use crate::ids::{DomainId, PageId, SitemapFileId, TenantId};

/// A page of a site.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = pages)]
pub struct Page {
    /// Identifies the row.
    pub id: PageId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// Its absolute URL.
    pub url: String,
    /// The title.
    pub title: Option<String>,
    /// Its meta description.
    pub description: Option<String>,
    /// Its first heading.
    pub h1: Option<String>,
    /// Its canonical URL.
    pub canonical_url: Option<String>,
    /// Its directives for robots.
    pub meta_robots: Option<String>,
    /// Whether it has structured data.
    pub has_schema_markup: Option<bool>,
    /// The schema.org types in it.
    pub schema_types: Option<TextList>,
    /// Whether it has a contact form.
    pub has_contact_form: Option<bool>,
    /// Whether it has comments.
    pub has_comments: Option<bool>,
    /// How many words it has.
    pub word_count: Option<i32>,
    /// Pages of the site that link to it.
    pub inbound_links: Option<TextList>,
    /// The links on it.
    pub outbound_links: Option<TextList>,
    /// Its stated last modification.
    pub last_modified: Option<DateTime<Utc>>,
    /// When it was last scanned.
    pub last_scan: Option<DateTime<Utc>>,
    /// The type of page.
    pub page_type: Option<String>,
    /// Where the lead came from.
    pub lead_source: Option<String>,
    /// Further metadata.
    pub additional_json: Option<RawJson>,
    /// When the row was created.
    pub created_at: Option<DateTime<Utc>>,
    /// When the row last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// The sitemap file that lists it.
    pub sitemap_file_id: Option<SitemapFileId>,
    /// A person's decision about it.
    pub page_curation_status: PageCurationStatus,
    /// Its processing status.
    pub page_processing_status: Option<PageProcessingStatus>,
    /// Why that failed.
    pub page_processing_error: Option<String>,
    /// The status of its last answer.
    pub status_code: Option<i32>,
    /// The outcome of the last fetch, in one word.
    pub disposition: Option<String>,
    /// The reason.
    pub disposition_reason: Option<String>,
    /// The hash of its content.
    pub content_hash: Option<String>,
}

/// A new [`Page`].
///
/// `None` leaves a column at its default, or unchanged if the page exists.
#[derive(Clone, Debug, AsChangeset, Insertable)]
#[diesel(table_name = pages)]
pub struct NewPage<'a> {
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// Its absolute URL.
    pub url: &'a str,
    /// The title.
    pub title: Option<&'a str>,
    /// Its meta description.
    pub description: Option<&'a str>,
    /// Its first heading.
    pub h1: Option<&'a str>,
    /// Its canonical URL.
    pub canonical_url: Option<&'a str>,
    /// Its directives for robots.
    pub meta_robots: Option<&'a str>,
    /// Whether it has structured data.
    pub has_schema_markup: Option<bool>,
    /// The schema.org types in it.
    pub schema_types: Option<&'a TextList>,
    /// Whether it has a contact form.
    pub has_contact_form: Option<bool>,
    /// Whether it has comments.
    pub has_comments: Option<bool>,
    /// How many words it has.
    pub word_count: Option<i32>,
    /// Pages of the site that link to it.
    pub inbound_links: Option<&'a TextList>,
    /// The links on it.
    pub outbound_links: Option<&'a TextList>,
    /// Its stated last modification.
    pub last_modified: Option<DateTime<Utc>>,
    /// When it was last scanned.
    pub last_scan: Option<DateTime<Utc>>,
    /// The type of page.
    pub page_type: Option<&'a str>,
    /// Where the lead came from.
    pub lead_source: Option<&'a str>,
    /// Further metadata.
    pub additional_json: Option<&'a RawJson>,
    /// The sitemap file that lists it.
    pub sitemap_file_id: Option<SitemapFileId>,
    /// Its processing status.
    pub page_processing_status: Option<PageProcessingStatus>,
    /// Why that failed.
    pub page_processing_error: Option<&'a str>,
    /// The status of its last answer.
    pub status_code: Option<i32>,
    /// The outcome of the last fetch, in one word.
    pub disposition: Option<&'a str>,
    /// The reason.
    pub disposition_reason: Option<&'a str>,
    /// The hash of its content.
    pub content_hash: Option<&'a str>,
}
