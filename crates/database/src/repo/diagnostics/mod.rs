//! The database queries of `scrapersky doctor`.

use std::collections::BTreeSet;

use diesel::prelude::{OptionalExtension, QueryDsl, QueryResult, QueryableByName};
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
use diesel_async::RunQueryDsl;
use schema::{batch_jobs, domains, jobs, place_searches, places_staging, tenants};
use uuid::Uuid;

use super::functions::{current_setting, pg_is_in_recovery};
use crate::connection::Connection;
use crate::ids::TenantId;
use crate::tenant::SystemConnection;

/// The encoding that the database must have, as PostgreSQL spells it.
pub const ENCODING: &str = "UTF8";

/// The server, the database and the connected user.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Session {
    /// The server's version, such as `15.18`.
    #[diesel(sql_type = Text)]
    pub server_version: String,
    /// The same as a number, such as `150018`.
    #[diesel(sql_type = Integer)]
    pub server_version_num: i32,
    /// The database's encoding, such as `UTF8`.
    #[diesel(sql_type = Text)]
    pub encoding: String,
    /// The connected user.
    #[diesel(sql_type = Text)]
    pub user: String,
    /// Whether that is a superuser.
    #[diesel(sql_type = Bool)]
    pub is_superuser: bool,
    /// Whether the user bypasses row level security.
    #[diesel(sql_type = Bool)]
    pub bypasses_rls: bool,
    /// The TLS version in use.
    #[diesel(sql_type = Nullable<Text>)]
    pub tls: Option<String>,
}

impl Session {
    /// Returns the server's major version, such as 15.
    #[must_use]
    pub fn major(&self) -> u32 {
        u32::try_from(self.server_version_num / 10_000).unwrap_or_default()
    }
}

/// Describes the session of `conn`.
pub async fn session(conn: &mut Connection) -> QueryResult<Session> {
    // Diesel's schema does not include the system catalogs.
    diesel::sql_query(include_str!("session.sql"))
        .get_result(&mut conn.reading())
        .await
}

/// Why a server accepts no writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadOnly {
    /// It is a standby.
    #[error("the database is a standby, which refuses writes: connect to the primary, or promote this server")]
    Standby,
    /// A setting makes its transactions read-only.
    #[error("the database refuses writes: default_transaction_read_only is on for this server, database or user")]
    Setting,
}

/// Returns why the server of `conn` accepts no writes, or `None` if it accepts them.
pub async fn read_only(conn: &mut Connection) -> QueryResult<Option<ReadOnly>> {
    let (is_in_recovery, setting): (bool, String) =
        diesel::select((pg_is_in_recovery(), current_setting("transaction_read_only")))
            .get_result(&mut conn.reading())
            .await?;
    Ok(match (is_in_recovery, setting.as_str()) {
        (true, _) => Some(ReadOnly::Standby),
        (false, "on") => Some(ReadOnly::Setting),
        _ => None,
    })
}

#[derive(QueryableByName)]
struct WalPosition {
    #[diesel(sql_type = BigInt)]
    position: i64,
}

/// Returns how far the primary has written its log, in bytes.
pub async fn written(conn: &mut SystemConnection) -> QueryResult<i64> {
    // Diesel's schema does not include the system functions.
    let found: WalPosition = diesel::sql_query(include_str!("written.sql"))
        .get_result(&mut conn.reading())
        .await?;
    Ok(found.position)
}

/// Returns how far a standby has replayed the primary's log, in bytes; `None` if the server is not a standby.
pub async fn replayed(conn: &mut SystemConnection) -> QueryResult<Option<i64>> {
    // Diesel's schema does not include the system functions.
    let found: Option<WalPosition> = diesel::sql_query(include_str!("replayed.sql"))
        .get_result(&mut conn.reading())
        .await
        .optional()?;
    Ok(found.map(|found| found.position))
}

/// Lists the tenant ids used by rows without a row in `tenants`: nobody can act for them.
pub async fn unknown_tenants(conn: &mut SystemConnection) -> QueryResult<Vec<Uuid>> {
    let known: BTreeSet<Uuid> = tenants::table
        .select(tenants::id)
        .load(&mut conn.reading())
        .await?
        .into_iter()
        .map(TenantId::get)
        .collect();
    let mut named: BTreeSet<Uuid> = BTreeSet::new();
    // One statement per table, since the tables of the queue and of the facts may be on different servers one day.
    macro_rules! name_tenants {
        ($($table:ident),+) => {$(
            let tenants: Vec<Uuid> = $table::table
                .select($table::tenant_id)
                .distinct()
                .load(&mut conn.reading())
                .await?;
            named.extend(tenants);
        )+};
    }
    name_tenants!(domains, jobs, batch_jobs, places_staging, place_searches);
    Ok(named.difference(&known).copied().collect())
}
