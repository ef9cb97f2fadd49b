//! Differences between scans of domains.

use chrono::{DateTime, Utc};
use database::models::domain_change::DomainChange;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::words::DomainChangeKindWord;

/// A difference between a scan of a domain and the one before.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainChangeView {
    /// Id of the difference.
    pub id: i64,
    /// Id of the domain.
    pub domain_id: Uuid,
    /// Name of the domain.
    pub domain: String,
    /// Id of the scan's job, which may be deleted by age.
    pub job_id: Uuid,
    /// The kind of difference.
    #[schema(value_type = DomainChangeKindWord)]
    pub kind: &'static str,
    /// What differs, where there may be several: a technology, an address, a number, or the days that a certificate has left.
    pub subject: Option<String>,
    /// The value in the scan before.
    pub before: Option<String>,
    /// The value in this scan; of a site that is down or parked, why it could not be scanned.
    pub after: Option<String>,
    /// When the difference was found.
    pub changed_at: DateTime<Utc>,
}

impl From<(DomainChange, String)> for DomainChangeView {
    fn from((change, domain): (DomainChange, String)) -> Self {
        let DomainChange {
            id,
            tenant_id: _,
            domain_id,
            job_id,
            kind,
            subject,
            before,
            after,
            changed_at,
        } = change;
        Self {
            id: id.get(),
            domain_id: domain_id.get(),
            domain,
            job_id: job_id.get(),
            kind: kind.label(),
            subject,
            before,
            after,
            changed_at,
        }
    }
}
