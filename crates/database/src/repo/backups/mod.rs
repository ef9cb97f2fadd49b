//! What a backup has to know of the schemas `public` and `scrapersky_internal`, read from the catalogue.

use diesel::prelude::{QueryResult, QueryableByName};
use diesel::sql_types::{Array, BigInt, Bool, Text};
use diesel_async::RunQueryDsl;

use crate::connection::Connection;

/// A table with rows.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct StoredTable {
    /// Its schema and name, quoted where needed.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Whether row level security hides rows from the connected user.
    #[diesel(sql_type = Bool)]
    pub is_hidden: bool,
    /// Whether the system's role sees every row.
    #[diesel(sql_type = Bool)]
    pub is_open_to_system: bool,
    /// The sequences of its columns, named likewise.
    #[diesel(sql_type = Array<Text>)]
    pub sequences: Vec<String>,
    /// Its foreign keys to tables of other schemas: schema, table and constraint, separated by spaces and without quotes.
    #[diesel(sql_type = Array<Text>)]
    pub outside_keys: Vec<String>,
}

/// The rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct TableDigest {
    /// The table's schema and name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The number of rows.
    #[diesel(sql_type = BigInt)]
    pub rows: i64,
    /// A number made from the texts of all rows, in any order.
    #[diesel(sql_type = Text)]
    pub digest: String,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

fn names(rows: Vec<Name>) -> Vec<String> {
    rows.into_iter().map(|row| row.name).collect()
}

/// Exports the snapshot of the connection's transaction, and returns its name.
pub async fn export_snapshot(conn: &mut Connection) -> QueryResult<String> {
    diesel::select(diesel::dsl::sql::<Text>("pg_export_snapshot()"))
        .get_result(conn)
        .await
}

/// Lists the tables.
pub async fn list_tables(conn: &mut Connection) -> QueryResult<Vec<StoredTable>> {
    // Diesel's schema does not include the system catalogs.
    diesel::sql_query(include_str!("tables.sql"))
        .load(&mut conn.reading())
        .await
}

/// Counts and digests the rows of tables. Rows that are hidden from the current role are not counted.
pub async fn list_digests(conn: &mut Connection, tables: &[String]) -> QueryResult<Vec<TableDigest>> {
    // Diesel cannot select from a function.
    diesel::sql_query(include_str!("digests.sql"))
        .bind::<Array<Text>, _>(tables)
        .load(&mut conn.reading())
        .await
}

/// Lists the roles that grants and policies name, without the program's own and PostgreSQL's.
pub async fn list_roles(conn: &mut Connection) -> QueryResult<Vec<String>> {
    // Diesel's schema does not include the system catalogs.
    let roles = diesel::sql_query(include_str!("roles.sql"))
        .load(&mut conn.reading())
        .await?;
    Ok(names(roles))
}

/// Lists what the two schemas hold, besides what belongs to extensions.
pub async fn list_contents(conn: &mut Connection) -> QueryResult<Vec<String>> {
    // Diesel's schema does not include the system catalogs.
    let contents = diesel::sql_query(include_str!("contents.sql"))
        .load(&mut conn.reading())
        .await?;
    Ok(names(contents))
}
