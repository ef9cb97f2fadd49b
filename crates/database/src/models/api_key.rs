//! Table `api_keys`.

use std::fmt;

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::api_keys;
use sha2::{Digest, Sha256};

use super::values::TextList;
use crate::ids::{ApiKeyId, TenantId};

/// An API key as stored: its hash, never the key itself.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = api_keys)]
pub struct ApiKey {
    /// Identifies the key.
    pub id: ApiKeyId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Its display name.
    pub name: String,
    /// The first characters of the key, to tell keys apart.
    pub prefix: String,
    /// The SHA-256 of the key, 32 bytes.
    pub hash: Vec<u8>,
    /// The key's scopes.
    pub scopes: TextList,
    /// When the row was created.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to within a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A new [`ApiKey`].
///
/// `None` leaves a column at its default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = api_keys)]
pub struct NewApiKey<'a> {
    /// Its display name.
    pub name: &'a str,
    /// The first characters of the key, to tell keys apart.
    pub prefix: &'a str,
    /// The SHA-256 of the key, 32 bytes.
    pub hash: &'a [u8],
    /// The key's scopes.
    pub scopes: &'a TextList,
    /// When it expires.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The prefix of every key, by which credentials are recognised as keys.
const KEY_MARK: &str = "sky_";
/// The length of the prefix that is stored in the clear: the mark and 32 of the key's 256 bits.
const PREFIX_LENGTH: usize = KEY_MARK.len() + 8;

/// Returns whether a credential claims to be an API key, rather than a token.
#[must_use]
pub fn is_key(credential: &str) -> bool {
    credential.starts_with(KEY_MARK)
}

/// A complete key. It is printed once, when it is created, and never by `Debug`.
pub struct KeySecret(String);

impl KeySecret {
    /// Makes a key of 256 random bits.
    #[must_use]
    pub fn generate() -> Self {
        let bits: [u8; 32] = rand::random();
        let mut key = KEY_MARK.to_owned();
        for byte in bits {
            key.push_str(&format!("{byte:02x}"));
        }
        Self(key)
    }

    /// Returns the key itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the prefix that is stored in the clear.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.get(..PREFIX_LENGTH).unwrap_or_default()
    }

    /// Returns the stored hash of a key. A plain SHA-256 suffices, since a key has 256 random bits: it cannot be
    /// searched for, and the time of a look-up reveals nothing.
    #[must_use]
    pub fn hash_of(key: &str) -> [u8; 32] {
        Sha256::digest(key.as_bytes()).into()
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeySecret").field(&self.prefix()).finish()
    }
}
