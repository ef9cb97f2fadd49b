//! Table `idempotency_keys`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::idempotency_keys;

use crate::ids::TenantId;

/// A request that a client marked with an idempotency key, and its response.
#[derive(Clone, Debug, PartialEq, Eq, HasQuery)]
#[diesel(table_name = idempotency_keys)]
pub struct IdempotencyKey {
    /// The tenant that made the request.
    pub tenant_id: TenantId,
    /// The client's idempotency key.
    pub key: String,
    /// The SHA-256 of its method, path and body, 32 bytes.
    pub request_hash: Vec<u8>,
    /// The status of the response; `None` while the request is running.
    pub status: Option<i16>,
    /// The body of the response.
    pub response: Option<String>,
    /// When it was first received.
    pub created_at: DateTime<Utc>,
}
