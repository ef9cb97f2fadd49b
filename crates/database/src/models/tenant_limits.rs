//! Table `tenant_limits`.

use diesel::prelude::{AsChangeset, HasQuery, Insertable};
use schema::tenant_limits;

use crate::ids::TenantId;

/// A tenant's own limits; `None` means the limit from the settings.
#[derive(Clone, Debug, PartialEq, Eq, HasQuery)]
#[diesel(table_name = tenant_limits)]
pub struct TenantLimits {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// Requests a minute of the tenant as a whole.
    pub requests_per_minute: Option<i32>,
    /// Batches a minute of the tenant as a whole.
    pub batches_per_minute: Option<i32>,
    /// Requests a minute of each of its callers.
    pub caller_requests_per_minute: Option<i32>,
    /// Batches a minute of each of its callers.
    pub caller_batches_per_minute: Option<i32>,
    /// Scans a day (UTC).
    pub scans_per_day: Option<i32>,
    /// Rows stored.
    pub rows_stored: Option<i64>,
}

/// New [`TenantLimits`], which replace the stored ones; `None` means the limit from the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Insertable, AsChangeset)]
#[diesel(table_name = tenant_limits, treat_none_as_null = true)]
pub struct NewTenantLimits {
    /// Requests a minute of the tenant as a whole.
    pub requests_per_minute: Option<i32>,
    /// Batches a minute of the tenant as a whole.
    pub batches_per_minute: Option<i32>,
    /// Requests a minute of each of its callers.
    pub caller_requests_per_minute: Option<i32>,
    /// Batches a minute of each of its callers.
    pub caller_batches_per_minute: Option<i32>,
    /// Scans a day (UTC).
    pub scans_per_day: Option<i32>,
    /// Rows stored.
    pub rows_stored: Option<i64>,
}
