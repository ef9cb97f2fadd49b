//! Table `idempotency_keys`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::idempotency_keys;

use crate::ids::TenantId;

/// A request that a client marked as one and the same, and what it was answered.
#[derive(Clone, Debug, PartialEq, Eq, HasQuery)]
#[diesel(table_name = idempotency_keys)]
pub struct IdempotencyKey {
    /// Whose request it was.
    pub tenant_id: TenantId,
    /// The client's name for the request.
    pub key: String,
    /// The SHA-256 of its method, path and body, 32 bytes.
    pub request_hash: Vec<u8>,
    /// The status it was answered with; `None` while it is being answered.
    pub status: Option<i16>,
    /// The body it was answered with.
    pub response: Option<String>,
    /// When it came first.
    pub created_at: DateTime<Utc>,
}
