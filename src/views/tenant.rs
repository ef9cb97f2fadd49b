//! Tenants as super administrators see them.

use chrono::{DateTime, Utc};
use database::models::tenant::Tenant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::fields;

/// A request to create a tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Bolt & Co" }))]
pub struct TenantRequest {
    /// Name of the tenant.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Description of the tenant.
    #[serde(default)]
    #[schema(max_length = 10_000)]
    pub description: Option<String>,
}

/// A change of a tenant. A missing field changes nothing.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Bolt & Sons" }))]
pub struct TenantPatch {
    /// Name of the tenant.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Description of the tenant; null removes it.
    #[serde(default, deserialize_with = "fields::null_or")]
    pub description: Option<Option<String>>,
    /// Whether the tenant is in use: callers of one that is not are refused.
    #[serde(default)]
    pub is_active: Option<bool>,
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
