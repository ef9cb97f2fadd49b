//! Table `contacts`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};

use super::enums::EmailType;
use super::ids::{ContactId, DomainId, JobId, PageId, TenantId};
use crate::schema::contacts;

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
}

/// A new [`Contact`].
///
/// What is `None` is left to the column's default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = contacts)]
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
}
