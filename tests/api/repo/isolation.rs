//! No repository function lets a tenant access another's rows; each of the two walls is tested with the other one down.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use database::ids::TenantId;
use database::tenant::TenantConnection;
use diesel::prelude::QueryableByName;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::Text;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::probes::{Expects, PROBES, Probe, Rows};
use crate::support::tenants::{Agencies, Agency};

/// The walls that are up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walls {
    Both,
    /// The repositories filter for the other tenant; only the database knows the transaction's tenant.
    DatabaseAlone,
    /// Row level security is off.
    RepositoriesAlone,
}

#[tokio::test]
async fn both_walls_isolate_tenants() {
    tenants_are_apart(Walls::Both).await;
}

#[tokio::test]
async fn row_level_security_alone_isolates_tenants() {
    tenants_are_apart(Walls::DatabaseAlone).await;
}

#[tokio::test]
async fn repositories_alone_isolate_tenants() {
    tenants_are_apart(Walls::RepositoriesAlone).await;
}

#[test]
fn every_repository_function_on_tenants_rows_is_probed() {
    let probed: BTreeSet<String> = PROBES.iter().map(|probe| probe.function.replace(' ', "")).collect();
    let written = functions_on("TenantConnection");
    assert!(written.len() > 70, "only {} functions were found", written.len());
    assert_eq!(
        written.difference(&probed).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "functions without a probe"
    );
    assert_eq!(probed.difference(&written).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Every insert of the repositories returns its row, which the tenant must be able to see: this alone rejects another
/// tenant's row. A plain change of the owner is only rejected by WITH CHECK.
#[tokio::test]
async fn no_row_can_be_moved_to_another_tenant() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let bolt = agencies.tenant("bolt").await;
    Rows::of(&agencies, &bolt, "bolt").await;
    for table in tenant_tables(&agencies).await {
        let owner = owner_column(&table);
        let give = format!("UPDATE {table} SET {owner} = '{}'", acme.id);
        let refused = bolt.open().await.batch_execute(&give).await.unwrap_err().to_string();
        let expected = if ["tenants", "tenant_limits", "audit_log"].contains(&table.as_str()) {
            "permission denied"
        } else {
            "row-level security"
        };
        assert!(refused.contains(expected), "{table}: {refused}");
    }
}

/// For any query that the program may send one day.
#[tokio::test]
async fn plain_sql_shows_no_other_tenants_rows() {
    let agencies = Agencies::new().await;
    let (acme, bolt) = (agencies.tenant("acme").await, agencies.tenant("bolt").await);
    Rows::of_both(&agencies, &acme, &bolt).await;
    for table in tenant_tables(&agencies).await {
        assert_eq!(
            foreign_rows(&mut bolt.open().await, &table, bolt.id).await,
            0,
            "{table}"
        );
    }
}

/// Counts the visible rows of other tenants.
pub async fn foreign_rows(conn: &mut TenantConnection, table: &str, own: TenantId) -> i64 {
    let owner = owner_column(table);
    let count = format!("SELECT count(*)::text AS line FROM {table} WHERE {owner} <> '{own}'");
    let lines: Vec<Line> = diesel::sql_query(count).load(conn).await.unwrap();
    lines[0].line.parse().unwrap()
}

async fn tenants_are_apart(walls: Walls) {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let bolt = agencies.tenant("bolt").await;
    let rows = Rows::of_both(&agencies, &acme, &bolt).await;
    let client = agencies.database.client().await;
    let tables = tenant_tables(&agencies).await;
    if walls == Walls::RepositoriesAlone {
        for table in &tables {
            let disable = format!("ALTER TABLE {table} DISABLE ROW LEVEL SECURITY");
            client.batch_execute(&disable).await.unwrap();
        }
    }
    let digest = digest(&tables, &rows);
    let mut conn = acme.open().await;
    let before = as_superuser(&mut conn, &digest).await;
    drop(conn);
    assert_eq!(before.lines().count(), tables.len());
    assert!(!before.contains(" 0 "), "a table without a row to protect:\n{before}");

    let mut failures = Vec::new();
    for probe in PROBES {
        let conn = open(walls, &acme, &bolt).await;
        if let Some(complaint) = catches(probe, walls, conn, &rows, &digest, &before).await {
            failures.push(format!("{}: {complaint}", probe.function));
        }
    }
    assert!(failures.is_empty(), "{walls:?}:\n{}", failures.join("\n"));
}

/// Opens a transaction of the tenant that must not access the other's rows.
pub async fn open(walls: Walls, acme: &Agency, bolt: &Agency) -> TenantConnection {
    match walls {
        Walls::Both | Walls::RepositoriesAlone => bolt.open().await,
        Walls::DatabaseAlone => {
            let mut conn = acme.open().await;
            let other = format!("SET LOCAL app.tenant_id = '{}'", bolt.id);
            conn.batch_execute(&other).await.unwrap();
            conn
        }
    }
}

/// Runs a probe, and returns what is wrong with its result.
pub async fn catches(
    probe: &Probe,
    walls: Walls,
    mut conn: TenantConnection,
    rows: &Rows,
    digest: &str,
    before: &str,
) -> Option<String> {
    let own = conn.tenant_id();
    let answer = (probe.call)(&mut conn, rows).await;
    let aborted = matches!(answer, Err(Error::DatabaseError(..)));
    if let Err(complaint) = judge(probe, walls, rows, own, answer) {
        return Some(complaint);
    }
    // A statement that failed in the database changed nothing.
    (!aborted && as_superuser(&mut conn, digest).await != before)
        .then(|| "the other tenant's rows have changed".to_owned())
}

/// Checks a result.
fn judge(
    probe: &Probe,
    walls: Walls,
    rows: &Rows,
    own: TenantId,
    answer: diesel::QueryResult<super::probes::Seen>,
) -> Result<(), String> {
    let expects = match (probe.expects, walls) {
        // The filter selects the other tenant's rows, and the database shows none of them.
        (Expects::OwnRows, Walls::DatabaseAlone) => Expects::Nothing,
        (expects, _) => expects,
    };
    let complaint = format!("{expects:?} was expected: {answer:?}");
    let is_right = match (expects, walls, answer) {
        (Expects::Nothing, _, Err(Error::NotFound)) => true,
        (_, _, Ok(seen)) if seen.met_another => false,
        (Expects::Nothing, _, Ok(seen)) => seen.rows == 0,
        (Expects::OwnRows, _, Ok(seen)) => seen.rows > 0 && seen.owners.iter().all(|owner| *owner == own),
        (
            Expects::NewRow | Expects::NoSuchRow,
            Walls::DatabaseAlone,
            Err(Error::DatabaseError(DatabaseErrorKind::Unknown, error)),
        ) => error.message().contains("row-level security"),
        (Expects::NewRow, Walls::Both | Walls::RepositoriesAlone, Ok(seen)) => {
            seen.rows >= 1 && !seen.owners.contains(&rows.tenant)
        }
        (
            Expects::NoSuchRow,
            Walls::Both | Walls::RepositoriesAlone,
            Err(Error::DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _)),
        ) => true,
        _ => false,
    };
    if is_right { Ok(()) } else { Err(complaint) }
}

/// The tables with tenants' rows, from the catalogue.
const TENANT_TABLES: &str = "
    SELECT c.relname::text FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND (c.relname = 'tenants' OR EXISTS (
          SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped))
    ORDER BY 1";

pub async fn tenant_tables(agencies: &Agencies) -> Vec<String> {
    let client = agencies.database.client().await;
    let rows = client.query(TENANT_TABLES, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn owner_column(table: &str) -> &'static str {
    if table == "tenants" { "id" } else { "tenant_id" }
}

/// Returns a query for one line per table: the number of the tenant's rows, and their hash.
pub fn digest(tables: &[String], rows: &Rows) -> String {
    digest_of(tables, rows.tenant)
}

/// The same for any tenant.
pub fn digest_of(tables: &[String], tenant: TenantId) -> String {
    tables
        .iter()
        .map(|table| {
            let owner = owner_column(table);
            format!(
                "SELECT format('{table} %s %s', count(*), md5(string_agg(t::text, ',' ORDER BY t::text))) AS line
                 FROM {table} t WHERE {owner} = '{tenant}'"
            )
        })
        .collect::<Vec<_>>()
        .join(" UNION ALL ")
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Runs a query with one text column in the same transaction, without either wall.
pub async fn as_superuser(conn: &mut TenantConnection, sql: &str) -> String {
    conn.batch_execute("SET LOCAL ROLE NONE").await.unwrap();
    let lines: Vec<Line> = diesel::sql_query(sql).load(conn).await.unwrap();
    lines.into_iter().map(|line| line.line).collect::<Vec<_>>().join("\n")
}

/// Returns `module::function` of every public repository function that takes such a connection.
pub fn functions_on(connection: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/database/src/repo");
    let mut functions = BTreeSet::new();
    for file in rust_files(&root) {
        let module = file.strip_prefix(&root).unwrap().with_extension("");
        let module = module.to_str().unwrap().replace('/', "::");
        let source = fs::read_to_string(&file).unwrap();
        for declaration in source.split("\npub async fn ").skip(1) {
            let (name, rest) = declaration.split_once(['(', '<']).unwrap();
            let (signature, _) = rest.split_once('{').unwrap();
            if signature.contains(connection) {
                functions.insert(format!("{}::{name}", module.trim_end_matches("::mod")));
            }
        }
    }
    functions
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
