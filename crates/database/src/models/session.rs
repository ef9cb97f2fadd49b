//! Table `sessions`.

use std::fmt;

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::sessions;
use sha2::{Digest, Sha256};

use crate::ids::{ApiKeyId, SessionId, TenantId, UserId};

/// Somebody who is signed in to the console, or a link that signs in once.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = sessions)]
pub struct Session {
    /// Identifies the session.
    pub id: SessionId,
    /// The tenant that the session acts for.
    pub tenant_id: TenantId,
    /// The key whose rights it has, unless it is a person's.
    pub key_id: Option<ApiKeyId>,
    /// The person whose rights it has, unless it is a key's.
    pub user_id: Option<UserId>,
    /// When it was last used, to within a minute.
    pub last_used_at: DateTime<Utc>,
    /// When it ends, however much it is used.
    pub expires_at: DateTime<Utc>,
}

/// A new [`Session`].
#[derive(Clone, Copy, Debug, Insertable)]
#[diesel(table_name = sessions)]
pub struct NewSession<'a> {
    /// The SHA-256 of its secret, 32 bytes.
    pub hash: &'a [u8],
    /// The key whose rights it has, unless it is a person's.
    pub key_id: Option<ApiKeyId>,
    /// The person whose rights it has, unless it is a key's.
    pub user_id: Option<UserId>,
    /// Whether it is a link, which can be followed once.
    pub is_link: bool,
    /// When it ends, however much it is used.
    pub expires_at: DateTime<Utc>,
}

/// What a cookie or a link holds: 256 random bits. `Debug` hides them.
pub struct SessionSecret(String);

impl SessionSecret {
    /// Makes a secret.
    #[must_use]
    pub fn generate() -> Self {
        let bits: [u8; 32] = rand::random();
        Self(bits.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Returns the secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns what is stored of a secret. A plain SHA-256 suffices, as for keys.
    #[must_use]
    pub fn hash_of(secret: &str) -> [u8; 32] {
        Sha256::digest(secret.as_bytes()).into()
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret")
    }
}
