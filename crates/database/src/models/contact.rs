//! Table `contacts`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Queryable};
use schema::contacts;

use super::enums::{ContactMark, EmailType, MxStatus};
use crate::ids::{ContactId, DomainId, JobId, PageId, TenantId};

/// An email address found on a site.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = contacts)]
pub struct Contact {
    /// Identifies the row.
    pub id: ContactId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// The page it was found on.
    pub page_id: PageId,
    /// The address, in lower case.
    pub email: String,
    /// Whether the address is a person's or a role's.
    pub email_type: Option<EmailType>,
    /// Whether the mailbox is Gmail's.
    pub has_gmail: Option<bool>,
    /// The text around the address, about 50 characters each side.
    pub context: Option<String>,
    /// The URL of the page it was found on.
    pub source_url: Option<String>,
    /// The job that found it.
    pub source_job_id: Option<JobId>,
    /// When the row was created.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The person it belongs to, if the page says so.
    pub name: Option<String>,
    /// That person's role.
    pub role: Option<String>,
    /// People's notes.
    pub notes: Option<String>,
    /// The confidence that it is an email address, 0 to 100.
    pub confidence: Option<i16>,
    /// Whether the domain of the address takes mail.
    pub mx_status: Option<MxStatus>,
    /// When a scan last saw it; the row's creation is when one first did.
    pub last_seen_at: DateTime<Utc>,
    /// What came of writing to the address.
    pub mark: Option<ContactMark>,
    /// When a person said so.
    pub marked_at: Option<DateTime<Utc>>,
}

/// A page that has an address.
#[derive(Clone, Debug, PartialEq, Queryable)]
pub struct ContactSource {
    /// The page.
    pub page_id: PageId,
    /// Its URL.
    pub url: String,
    /// The text around the address.
    pub context: Option<String>,
    /// How the page spells the address.
    pub spelling: String,
    /// When a scan saw it there first.
    pub first_seen_at: DateTime<Utc>,
    /// When a scan saw it there last.
    pub last_seen_at: DateTime<Utc>,
}

/// A new [`Contact`].
///
/// `None` leaves a column at its default.
#[derive(Clone, Debug)]
pub struct NewContact<'a> {
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// The page it was found on.
    pub page_id: PageId,
    /// The address, in lower case.
    pub email: &'a str,
    /// Whether the address is a person's or a role's.
    pub email_type: Option<EmailType>,
    /// Whether the mailbox is Gmail's.
    pub has_gmail: Option<bool>,
    /// The text around the address, about 50 characters each side.
    pub context: Option<&'a str>,
    /// The URL of the page it was found on.
    pub source_url: Option<&'a str>,
    /// The job that found it.
    pub source_job_id: Option<JobId>,
    /// The person it belongs to.
    pub name: Option<&'a str>,
    /// That person's role.
    pub role: Option<&'a str>,
    /// The confidence that it is an email address, 0 to 100.
    pub confidence: Option<i16>,
    /// How the page spells it.
    pub spelling: &'a str,
}

/// Changes of a [`Contact`].
///
/// `None` leaves a column unchanged; `Some(None)` sets a nullable column to NULL.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = contacts)]
pub struct ContactChanges<'a> {
    /// Whether the address is a person's or a role's.
    pub email_type: Option<Option<EmailType>>,
    /// Whether the mailbox is Gmail's.
    pub has_gmail: Option<Option<bool>>,
    /// The text around the address, about 50 characters each side.
    pub context: Option<Option<&'a str>>,
    /// The URL of the page it was found on.
    pub source_url: Option<Option<&'a str>>,
    /// The page it was found on.
    pub page_id: Option<PageId>,
    /// The job that found it.
    pub source_job_id: Option<Option<JobId>>,
    /// The person it belongs to.
    pub name: Option<Option<&'a str>>,
    /// That person's role.
    pub role: Option<Option<&'a str>>,
    /// People's notes.
    pub notes: Option<Option<&'a str>>,
    /// What came of writing to the address.
    pub mark: Option<Option<ContactMark>>,
    /// When a person said so.
    pub marked_at: Option<Option<DateTime<Utc>>>,
}
