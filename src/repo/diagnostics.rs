//! What `scrapersky doctor` asks the database about itself.

use std::collections::{BTreeSet, HashSet};

use diesel::QueryResult;
use diesel::prelude::{QueryDsl, QueryableByName};
use diesel::sql_types::{Bool, Integer, Nullable, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::db::connection::Connection;
use crate::db::tenant::SystemConnection;
use crate::models::ids::TenantId;
use crate::schema::tenants;

/// The server and the user that is connected.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Session {
    /// The server's version, such as `15.18`.
    #[diesel(sql_type = Text)]
    pub server_version: String,
    /// The same as a number, such as `150018`.
    #[diesel(sql_type = Integer)]
    pub server_version_num: i32,
    /// Who is connected.
    #[diesel(sql_type = Text)]
    pub user: String,
    /// Whether that is a superuser.
    #[diesel(sql_type = Bool)]
    pub is_superuser: bool,
    /// Whether row level security does not bind that user.
    #[diesel(sql_type = Bool)]
    pub bypasses_rls: bool,
    /// The TLS version in use.
    #[diesel(sql_type = Nullable<Text>)]
    pub tls: Option<String>,
}

/// Describes the session of `conn`.
///
/// # Errors
///
/// Those of the database.
pub async fn session(conn: &mut Connection) -> QueryResult<Session> {
    diesel::sql_query(
        r#"SELECT current_setting('server_version') AS server_version,
                  current_setting('server_version_num')::integer AS server_version_num,
                  r.rolname::text AS "user", r.rolsuper AS is_superuser, r.rolbypassrls AS bypasses_rls,
                  (SELECT s.version FROM pg_stat_ssl s WHERE s.pid = pg_backend_pid() AND s.ssl) AS tls
           FROM pg_roles r WHERE r.rolname = current_user"#,
    )
    .get_result(conn)
    .await
}

/// Lists the tables with a column `tenant_id` where row level security does not hold for everybody.
///
/// # Errors
///
/// Those of the database.
pub async fn unprotected_tables(conn: &mut SystemConnection) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Table {
        #[diesel(sql_type = Text)]
        name: String,
    }
    let tables: Vec<Table> = diesel::sql_query(
        "SELECT c.relname::text AS name
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
         WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
           AND pg_has_role(c.relowner, 'MEMBER') AND has_table_privilege('scrapersky_tenant', c.oid, 'SELECT')
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                    AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'scrapersky_isolation'))
         ORDER BY c.relname",
    )
    .load(conn)
    .await?;
    Ok(tables.into_iter().map(|table| table.name).collect())
}

/// Lists the tenants that rows belong to and that have no row in `tenants`: nobody can act for them.
///
/// # Errors
///
/// Those of the database.
pub async fn unknown_tenants(conn: &mut SystemConnection) -> QueryResult<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Tenant {
        #[diesel(sql_type = SqlUuid)]
        tenant_id: Uuid,
    }
    let known: HashSet<Uuid> = tenants::table
        .select(tenants::id)
        .load(conn)
        .await?
        .into_iter()
        .map(TenantId::get)
        .collect();
    let mut unknown = BTreeSet::new();
    for named in [
        "SELECT tenant_id FROM jobs UNION SELECT tenant_id FROM batch_jobs",
        "SELECT tenant_id FROM domains UNION SELECT tenant_id FROM places_staging UNION SELECT tenant_id FROM place_searches",
    ] {
        let rows: Vec<Tenant> = diesel::sql_query(named).load(conn).await?;
        unknown.extend(
            rows.into_iter()
                .map(|row| row.tenant_id)
                .filter(|id| !known.contains(id)),
        );
    }
    Ok(unknown.into_iter().collect())
}
