//! Tenants as super administrators see them.

use chrono::{DateTime, Utc};
use database::models::tenant::Tenant;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A request to create a tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantRequest {
    /// Name of the tenant, 1 to 200 characters.
    pub name: String,
    /// Description of the tenant, at most 10,000 characters.
    #[serde(default)]
    pub description: Option<String>,
}

/// A change of a tenant. A missing field changes nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantPatch {
    /// Name of the tenant, 1 to 200 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// Description of the tenant; null removes it.
    #[serde(default, deserialize_with = "null_or")]
    pub description: Option<Option<String>>,
    /// Whether the tenant is in use: callers of one that is not are refused.
    #[serde(default)]
    pub is_active: Option<bool>,
}

/// Distinguishes null from a missing field.
#[expect(clippy::option_option, reason = "missing, null and a value are three things")]
fn null_or<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub struct TenantView {
    /// Id of the tenant.
    pub id: Uuid,
    /// Name of the tenant.
    pub name: String,
    /// Description of the tenant; null if it has none.
    pub description: Option<String>,
    /// Whether the tenant is in use: callers of one that is not are refused.
    pub is_active: bool,
    /// When the tenant was created.
    pub created_at: DateTime<Utc>,
    /// When the tenant last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        let Tenant {
            id,
            name,
            description,
            is_active,
            created_at,
            updated_at,
        } = tenant;
        Self {
            id: id.get(),
            name,
            description,
            is_active,
            created_at,
            updated_at,
        }
    }
}
