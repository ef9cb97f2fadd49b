//! Table `stored_rows`.

use diesel::prelude::HasQuery;
use schema::stored_rows;

use crate::ids::TenantId;

/// How many rows one or more statements added, or removed as a negative number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, HasQuery)]
#[diesel(table_name = stored_rows)]
pub struct StoredRows {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The number of rows.
    pub rows: i64,
}
