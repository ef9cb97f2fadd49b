//! The audit log.

use chrono::{DateTime, Utc};
use database::models::audit_entry::AuditEntry;
use database::models::values::RawJson;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// An entry of the audit log: an action that grants access, changes many rows or cannot be undone.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    /// Id of the entry; later entries have higher ids.
    id: i64,
    /// When the action was done.
    at: DateTime<Utc>,
    /// Who did it: `API key <id>`, `user <id>` or `command line`.
    actor: String,
    /// The action, such as `key.revoke`.
    action: String,
    /// What the action was done to; null if that has no single name.
    subject: Option<String>,
    /// Further details of the action.
    #[schema(value_type = Option<serde_json::Value>)]
    details: Option<Box<RawValue>>,
    /// Id of the request that did it; null for the command line.
    request_id: Option<Uuid>,
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry {
            id,
            tenant_id: _,
            at,
            actor,
            action,
            subject,
            details,
            request_id,
        } = entry;
        Self {
            id: id.get(),
            at,
            actor,
            action,
            subject,
            details: details.map(RawJson::into_raw),
            request_id,
        }
    }
}
