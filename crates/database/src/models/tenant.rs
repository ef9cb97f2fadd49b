//! Table `tenants`.

use chrono::{DateTime, Utc};
use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::tenants;

use crate::ids::TenantId;

/// A tenant: an agency whose rows only it sees.
#[derive(Clone, Debug, PartialEq, HasQuery)]
#[diesel(table_name = tenants)]
pub struct Tenant {
    /// Identifies the row.
    pub id: TenantId,
    /// Its display name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Whether it is in use.
    pub is_active: bool,
    /// When the row was created.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
}

/// A new [`Tenant`].
///
/// `None` leaves a column at its default.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = tenants)]
pub struct NewTenant<'a> {
    /// Its display name.
    pub name: &'a str,
    /// Its description.
    pub description: Option<&'a str>,
}

/// Changes of a [`Tenant`].
///
/// `None` leaves a column unchanged; `Some(None)` sets a nullable column to NULL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, AsChangeset)]
#[diesel(table_name = tenants)]
pub struct TenantChanges<'a> {
    /// Its display name.
    pub name: Option<&'a str>,
    /// Its description.
    pub description: Option<Option<&'a str>>,
    /// Whether it is in use.
    pub is_active: Option<bool>,
}
