//! Addresses and domains that are not kept.

use chrono::{DateTime, Utc};
use database::models::suppression::Suppression;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// The address or domain; null after an erasure.
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

/// The result of an erasure.
#[derive(Debug, Serialize)]
pub struct ErasureView {
    /// The suppression that keeps it from coming back.
    pub suppression: SuppressionView,
    /// Contacts, with the pages that had them.
    pub contacts: i64,
    /// Other rows in which it stood.
    pub other_rows: i64,
}
