//! Partitions of the tables with facts, read from the catalogue.

use diesel::prelude::{QueryResult, QueryableByName};
use diesel::sql_types::{Array, BigInt, Integer, Text};
use diesel_async::RunQueryDsl;

use crate::connection::Connection;

/// The tables of the queue and of accounts. They stay whole, and on one machine: who claims work or counts limits looks at rows
/// of many tenants. Every other table with a column `tenant_id` holds facts.
pub const WHOLE: [&str; 19] = [
    "api_keys",
    "audit_log",
    "batch_jobs",
    "events",
    "idempotency_keys",
    "jobs",
    "profiles",
    "rate_windows",
    "saved_views",
    "scan_days",
    "schedule_runs",
    "schedules",
    "sessions",
    "tenant_limits",
    "tenants",
    "webhook_deliveries",
    "webhook_secrets",
    "webhook_subjects",
    "webhooks",
];

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    statement: String,
}

/// A table in partitions.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct PartitionedTable {
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The number of its partitions.
    #[diesel(sql_type = BigInt)]
    pub partitions: i64,
    /// The size of all of them, with indexes, in bytes.
    #[diesel(sql_type = BigInt)]
    pub bytes: i64,
}

/// Lists the statements that divide every table of facts that is still whole into this many partitions.
///
/// Each table is made anew with the same columns, constraints, indexes, triggers, rights and rows, and keeps its name and those
/// of all that belongs to it.
pub async fn list_steps(conn: &mut Connection, partitions: u16) -> QueryResult<Vec<String>> {
    // Diesel has no catalogue.
    let steps: Vec<Step> = diesel::sql_query(include_str!("plan.sql"))
        .bind::<Array<Text>, _>(WHOLE.as_slice())
        .bind::<Integer, _>(i32::from(partitions))
        .load(conn)
        .await?;
    Ok(steps.into_iter().map(|step| step.statement).collect())
}

/// Lists the tables in partitions.
pub async fn list(conn: &mut Connection) -> QueryResult<Vec<PartitionedTable>> {
    // As above.
    diesel::sql_query(include_str!("list.sql")).load(conn).await
}
