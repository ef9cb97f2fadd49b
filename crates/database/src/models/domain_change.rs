//! Table `domain_changes`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::domain_changes;

use super::enums::DomainChangeKind;
use crate::ids::{DomainChangeId, DomainId, JobId, TenantId};

/// A difference between a scan of a domain and the one before.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = domain_changes)]
pub struct DomainChange {
    /// Identifies the row; later ones have higher ids.
    pub id: DomainChangeId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The domain.
    pub domain_id: DomainId,
    /// The scan that found it.
    pub job_id: JobId,
    /// The kind of difference.
    pub kind: DomainChangeKind,
    /// What differs, where there may be several: a technology, an address, a number.
    pub subject: Option<String>,
    /// The value in the scan before.
    pub before: Option<String>,
    /// The value in this scan.
    pub after: Option<String>,
    /// When it was found.
    pub changed_at: DateTime<Utc>,
}

/// A difference that a scan found.
#[derive(Clone, Debug, PartialEq, Eq, Insertable)]
#[diesel(table_name = domain_changes)]
pub struct NewDomainChange {
    /// The kind of difference.
    pub kind: DomainChangeKind,
    /// What differs, where there may be several: a technology, an address, a number.
    pub subject: Option<String>,
    /// The value in the scan before.
    pub before: Option<String>,
    /// The value in this scan.
    pub after: Option<String>,
}
