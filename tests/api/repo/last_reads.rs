//! Transactions that end with their last read.

use database::connection::Connection;
use database::connection::reading::Reading;
use diesel::QueryResult;
use diesel::prelude::QueryableByName;
use diesel::sql_types::{Integer, Text};
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;

use crate::support::database::eventually;
use crate::support::tenants::Agencies;

#[derive(Debug, PartialEq, QueryableByName)]
struct Seen {
    #[diesel(sql_type = Integer)]
    session: i32,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Text)]
    tenant: String,
}

async fn seen(mut conn: Reading<'_>) -> QueryResult<Seen> {
    let sql = "SELECT pg_backend_pid() AS session, current_user::text AS role,
                   coalesce(current_setting('app.tenant_id', true), '') AS tenant";
    diesel::sql_query(sql).get_result(&mut conn).await
}

async fn fails(conn: &Connection, sql: &str) -> String {
    let answer = diesel::sql_query(sql).load::<Seen>(&mut conn.reading()).await;
    answer.unwrap_err().to_string()
}

#[tokio::test]
async fn a_transaction_ends_with_its_last_read_and_its_connection_is_used_again() {
    let agencies = Agencies::with_connections(1).await;
    let (acme, bolt) = (agencies.tenant("acme").await, agencies.tenant("bolt").await);
    let session = seen(acme.open().await.reading()).await.unwrap().session;
    for agency in [&acme, &bolt, &acme, &acme, &bolt] {
        let wanted = Seen {
            session,
            role: "scrapersky_tenant".to_owned(),
            tenant: agency.id.to_string(),
        };
        let conn = agency.open().await.ending_after(1);
        assert_eq!(seen(conn.reading()).await.unwrap(), wanted);
        let late = seen(conn.reading()).await.unwrap_err().to_string();
        assert!(late.contains("ended with the last of the reads"), "{late}");
        let late = conn.commit().await.unwrap_err().to_string();
        assert!(late.contains("ended with the last of the reads"), "{late}");

        let conn = agency.open().await.ending_after(2);
        let both = tokio::try_join!(seen(conn.reading()), seen(conn.reading())).unwrap();
        assert_eq!((&both.0, &both.1), (&wanted, &wanted));
        seen(conn.reading()).await.unwrap_err();
        drop(conn);

        // Fewer reads than were announced: the rollback is sent when the transaction is dropped.
        let conn = agency.open().await.ending_after(2);
        assert_eq!(seen(conn.reading()).await.unwrap(), wanted);
        drop(conn);

        // A statement that fails, and an answer of which only the first row is read.
        let conn = agency.open().await.ending_after(1);
        assert!(fails(&conn, "SELECT 1 / 0").await.contains("division by zero"));
        drop(conn);
        let conn = agency.open().await.ending_after(1);
        let sql =
            "SELECT pg_backend_pid() AS session, repeat('x', 100) AS role, '' AS tenant FROM generate_series(1, 5000)";
        let first: Seen = diesel::sql_query(sql).get_result(&mut conn.reading()).await.unwrap();
        assert_eq!(first.session, session);
        drop(conn);
    }
    // Nothing of the last tenant is left.
    let conn = acme.pool.get().await.unwrap();
    let left = seen(conn.reading()).await.unwrap();
    assert_eq!((left.session, left.tenant.as_str()), (session, ""));
    assert_ne!(left.role, "scrapersky_tenant");
}

#[tokio::test]
async fn a_last_read_that_is_given_up_ends_its_session() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    if acme.pool.get().await.unwrap().is_through_pooler() {
        // The session is the pooler's, and ends by the server's own limits.
        return;
    }
    let client = agencies.database.client().await;
    let session = seen(acme.open().await.reading()).await.unwrap().session;
    let conn = acme.open().await.ending_after(1);
    let sleep = "SELECT 1 AS session, pg_sleep(3600)::text AS role, '' AS tenant";
    let running = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'";
    {
        let mut handle = conn.reading();
        let mut read = std::pin::pin!(diesel::sql_query(sleep).load::<Seen>(&mut handle));
        eventually("the query runs", || {
            assert!(read.as_mut().now_or_never().is_none());
            async { client.query_opt(running, &[&session]).await.unwrap().is_some() }
        })
        .await;
    }
    drop(conn);
    eventually("the session ends", async || {
        let there = "SELECT 1 FROM pg_stat_activity WHERE pid = $1";
        client.query_opt(there, &[&session]).await.unwrap().is_none()
    })
    .await;
    assert_ne!(seen(acme.open().await.reading()).await.unwrap().session, session);
}

#[tokio::test]
async fn an_outdated_last_read_is_repeated_in_its_transaction() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let client = agencies.database.client().await;
    client
        .batch_execute(
            "CREATE VIEW seen AS SELECT pg_backend_pid() AS session, current_user::text AS role,
                 current_setting('app.tenant_id') AS tenant;
             GRANT SELECT ON seen TO scrapersky_tenant",
        )
        .await
        .unwrap();
    let read = async || {
        let conn = acme.open().await.ending_after(1);
        let rows: Vec<Seen> = diesel::sql_query("SELECT * FROM seen")
            .load(&mut conn.reading())
            .await
            .unwrap();
        rows.into_iter().next().unwrap()
    };
    let before = read().await;
    assert_eq!(read().await, before);
    for number in 0..3 {
        let view = format!(
            "DROP VIEW seen; CREATE VIEW seen AS SELECT pg_backend_pid() AS session, current_user::text AS role,
                 current_setting('app.tenant_id') AS tenant, {number} AS more{number}; GRANT SELECT ON seen TO scrapersky_tenant"
        );
        client.batch_execute(&view).await.unwrap();
        assert_eq!(read().await, before);
        assert_eq!(read().await, before);
    }
}
