//! How PostgreSQL executes the lists, with the repositories' filter and row level security together.

use std::sync::{Arc, Mutex};

use diesel::connection::InstrumentationEvent;
use diesel::prelude::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use scrapersky::db::tenant::TenantConnection;
use scrapersky::repo::domains::{DomainFilter, DomainOrder};
use scrapersky::repo::jobs::JobFilter;
use scrapersky::repo::paging::Paging;
use scrapersky::repo::places::{PlaceFilter, PlaceOrder};
use scrapersky::repo::{domains, jobs, places};

use crate::support::tenants::Agencies;

/// 20 tenants with 250 rows each in the tables of the long lists.
const ROWS: &str = "
    INSERT INTO tenants (name) SELECT 'tenant ' || n FROM generate_series(1, 18) n;
    INSERT INTO domains (tenant_id, domain, created_at)
        SELECT id, n || '.test', now() - make_interval(secs => n) FROM tenants, generate_series(1, 250) n;
    INSERT INTO jobs (tenant_id, kind, created_at)
        SELECT id, 'scan', now() - make_interval(secs => n) FROM tenants, generate_series(1, 250) n;
    INSERT INTO places_staging (tenant_id, place_id, name, created_by, search_time)
        SELECT id, n, n, id, now() - make_interval(secs => n) FROM tenants, generate_series(1, 250) n;
    ANALYZE;";

#[tokio::test]
async fn lists_are_read_by_the_tenants_index_and_isolation_costs_nothing_a_row() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let client = agencies.database.client().await;
    client.batch_execute(ROWS).await.unwrap();
    let paging = Paging::first(20);

    let mut conn = acme.open().await;
    let sent = record(&mut conn);
    let filter = DomainFilter::default();
    let (rows, total) = domains::list(&mut conn, &filter, DomainOrder::Newest, paging)
        .await
        .unwrap();
    assert_eq!((rows.len(), total), (20, 250));
    jobs::list(&mut conn, &JobFilter::default(), paging).await.unwrap();
    places::list(&mut conn, &PlaceFilter::default(), PlaceOrder::Newest, paging)
        .await
        .unwrap();
    let sent = std::mem::take(&mut *sent.lock().unwrap());
    let queries: Vec<&String> = sent.iter().filter(|sql| sql.starts_with("SELECT")).collect();
    assert_eq!(queries.len(), 6, "{queries:#?}");

    for (sql, index) in queries.into_iter().zip([
        Some("domains_tenant_id_created_at_idx"),
        None,
        Some("jobs_tenant_id_created_at_idx"),
        None,
        Some("places_staging_tenant_id_search_time_idx"),
        None,
    ]) {
        let plan = explain(&mut conn, sql, &format!("{}", acme.id), paging).await;
        assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
        assert!(plan.contains("Index Cond: (tenant_id = "), "{sql}\n{plan}");
        // The policy is decided once: the two walls name the same tenant, or there is no row at all.
        assert!(plan.contains("One-Time Filter: ("), "{sql}\n{plan}");
        if let Some(index) = index {
            assert!(plan.contains(&format!("using {index} ")), "{sql}\n{plan}");
            assert!(!plan.contains("Sort"), "{sql}\n{plan}");
        }
    }
}

/// Notes the text of every query that the connection sends.
fn record(conn: &mut TenantConnection) -> Arc<Mutex<Vec<String>>> {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&sent);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            notes.lock().unwrap().push(query.to_string());
        }
    });
    sent
}

/// Returns how PostgreSQL would execute a query whose binds are the tenant, and for a list its part.
async fn explain(conn: &mut TenantConnection, query: &str, tenant: &str, paging: Paging) -> String {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        line: String,
    }
    let (sql, _) = query.split_once(" -- binds:").unwrap_or((query, ""));
    let (types, values) = if sql.contains("$3") {
        (
            "(uuid, bigint, bigint)",
            format!("('{tenant}', {}, {})", paging.limit, paging.offset),
        )
    } else {
        ("(uuid)", format!("('{tenant}')"))
    };
    let prepare = format!("SET LOCAL plan_cache_mode = force_custom_plan; PREPARE list {types} AS {sql}");
    conn.batch_execute(&prepare).await.unwrap();
    let plan: Vec<Line> = diesel::sql_query(format!("EXPLAIN EXECUTE list {values}"))
        .load(&mut *conn)
        .await
        .unwrap();
    conn.batch_execute("DEALLOCATE list").await.unwrap();
    plan.into_iter().map(|row| row.line).collect::<Vec<_>>().join("\n")
}
