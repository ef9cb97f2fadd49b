//! Table `audit_log`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::audit_log;
use uuid::Uuid;

use super::values::RawJson;
use crate::ids::{AuditEntryId, TenantId};

/// Something done that lets somebody in, touches many rows, or cannot be undone.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = audit_log)]
pub struct AuditEntry {
    /// Identifies the row; later ones have higher ids.
    pub id: AuditEntryId,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// Who did it: `API key <id>`, `user <id>` or `command line`.
    pub actor: String,
    /// What was done, such as `key.revoke`.
    pub action: String,
    /// What it was done to, where that has one name.
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
    /// What is done.
    pub action: &'a str,
    /// What it is done to.
    pub subject: Option<&'a str>,
    /// More about it.
    pub details: Option<&'a RawJson>,
    /// The request that does it.
    pub request_id: Option<Uuid>,
}
