//! Table `scrapersky_internal.set_aside`: data that migrations could not convert.

use diesel::QueryResult;
use diesel::prelude::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::RunQueryDsl;

use crate::tenant::SystemConnection;

/// The rows of one table that a migration set aside for one reason.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct SetAside {
    /// The migration's name, without its timestamp.
    #[diesel(sql_type = Text)]
    pub migration: String,
    /// The original table.
    #[diesel(sql_type = Text)]
    pub source_table: String,
    /// Why the new schema cannot hold them.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// Whether whole rows were set aside, or only old values of columns.
    #[diesel(sql_type = Bool)]
    pub is_whole_row: bool,
    /// The number of rows.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// One of the keys, as an example.
    #[diesel(sql_type = Text)]
    pub example_key: String,
}

/// Summarises what migrations (in the `up` direction) set aside. Reasons that name a row are counted as one.
pub async fn list(conn: &mut SystemConnection) -> QueryResult<Vec<SetAside>> {
    // Diesel has no LATERAL and cannot group by an expression with binds.
    diesel::sql_query(include_str!("list.sql"))
        .load(&mut conn.reading())
        .await
}
