//! API keys as administrators see them.

use chrono::{DateTime, Utc};
use database::models::api_key::{ApiKey, KeySecret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::words::ScopeWord;

/// A request to create a key.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "name": "front end", "scopes": ["read", "scan"] }))]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// Name of the key.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Scopes of the key; only those that the caller has.
    #[schema(value_type = Vec<ScopeWord>, min_items = 1)]
    pub scopes: Vec<String>,
    /// When the key expires, in the future; if missing, it never does.
    pub expires_at: Option<DateTime<Utc>>,
    /// Id of the tenant to act for, for super administrators; by default the caller's own.
    pub tenant_id: Option<String>,
}

/// A request to replace a key by a new one.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({ "overlap_seconds": 3600 }))]
#[serde(deny_unknown_fields)]
pub struct RotationRequest {
    /// How long the old key stays valid, in seconds: by default a day, at most 30 days.
    #[schema(minimum = 0, maximum = 2_592_000, default = 86_400)]
    pub overlap_seconds: Option<i64>,
    /// Id of the tenant to act for, for super administrators; by default the caller's own.
    pub tenant_id: Option<String>,
}

/// Whether a key is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It is.
    Valid,
    /// Its time is over.
    Expired,
    /// It was revoked.
    Revoked,
}

/// An API key without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyView {
    /// Id of the key.
    pub id: Uuid,
    /// Name of the key.
    pub name: String,
    /// The first characters of the key.
    pub prefix: String,
    /// Scopes of the key.
    #[schema(value_type = Vec<ScopeWord>)]
    pub scopes: Vec<String>,
    /// Whether it is accepted.
    pub state: KeyState,
    /// When the key was created.
    pub created_at: DateTime<Utc>,
    /// When the key was last used; null if never.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When the key expires; null if never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the key was revoked; null if it was not.
    pub revoked_at: Option<DateTime<Utc>>,
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
            (Some(_), _) => KeyState::Revoked,
            (None, Some(at)) if at <= Utc::now() => KeyState::Expired,
            (None, _) => KeyState::Valid,
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

/// A new key. No other response contains its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyCreated {
    #[serde(flatten)]
    view: KeyView,
    /// The key itself, with its secret.
    #[schema(value_type = String)]
    key: ShownOnce,
    /// The key that this one replaces, with its new expiry.
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
    /// Creates the response for a new key and the key it replaces.
    #[must_use]
    pub fn new(key: ApiKey, secret: &KeySecret, replaces: Option<ApiKey>) -> Self {
        Self {
            view: key.into(),
            key: ShownOnce(secret.expose().to_owned()),
            replaces: replaces.map(KeyView::from),
        }
    }
}
