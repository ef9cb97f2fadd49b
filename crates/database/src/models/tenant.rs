//! Table `tenants`.

use chrono::{DateTime, Utc};
use diesel::prelude::{HasQuery, Insertable};
use schema::tenants;

use crate::ids::TenantId;

/// A tenant: an agency whose rows are its own.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = tenants)]
pub struct Tenant {
    /// Identifies the row.
    pub id: TenantId,
    /// What people call it.
    pub name: String,
    /// More about it.
    pub description: Option<String>,
    /// Whether it is in use.
    pub is_active: bool,
    /// When the row was made.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
}

/// A new [`Tenant`].
///
/// What is `None` is left to the column's default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = tenants)]
pub struct NewTenant<'a> {
    /// What people call it.
    pub name: &'a str,
    /// More about it.
    pub description: Option<&'a str>,
}
