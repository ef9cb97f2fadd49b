//! Table `contacts`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Queryable};
use schema::contacts;

use super::enums::{EmailType, MxStatus};
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
    /// Whom the address reaches.
    pub email_type: Option<EmailType>,
    /// Whether the mailbox is Gmail's.
    pub has_gmail: Option<bool>,
    /// The text around the address, about 50 characters each side.
    pub context: Option<String>,
    /// The URL of the page it was found on.
    pub source_url: Option<String>,
    /// The job that found it.
    pub source_job_id: Option<JobId>,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// Whose address it is, where the page makes that plain.
    pub name: Option<String>,
    /// What that person does.
    pub role: Option<String>,
    /// What people noted about it.
    pub notes: Option<String>,
    /// How sure it is that the address is one, 0 to 100.
    pub confidence: Option<i16>,
    /// Whether the domain of the address takes mail.
    pub mx_status: Option<MxStatus>,
    /// When a scan saw it last; it saw it first when the row was made.
    pub last_seen_at: DateTime<Utc>,
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
/// What is `None` is left to the column's default.
#[derive(Clone, Debug)]
pub struct NewContact<'a> {
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// The page it was found on.
    pub page_id: PageId,
    /// The address, in lower case.
    pub email: &'a str,
    /// Whom the address reaches.
    pub email_type: Option<EmailType>,
    /// Whether the mailbox is Gmail's.
    pub has_gmail: Option<bool>,
    /// The text around the address, about 50 characters each side.
    pub context: Option<&'a str>,
    /// The URL of the page it was found on.
    pub source_url: Option<&'a str>,
    /// The job that found it.
    pub source_job_id: Option<JobId>,
    /// Whose address it is.
    pub name: Option<&'a str>,
    /// What that person does.
    pub role: Option<&'a str>,
    /// How sure it is that the address is one, 0 to 100.
    pub confidence: Option<i16>,
    /// How the page spells it.
    pub spelling: &'a str,
}

/// What to change about a [`Contact`].
///
/// `None` leaves a column as it is; where a column may be NULL, `Some(None)` makes it so.
#[derive(Clone, Debug, Default, AsChangeset)]
#[diesel(table_name = contacts)]
pub struct ContactChanges<'a> {
    /// Whom the address reaches.
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
    /// Whose address it is.
    pub name: Option<Option<&'a str>>,
    /// What that person does.
    pub role: Option<Option<&'a str>>,
    /// What people noted about it.
    pub notes: Option<Option<&'a str>>,
}
