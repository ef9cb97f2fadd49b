//! Table `api_keys`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};

use super::ids::{ApiKeyId, TenantId};
use super::values::TextList;
use crate::schema::api_keys;

/// An API key, as it is stored: never the key itself.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = api_keys)]
pub struct ApiKey {
    /// Identifies the key.
    pub id: ApiKeyId,
    /// Whose row it is.
    pub tenant_id: TenantId,
    /// What people call it.
    pub name: String,
    /// The first characters of the key, to tell keys apart.
    pub prefix: String,
    /// The SHA-256 of the key, 32 bytes.
    pub hash: Vec<u8>,
    /// The labels of what the key allows.
    pub scopes: TextList,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<DateTime<Utc>>,
    /// From when it is refused.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A new [`ApiKey`].
///
/// What is `None` is left to the column's default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = api_keys)]
pub struct NewApiKey<'a> {
    /// What people call it.
    pub name: &'a str,
    /// The first characters of the key, to tell keys apart.
    pub prefix: &'a str,
    /// The SHA-256 of the key, 32 bytes.
    pub hash: &'a [u8],
    /// The labels of what the key allows.
    pub scopes: &'a TextList,
    /// From when it is refused.
    pub expires_at: Option<DateTime<Utc>>,
}
