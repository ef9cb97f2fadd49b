//! Contacts as JSON and as CSV.

use chrono::{DateTime, Utc};
use database::models::contact::Contact;
use database::models::enums::MxStatus;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::csv::{cell, escape_formula};
use crate::views::words::{ContactMarkWord, EmailTypeWord, MxStatusWord, Words};

/// An email address found on a site.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactView {
    /// Id of the contact.
    pub id: Uuid,
    /// Id of the domain on whose site the address was found.
    pub domain_id: Uuid,
    /// Id of the page that the address was found on.
    pub page_id: Uuid,
    /// The address, in lower case.
    pub email: String,
    /// The type of address.
    #[schema(value_type = Option<EmailTypeWord>)]
    pub email_type: Option<&'static str>,
    /// Whether the mailbox is at Gmail.
    pub has_gmail: Option<bool>,
    /// Text around the address on the page.
    pub context: Option<String>,
    /// URL of the page that the address was found on.
    pub source_url: Option<String>,
    /// Id of the job that found the address.
    pub source_job_id: Option<Uuid>,
    /// Name of the person the address belongs to; null if unknown.
    pub name: Option<String>,
    /// Role of that person; null if unknown.
    pub role: Option<String>,
    /// People's notes about the contact.
    pub notes: Option<String>,
    /// Confidence that the text is an email address, 0 to 100.
    pub confidence: Option<i16>,
    /// Whether the address's domain accepts mail; null if not checked.
    #[schema(value_type = Option<MxStatusWord>)]
    pub mx_status: Option<&'static str>,
    /// When the address was first found.
    pub first_seen_at: DateTime<Utc>,
    /// When a scan last found the address.
    pub last_seen_at: DateTime<Utc>,
    /// What came of writing to the address; null if nobody said so.
    #[schema(value_type = Option<ContactMarkWord>)]
    pub mark: Option<&'static str>,
    /// When a person said so.
    pub marked_at: Option<DateTime<Utc>>,
    /// When the contact last changed.
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
            mark,
            marked_at,
        } = contact;
        Self {
            id: id.get(),
            domain_id: domain_id.get(),
            page_id: page_id.get(),
            email,
            email_type: email_type.map(Words::word),
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
            mark: mark.map(Words::word),
            marked_at,
            updated_at,
        }
    }
}

/// The header of a CSV export of contacts.
pub const CONTACT_CSV_HEAD: [&str; 15] = [
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
    "mark",
    "domain_id",
    "domain",
];

/// A contact in an export, with the name of its domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactOfDomain {
    /// The contact.
    #[serde(flatten)]
    pub contact: ContactView,
    /// Name of the contact's domain.
    pub domain: Option<String>,
}

impl ContactOfDomain {
    /// Returns the cells of a CSV line under [`CONTACT_CSV_HEAD`], safe to open in a spreadsheet.
    #[must_use]
    pub fn csv(&self) -> [String; 15] {
        let Self { contact, domain } = self;
        [
            escape_formula(&contact.email),
            cell(contact.email_type),
            cell(contact.name.as_deref()),
            cell(contact.role.as_deref()),
            contact.confidence.map(|number| number.to_string()).unwrap_or_default(),
            cell(contact.mx_status),
            contact.has_gmail.map(|is| is.to_string()).unwrap_or_default(),
            cell(contact.source_url.as_deref()),
            cell(contact.context.as_deref()),
            cell(contact.notes.as_deref()),
            contact.first_seen_at.to_rfc3339(),
            contact.last_seen_at.to_rfc3339(),
            cell(contact.mark),
            contact.domain_id.to_string(),
            cell(domain.as_deref()),
        ]
    }
}
