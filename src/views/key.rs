//! API keys, as administrators see them.

use chrono::{DateTime, Utc};
use database::models::api_key::{ApiKey, KeySecret};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Asks for a key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// Its name.
    pub name: String,
    /// Its scopes: `read`, `scan`, `curate`, `admin`.
    pub scopes: Vec<String>,
    /// When it expires; never when missing.
    pub expires_at: Option<DateTime<Utc>>,
    /// The tenant, for super admins.
    pub tenant_id: Option<String>,
}

/// Asks for a key in place of another.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotationRequest {
    /// How many seconds the old key stays valid; one day by default.
    pub overlap_seconds: Option<i64>,
    /// The tenant, for super admins.
    pub tenant_id: Option<String>,
}

/// An API key without its secret.
#[derive(Debug, Serialize)]
pub struct KeyView {
    id: Uuid,
    name: String,
    /// Its first characters.
    prefix: String,
    scopes: Vec<String>,
    /// `valid`, `expired` or `revoked`.
    state: &'static str,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        let ApiKey {
            id,
            tenant_id: _,
            name,
            prefix,
            hash: _,
            scopes,
            created_at,
            last_used_at,
            expires_at,
            revoked_at,
        } = key;
        let state = match (revoked_at, expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(at)) if at <= Utc::now() => "expired",
            (None, _) => "valid",
        };
        Self {
            id: id.get(),
            name,
            prefix,
            scopes: scopes.0,
            state,
            created_at,
            last_used_at,
            expires_at,
            revoked_at,
        }
    }
}

/// A new key; no other answer contains its secret.
#[derive(Debug, Serialize)]
pub struct KeyCreated {
    #[serde(flatten)]
    view: KeyView,
    key: ShownOnce,
    /// The key that it replaces, and when that one expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<KeyView>,
}

/// A key that `Debug` does not print.
#[derive(Serialize)]
struct ShownOnce(String);

impl std::fmt::Debug for ShownOnce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl KeyCreated {
    /// Shows a key that was just made, and the one it replaces.
    #[must_use]
    pub fn new(key: ApiKey, secret: &KeySecret, replaces: Option<ApiKey>) -> Self {
        Self {
            view: key.into(),
            key: ShownOnce(secret.expose().to_owned()),
            replaces: replaces.map(KeyView::from),
        }
    }
}
