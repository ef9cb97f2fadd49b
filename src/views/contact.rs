//! Contacts: addresses found on sites, the scans that find them, the pages they stand on, and what is suppressed.

use chrono::{DateTime, Utc};
use database::models::contact::{Contact, ContactSource};
use database::models::email_scan::{DomainPages, EmailScan};
use database::models::enums::{EmailType, JobStatus, MxStatus};
use database::models::page::Page;
use database::models::suppression::Suppression;
use database::models::values::TextList;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::csv::{cell, harmless};

/// A domain to scan, as the v1 contract has it.
#[derive(Debug, Serialize)]
pub struct ScannedDomainView {
    /// Identifies the domain.
    pub id: Uuid,
    /// Its name.
    pub domain: String,
    /// URLs of its pages, the first hundred.
    pub pages: Vec<String>,
    /// How many there are.
    pub pages_count: i64,
}

impl From<DomainPages> for ScannedDomainView {
    fn from(row: DomainPages) -> Self {
        let DomainPages {
            id,
            domain,
            pages,
            pages_count,
        } = row;
        Self {
            id: id.get(),
            domain,
            pages,
            pages_count,
        }
    }
}

/// A scan for email addresses, as the v1 contract has it.
#[derive(Debug, Serialize)]
pub struct EmailScanView {
    /// The domain.
    pub domain_id: Uuid,
    /// Its name.
    pub domain: String,
    /// How many pages are fetched at most.
    pub total_pages: i32,
    /// How many were.
    pub pages_scanned: i32,
    /// How many addresses they have.
    pub contacts_found: i32,
    /// When the scan was asked for.
    pub scan_timestamp: DateTime<Utc>,
    /// `pending`, `scanning`, `completed` or `failed`.
    pub status: &'static str,
    /// The job that does it.
    pub job_id: Uuid,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// What it has left out.
    pub note: Option<String>,
}

impl EmailScanView {
    /// Puts together what is known of a scan; its job may be gone already.
    #[must_use]
    pub fn new(domain: String, scan: EmailScan, job: Option<JobStatus>) -> Self {
        let EmailScan {
            id: _,
            tenant_id: _,
            domain_id,
            job_id,
            total_pages,
            pages_scanned,
            contacts_found,
            created_at,
            entry_url: _,
            sitemap_links: _,
            seeded_at: _,
            busy_ms: _,
            completed_at,
            note,
        } = scan;
        let status = match job {
            Some(JobStatus::Pending) => "pending",
            Some(JobStatus::Running) => "scanning",
            Some(JobStatus::Completed) => "completed",
            Some(JobStatus::Failed | JobStatus::Cancelled) => "failed",
            None if completed_at.is_some() => "completed",
            None => "failed",
        };
        Self {
            domain_id: domain_id.get(),
            domain,
            total_pages,
            pages_scanned,
            contacts_found,
            scan_timestamp: created_at,
            status,
            job_id: job_id.get(),
            completed_at,
            note,
        }
    }
}

/// Returns the wire's word for a kind of address.
#[must_use]
pub fn email_type_word(kind: EmailType) -> &'static str {
    match kind {
        EmailType::Service => "service",
        EmailType::Corporate => "corporate",
        EmailType::Free => "free",
        EmailType::Unknown => "unknown",
    }
}

/// Reads a kind of address, in the wire's spelling or the database's.
#[must_use]
pub fn read_email_type(word: &str) -> Option<EmailType> {
    EmailType::ALL
        .iter()
        .copied()
        .find(|kind| word.eq_ignore_ascii_case(email_type_word(*kind)))
}

/// An address found on a site.
#[derive(Debug, Serialize)]
pub struct ContactView {
    /// Identifies the contact.
    pub id: Uuid,
    /// The domain on whose site it was found.
    pub domain_id: Uuid,
    /// The page that it was found on.
    pub page_id: Uuid,
    /// The address.
    pub email: String,
    /// `service`, `corporate`, `free` or `unknown`.
    pub email_type: Option<&'static str>,
    /// Whether the mailbox is Gmail's.
    pub has_gmail: Option<bool>,
    /// The text around it.
    pub context: Option<String>,
    /// The URL of the page.
    pub source_url: Option<String>,
    /// The job that found it.
    pub source_job_id: Option<Uuid>,
    /// Whose address it is.
    pub name: Option<String>,
    /// What that person does.
    pub role: Option<String>,
    /// What people noted about it.
    pub notes: Option<String>,
    /// How sure it is, 0 to 100.
    pub confidence: Option<i16>,
    /// Whether its domain takes mail: `ok`, `none` or `unknown`; null where nobody asked.
    pub mx_status: Option<&'static str>,
    /// When it was found.
    pub first_seen_at: DateTime<Utc>,
    /// When a scan saw it last.
    pub last_seen_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<Contact> for ContactView {
    fn from(contact: Contact) -> Self {
        let Contact {
            id,
            domain_id,
            page_id,
            email,
            email_type,
            has_gmail,
            context,
            source_url,
            source_job_id,
            created_at,
            updated_at,
            tenant_id: _,
            name,
            role,
            notes,
            confidence,
            mx_status,
            last_seen_at,
        } = contact;
        Self {
            id: id.get(),
            domain_id: domain_id.get(),
            page_id: page_id.get(),
            email,
            email_type: email_type.map(email_type_word),
            has_gmail,
            context,
            source_url,
            source_job_id: source_job_id.map(|id| id.get()),
            name,
            role,
            notes,
            confidence,
            mx_status: mx_status.map(MxStatus::label),
            first_seen_at: created_at,
            last_seen_at,
            updated_at,
        }
    }
}

/// The head of a CSV file of contacts.
pub const CONTACT_CSV_HEAD: [&str; 13] = [
    "email",
    "email_type",
    "name",
    "role",
    "confidence",
    "mx_status",
    "has_gmail",
    "source_url",
    "context",
    "notes",
    "first_seen_at",
    "last_seen_at",
    "domain_id",
];

impl ContactView {
    /// Returns the cells of a CSV line, safe to open in a spreadsheet.
    #[must_use]
    pub fn csv(&self) -> [String; 13] {
        [
            harmless(&self.email),
            cell(self.email_type),
            cell(self.name.as_deref()),
            cell(self.role.as_deref()),
            self.confidence.map(|number| number.to_string()).unwrap_or_default(),
            cell(self.mx_status),
            self.has_gmail.map(|is| is.to_string()).unwrap_or_default(),
            cell(self.source_url.as_deref()),
            cell(self.context.as_deref()),
            cell(self.notes.as_deref()),
            self.first_seen_at.to_rfc3339(),
            self.last_seen_at.to_rfc3339(),
            self.domain_id.to_string(),
        ]
    }
}

/// A contact with every page that has its address.
#[derive(Debug, Serialize)]
pub struct ContactDetailsView {
    /// The contact.
    #[serde(flatten)]
    pub contact: ContactView,
    /// The pages, the one that had it first in front.
    pub sources: Vec<ContactSourceView>,
}

/// A page that has an address.
#[derive(Debug, Serialize)]
pub struct ContactSourceView {
    /// The page.
    pub page_id: Uuid,
    /// Its URL.
    pub url: String,
    /// The text around the address.
    pub context: Option<String>,
    /// How the page spells it.
    pub spelling: String,
    /// When a scan saw it there first.
    pub first_seen_at: DateTime<Utc>,
    /// When a scan saw it there last.
    pub last_seen_at: DateTime<Utc>,
}

impl From<ContactSource> for ContactSourceView {
    fn from(source: ContactSource) -> Self {
        let ContactSource {
            page_id,
            url,
            context,
            spelling,
            first_seen_at,
            last_seen_at,
        } = source;
        Self {
            page_id: page_id.get(),
            url,
            context,
            spelling,
            first_seen_at,
            last_seen_at,
        }
    }
}

/// What is to change about a contact. What is missing stays; null takes away.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactPatch {
    /// `service`, `corporate`, `free` or `unknown`.
    #[serde(default)]
    pub email_type: Option<String>,
    /// Whose address it is.
    #[serde(default, deserialize_with = "present")]
    pub name: Option<Option<String>>,
    /// What that person does.
    #[serde(default, deserialize_with = "present")]
    pub role: Option<Option<String>>,
    /// What people note about it.
    #[serde(default, deserialize_with = "present")]
    pub notes: Option<Option<String>>,
    /// The caller's tenant.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// Tells null from a field that is missing.
#[expect(clippy::option_option, reason = "missing, null and a value are three things")]
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Names an address or a domain, and says why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuppressionRequest {
    /// An address.
    #[serde(default)]
    pub email: Option<String>,
    /// All addresses of a domain, and all that is found on its site.
    #[serde(default)]
    pub domain: Option<String>,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
    /// The caller's tenant.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// An address or a domain that is not kept.
#[derive(Debug, Serialize)]
pub struct SuppressionView {
    /// Identifies it.
    pub id: Uuid,
    /// `address` or `domain`.
    pub kind: &'static str,
    /// Which; null once it was erased.
    pub value: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}

impl From<Suppression> for SuppressionView {
    fn from(row: Suppression) -> Self {
        let Suppression {
            id,
            tenant_id: _,
            kind,
            value,
            reason,
            created_at,
        } = row;
        Self {
            id,
            kind: kind.label(),
            value,
            reason,
            created_at,
        }
    }
}

/// What an erasure took away.
#[derive(Debug, Serialize)]
pub struct ErasureView {
    /// What keeps it from coming back.
    pub suppression: SuppressionView,
    /// Contacts, with the pages that had them.
    pub contacts: i64,
    /// Other rows in which it stood.
    pub other_rows: i64,
}

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
