//! Suppressed addresses and domains, which are not stored.

use chrono::{DateTime, Utc};
use database::models::suppression::Suppression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A request to suppress or erase an address or a domain: either `email` or `domain` is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionRequest {
    /// The address.
    #[serde(default)]
    pub email: Option<String>,
    /// The domain: all its addresses, and everything found on its site.
    #[serde(default)]
    pub domain: Option<String>,
    /// The reason for the request.
    #[serde(default)]
    pub reason: Option<String>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// A suppressed address or domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuppressionView {
    /// Id of the suppression.
    pub id: Uuid,
    /// `address` or `domain`.
    pub kind: &'static str,
    /// The address or domain; null after an erasure, which keeps only a hash.
    pub value: Option<String>,
    /// The reason given for the suppression.
    pub reason: Option<String>,
    /// When the suppression was requested.
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
            id: id.get(),
            kind: kind.label(),
            value,
            reason,
            created_at,
        }
    }
}

/// The result of an erasure.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureView {
    /// The suppression that keeps the address or domain from being stored again.
    pub suppression: SuppressionView,
    /// The number of deleted contacts.
    pub contacts: i64,
    /// The number of other rows from which the address or domain was removed.
    pub other_rows: i64,
}
