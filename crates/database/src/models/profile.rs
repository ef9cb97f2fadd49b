//! Table `profiles`.

use chrono::{DateTime, Utc};
use diesel::prelude::HasQuery;
use schema::profiles;

use crate::ids::{TenantId, UserId};

/// A person who may act for a tenant.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = profiles)]
pub struct Profile {
    /// Identifies the person, as `auth.users` does.
    pub id: UserId,
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The person's name.
    pub name: Option<String>,
    /// The person's address.
    pub email: Option<String>,
    /// The person's picture.
    pub avatar_url: Option<String>,
    /// The person's biography.
    pub bio: Option<String>,
    /// When the row was created.
    pub created_at: Option<DateTime<Utc>>,
    /// When the row last changed.
    pub updated_at: Option<DateTime<Utc>>,
    /// Whether the person may act.
    pub active: Option<bool>,
    /// `USER`, `ADMIN`, `SUPER_ADMIN` or `GLOBAL_ADMIN`.
    pub role: Option<String>,
    /// The id of that role in a table of the old system.
    pub role_id: Option<i32>,
}
