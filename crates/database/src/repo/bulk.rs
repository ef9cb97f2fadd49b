//! Bulk writes: rows go to PostgreSQL as one array per column, and a statement returns what became of them.
//!
//! A statement takes at most 65,535 binds; ten thousand rows bound value by value are too many,
//! and are planned slowly. As arrays they are one bind per column.

use diesel::prelude::QueryableByName;
use diesel::sql_types::BigInt;

/// What became of the rows of a bulk upsert. Of rows for the same thing only the last one counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct Upserted {
    /// Rows that were not there.
    #[diesel(sql_type = BigInt)]
    pub inserted: i64,
    /// Rows that were there and were written.
    #[diesel(sql_type = BigInt)]
    pub updated: i64,
    /// Rows that were there with the same values, and were not written.
    #[diesel(sql_type = BigInt)]
    pub unchanged: i64,
}

/// Returns one column of `rows`.
pub(super) fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}
