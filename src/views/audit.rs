//! The audit log.

use chrono::{DateTime, Utc};
use database::models::audit_entry::AuditEntry;
use database::models::values::RawJson;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::who::{Names, WhoView};

/// An entry of the audit log: an action that grants access, changes many rows or cannot be undone.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    /// Id of the entry; later entries have higher ids.
    pub id: i64,
    /// When the action was done.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: WhoView,
    /// The action, such as `key.revoke`.
    pub action: String,
    /// What the action was done to; null if that has no single name.
    pub subject: Option<String>,
    /// Further details of the action.
    #[schema(value_type = Option<serde_json::Value>)]
    pub details: Option<Box<RawValue>>,
    /// Id of the request that did it; null for the command line.
    pub request_id: Option<Uuid>,
}

impl AuditView {
    /// Creates the view of an entry; `names` has the name of who did it.
    #[must_use]
    pub fn new(entry: AuditEntry, names: &Names) -> Self {
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
            actor: names.by_text(&actor),
            action,
            subject,
            details: details.map(RawJson::into_raw),
            request_id,
        }
    }
}
