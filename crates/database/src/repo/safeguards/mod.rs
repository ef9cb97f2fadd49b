//! What isolates tenants in the database: roles, flags of row level security, policies, grants.
//!
//! Which these are stands in the migration `isolate_tenants` alone.

use diesel::prelude::{QueryResult, QueryableByName};
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;

use super::functions;
use crate::connection::Connection;

/// One of the things that isolate tenants.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Safeguard {
    /// `role`, `flag`, `policy` or `grant`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// What it is, such as `the policy scrapersky_access on domains`.
    #[diesel(sql_type = Text)]
    pub what: String,
    /// Whether the database has it.
    #[diesel(sql_type = Bool)]
    pub holds: bool,
}

/// Lists what isolates tenants; nothing before the migrations were applied.
pub async fn list(conn: &mut Connection) -> QueryResult<Vec<Safeguard>> {
    if !is_migrated(conn).await? {
        return Ok(Vec::new());
    }
    // Diesel cannot select from a function.
    diesel::sql_query(include_str!("list.sql"))
        .load(&mut conn.reading())
        .await
}

/// Makes what does not hold, and returns what that was. The connected user has to own the tables.
pub async fn secure(conn: &mut Connection) -> QueryResult<Vec<String>> {
    diesel::select(functions::secure()).load(conn).await
}

/// Returns whether the database has the functions of the migrations.
pub async fn is_migrated(conn: &mut Connection) -> QueryResult<bool> {
    diesel::select(diesel::dsl::sql::<Bool>(
        "to_regprocedure('scrapersky_internal.safeguards()') IS NOT NULL",
    ))
    .get_result(&mut conn.reading())
    .await
}
