//! Opening, nesting and ending a tenant's transactions.

use database::connection::Connection;
use database::repo::domains;
use diesel::QueryResult;
use diesel::prelude::QueryableByName;
use diesel::result::Error;
use diesel::sql_types::Integer;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};

use crate::support::tenants::{Agencies, new_domain};

#[tokio::test]
async fn a_transaction_inside_a_tenants_is_a_savepoint() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let bolt = agencies.tenant("bolt").await;

    let mut conn = acme.open().await;
    domains::upsert(&mut conn, &new_domain("outer.test")).await.unwrap();
    let undone: QueryResult<()> = conn
        .transaction(async |conn| {
            conn.batch_execute("UPDATE domains SET domain = 'inner.test'").await?;
            Err(Error::RollbackTransaction)
        })
        .await;
    assert_eq!(undone, Err(Error::RollbackTransaction));
    conn.transaction::<_, Error, _>(async |conn| conn.batch_execute("UPDATE domains SET notes = 'kept'").await)
        .await
        .unwrap();
    // The tenant's transaction is still open: the role, the tenant and the rows are there.
    let domain = domains::lock_by_name(&mut conn, "outer.test").await.unwrap().unwrap();
    assert_eq!(domain.notes.as_deref(), Some("kept"));
    drop(conn);

    let stored = acme
        .run(async |conn| domains::lock_by_name(conn, "outer.test").await)
        .await;
    assert_eq!(
        stored, None,
        "the savepoint's release committed the tenant's transaction"
    );
    let foreign = bolt
        .run(async |conn| domains::lock_by_name(conn, "outer.test").await)
        .await;
    assert_eq!(foreign, None);
}

#[tokio::test]
async fn a_savepoint_as_first_statement_opens_the_tenants_transaction() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let mut conn = acme.open().await;
    let tenant = acme.id;
    conn.transaction::<_, Error, _>(async |conn| {
        let insert = format!("INSERT INTO domains (tenant_id, domain) VALUES ('{tenant}', 'acme.test')");
        conn.batch_execute(&insert).await
    })
    .await
    .unwrap();
    conn.commit().await.unwrap();
    let stored = acme
        .run(async |conn| domains::lock_by_name(conn, "acme.test").await)
        .await;
    assert!(stored.is_some());
}

#[tokio::test]
async fn a_commit_after_a_failed_statement_is_an_error_and_writes_nothing() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let mut conn = acme.open().await;
    domains::upsert(&mut conn, &new_domain("acme.test")).await.unwrap();
    conn.batch_execute("SELECT 1 / 0").await.unwrap_err();
    conn.commit().await.unwrap_err();
    let stored = acme
        .run(async |conn| domains::lock_by_name(conn, "acme.test").await)
        .await;
    assert_eq!(stored, None);
}

#[tokio::test]
async fn a_dropped_transaction_is_rolled_back_and_its_connection_is_used_again() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let mut conn = acme.open().await;
    domains::upsert(&mut conn, &new_domain("acme.test")).await.unwrap();
    let process = backend(&mut conn).await;
    drop(conn);

    let mut conn = acme.open().await;
    assert_eq!(backend(&mut conn).await, process);
    let stored = domains::lock_by_name(&mut conn, "acme.test").await.unwrap();
    assert_eq!(stored, None);
}

#[tokio::test]
async fn a_failed_transaction_returns_its_connection_too() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let mut conn = acme.open().await;
    let process = backend(&mut conn).await;
    conn.batch_execute("SELECT 1 / 0").await.unwrap_err();
    drop(conn);
    assert_eq!(backend(&mut *acme.open().await).await, process);
}

#[tokio::test]
async fn a_committed_row_is_visible_to_other_connections() {
    let agencies = Agencies::new().await;
    let acme = agencies.tenant("acme").await;
    let domain = acme.domain("acme.test").await;
    let client = agencies.database.client().await;
    let stored = client
        .query_one("SELECT tenant_id::text, id::text FROM domains", &[])
        .await
        .unwrap();
    assert_eq!(stored.get::<_, String>(0), acme.id.to_string());
    assert_eq!(stored.get::<_, String>(1), domain.id.to_string());
}

#[tokio::test]
async fn an_empty_transaction_commits() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    acme.open().await.commit().await.unwrap();
    acme.domain("acme.test").await;
}

async fn backend(conn: &mut Connection) -> i32 {
    #[derive(QueryableByName)]
    struct Backend {
        #[diesel(sql_type = Integer)]
        pid: i32,
    }
    let row: Backend = diesel::sql_query("SELECT pg_backend_pid() AS pid")
        .get_result(conn)
        .await
        .unwrap();
    row.pid
}
