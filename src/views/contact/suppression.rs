//! Suppressed addresses and domains, which are not stored.

use chrono::{DateTime, Utc};
use database::models::suppression::Suppression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::fields;
use crate::views::words::SuppressionKindWord;

/// A request to suppress or erase an address or a domain: either `email` or `domain` is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "email": "jane@example.com", "reason": "asked to be left out" }))]
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

/// Addresses and domains to suppress.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "items": [{ "email": "jane@example.com" }, { "domain": "example.com" }], "reason": "customers" }))]
pub struct SuppressionImport {
    /// The addresses and domains.
    #[schema(max_items = 10_000)]
    #[serde(deserialize_with = "fields::list")]
    pub items: Vec<SuppressionItem>,
    /// The reason for those without one of their own.
    #[serde(default)]
    pub reason: Option<String>,
    /// Id of the tenant to act for; by default the caller's own.
    #[serde(default)]
    pub tenant_id: Option<String>,
}

/// An address or a domain to suppress: either `email` or `domain` is required.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionItem {
    /// The address.
    #[serde(default)]
    pub email: Option<String>,
    /// The domain: all its addresses, and everything found on its site.
    #[serde(default)]
    pub domain: Option<String>,
    /// The reason.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The result of an import of suppressions.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuppressionReport {
    /// The number of lines below the header, or of items.
    pub rows: usize,
    /// The number of new suppressions.
    pub inserted: usize,
    /// The number of lines whose address or domain was suppressed already, or is in an earlier line.
    pub already: usize,
    /// The number of lines that could not be used.
    pub failed: usize,
    /// Names of the unknown columns, which were ignored.
    pub ignored_columns: Vec<String>,
    /// The result of every line. Addresses are left out: the report is kept with the `Idempotency-Key`.
    pub lines: Vec<SuppressionLine>,
}

/// What became of a line of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuppressionResult {
    /// It is suppressed from now on.
    Inserted,
    /// It was suppressed already, or is in an earlier line.
    Already,
    /// It could not be used.
    Failed,
}

/// The result of one line of an import.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuppressionLine {
    /// Number of the line in the file, or of the item, from 1.
    pub line: u64,
    /// What became of it.
    pub result: SuppressionResult,
    /// Why the line failed; null if it did not.
    pub error: Option<String>,
}

/// A suppressed address or domain.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuppressionView {
    /// Id of the suppression.
    pub id: Uuid,
    /// What is suppressed.
    #[schema(value_type = SuppressionKindWord)]
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
