//! The audit log.

use chrono::{DateTime, Utc};
use database::models::audit_entry::AuditEntry;
use database::models::values::RawJson;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

/// What was done, by whom, to what.
#[derive(Debug, Serialize)]
pub struct AuditView {
    id: i64,
    at: DateTime<Utc>,
    actor: String,
    action: String,
    subject: Option<String>,
    details: Option<Box<RawValue>>,
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

/// A page of the log.
#[derive(Debug, Serialize)]
pub struct AuditPage {
    /// The entries, the last first.
    pub items: Vec<AuditView>,
    /// Asks for what was done before; null at the end.
    pub next_cursor: Option<String>,
}
