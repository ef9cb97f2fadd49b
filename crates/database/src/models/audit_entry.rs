//! Table `audit_log`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::audit_log;
use uuid::Uuid;

use super::values::RawJson;
use crate::ids::{AuditEntryId, TenantId};

/// An action that grants access, changes many rows or cannot be undone.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = audit_log)]
pub struct AuditEntry {
    /// Identifies the row; later ones have higher ids.
    pub id: AuditEntryId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// Who did it: `API key <id>`, `user <id>`, `administrator <id>` (of another tenant) or `command line`.
    pub actor: String,
    /// The action, such as `key.revoke`.
    pub action: String,
    /// The object of the action, if it has one name.
    pub subject: Option<String>,
    /// More about it; never a secret.
    pub details: Option<RawJson>,
    /// The request that did it.
    pub request_id: Option<Uuid>,
}

/// A new [`AuditEntry`].
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = audit_log)]
pub struct NewAuditEntry<'a> {
    /// Who does it.
    pub actor: &'a str,
    /// The action.
    pub action: &'a str,
    /// The object of the action.
    pub subject: Option<&'a str>,
    /// Its description.
    pub details: Option<&'a RawJson>,
    /// The request that does it.
    pub request_id: Option<Uuid>,
}
