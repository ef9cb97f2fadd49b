//! Table `scrapersky_internal.set_aside`: what migrations could not convert and keep.

use diesel::QueryResult;
use diesel::prelude::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text};
use diesel_async::RunQueryDsl;

use crate::tenant::SystemConnection;

/// How much a migration set aside of one table for one reason.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct SetAside {
    /// The migration, without its time.
    #[diesel(sql_type = Text)]
    pub migration: String,
    /// The table that the rows are from.
    #[diesel(sql_type = Text)]
    pub source_table: String,
    /// Why the new shape has no place for them.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// Whether whole rows are kept here, or the old values of columns of rows that stayed.
    #[diesel(sql_type = Bool)]
    pub is_whole_row: bool,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
    /// One of the keys, to look at.
    #[diesel(sql_type = Text)]
    pub example_key: String,
}

/// Sums up what migrations forward have set aside. Reasons that name a row are summed up as one.
pub async fn list(conn: &mut SystemConnection) -> QueryResult<Vec<SetAside>> {
    // Diesel has no LATERAL, and groups by no expression with binds.
    diesel::sql_query(include_str!("list.sql"))
        .load(&mut conn.reading())
        .await
}
