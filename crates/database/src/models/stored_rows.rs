//! Table `stored_rows`.

use diesel::prelude::HasQuery;
use schema::stored_rows;

use crate::ids::TenantId;

/// How many rows of a table one or more statements added, or removed as a negative number.
#[derive(Clone, Debug, PartialEq, Eq, HasQuery)]
#[diesel(table_name = stored_rows)]
pub struct StoredRows {
    /// The tenant that owns the row.
    pub tenant_id: TenantId,
    /// The table that the rows are in.
    pub table_name: String,
    /// The number of rows.
    pub rows: i64,
}
