//! Bulk writes: rows are sent as one array per column, and the statement returns how many were written.
//!
//! A statement takes at most 65,535 binds, too few for ten thousand rows bound value by value, and such statements are
//! slow to plan. As arrays they are one bind per column.

use diesel::prelude::QueryableByName;
use diesel::sql_types::BigInt;

/// The result of a bulk upsert. Of rows with the same key only the last one counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct Upserted {
    /// New rows.
    #[diesel(sql_type = BigInt)]
    pub inserted: i64,
    /// Existing rows that were changed.
    #[diesel(sql_type = BigInt)]
    pub updated: i64,
    /// Existing rows with the same values, which were not written.
    #[diesel(sql_type = BigInt)]
    pub unchanged: i64,
}

/// Returns one column of `rows`.
pub(super) fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
