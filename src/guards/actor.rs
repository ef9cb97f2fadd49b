//! Who sent a request: an API key or a person.

use std::fmt;

use database::ids::{ApiKeyId, UserId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::views::who::{ADMINISTRATOR, KEY, PERSON};

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An API key.
    Key(ApiKeyId),
    /// A user who signed in.
    Person(UserId),
    /// A super administrator who acts for another tenant.
    Administrator(UserId),
}

impl Actor {
    /// Returns the id of the key or the person.
    #[must_use]
    pub fn id(self) -> Uuid {
        match self {
            Self::Key(id) => id.get(),
            Self::Person(id) | Self::Administrator(id) => id.get(),
        }
    }

    /// Returns the same one, acting for its own tenant or for another one.
    pub(super) fn acting_in(self, is_own: bool) -> Self {
        match self {
            Self::Key(id) => Self::Key(id),
            Self::Person(id) | Self::Administrator(id) if is_own => Self::Person(id),
            Self::Person(id) | Self::Administrator(id) => Self::Administrator(id),
        }
    }
}

/// Writes the name used in histories and the audit log, such as `user 550e8400-...`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(id) => write!(f, "{KEY}{id}"),
            Self::Person(id) => write!(f, "{PERSON}{id}"),
            Self::Administrator(id) => write!(f, "{ADMINISTRATOR}{id}"),
        }
    }
}

/// Returns the SHA-256 of length-prefixed parts: a cache key that does not reveal them.
pub(super) fn fingerprint(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
