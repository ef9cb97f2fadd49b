//! How PostgreSQL executes the lists, with the repositories' filters and row level security together.

use std::sync::{Arc, Mutex};

use chrono::Utc;
use database::ids::DomainId;
use database::models::enums::CurationStatus;
use database::repo::domains::{DomainFilter, DomainOrder, DomainPosition};
use database::repo::jobs::JobFilter;
use database::repo::pages::PageFilter;
use database::repo::paging::{Newest, Offset, Paging};
use database::repo::places::{Near, PlaceFilter, PlaceKey, PlaceOrder, PlacePosition};
use database::repo::sitemap_files::SitemapFileFilter;
use database::repo::{domains, jobs, pages, places, sitemap_files, suppressions};
use database::tenant::TenantConnection;
use diesel::connection::InstrumentationEvent;
use diesel::prelude::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::places::ORDERS;
use super::probes::behind;
use crate::support::tenants::Agencies;

/// 20 tenants with 250 rows each in the tables with long lists.
const ROWS: &str = "
    INSERT INTO tenants (name) SELECT 'tenant ' || n FROM generate_series(1, 18) n;
    INSERT INTO domains (tenant_id, domain, created_at)
        SELECT id, n || '.test', now() - make_interval(secs => n) FROM tenants, generate_series(1, 250) n;
    INSERT INTO jobs (tenant_id, kind, created_at)
        SELECT id, 'scan', now() - make_interval(secs => n) FROM tenants, generate_series(1, 250) n;
    INSERT INTO places_staging (tenant_id, place_id, name, created_by, search_time)
        SELECT id, n, n, id, now() - make_interval(secs => n) FROM tenants, generate_series(1, 250) n;
    INSERT INTO stored_rows (tenant_id, table_name, rows) SELECT id, 'places_staging', 0 FROM tenants, generate_series(1, 500);
    ANALYZE;";

#[tokio::test]
async fn lists_use_the_tenants_index_and_check_isolation_once() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let client = agencies.database.client().await;
    client.batch_execute(ROWS).await.unwrap();
    let limit = 20;

    let mut conn = acme.open().await;
    let sent = record(&mut conn);
    let filter = DomainFilter::default();
    let (rows, total) = domains::list(&mut conn, &filter, DomainOrder::Newest, &Paging::first(limit))
        .await
        .unwrap();
    assert_eq!((rows.len(), total), (20, 250));
    jobs::list(&mut conn, &JobFilter::default(), &Paging::first(limit))
        .await
        .unwrap();
    places::list(
        &mut conn,
        &PlaceFilter::default(),
        PlaceOrder::Newest,
        Offset::first(limit),
    )
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
        let plan = explain(&mut conn, sql, &format!("{}", acme.id), limit).await;
        assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
        assert!(
            ["Index Cond: (tenant_id = ", "Index Cond: ((tenant_id = "]
                .iter()
                .any(|found| plan.contains(found)),
            "{sql}\n{plan}"
        );
        // The policy is checked once per query, since both walls compare the same tenant.
        assert!(plan.contains("One-Time Filter: ("), "{sql}\n{plan}");
        if let Some(index) = index {
            assert!(plan.contains(&format!("using {index} ")), "{sql}\n{plan}");
            assert!(!plan.contains("Sort"), "{sql}\n{plan}");
        }
    }
}

/// A domain of each tenant with a few pages and sitemap files, and one of acme with many.
const ROWS_OF_DOMAINS: &str = "
    INSERT INTO domains (tenant_id, domain) SELECT id, name || '1.test' FROM tenants;
    CREATE TEMPORARY TABLE listed AS
        SELECT tenant_id, id, n, now() - make_interval(secs => n) AS at
        FROM domains, LATERAL generate_series(1, CASE domain WHEN 'acme1.test' THEN 2000 ELSE 10 END) n WHERE domain ~ '^[a-z]';
    INSERT INTO pages (tenant_id, domain_id, url, created_at) SELECT tenant_id, id, n, at FROM listed;
    INSERT INTO sitemap_files (tenant_id, domain_id, url, sitemap_type, created_at) SELECT tenant_id, id, n, 'standard', at FROM listed;
    INSERT INTO suppressions (tenant_id, kind, hash, created_at)
        SELECT id, 'address', sha256(n::text::bytea), now() - make_interval(secs => n) FROM tenants, generate_series(1, 250) n;
    ANALYZE;";

#[tokio::test]
async fn a_page_behind_a_cursor_starts_there_in_the_index() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let client = agencies.database.client().await;
    client.batch_execute(ROWS).await.unwrap();
    client.batch_execute(ROWS_OF_DOMAINS).await.unwrap();
    let domain = acme.domain("acme1.test").await.id;
    let (tenant, id) = (acme.id, Uuid::nil());
    let mut conn = acme.open().await;
    let sent = record(&mut conn);
    let sql = lists_behind(&mut conn, &sent, domain).await;
    let newest = format!("'{tenant}', now(), '{id}', 20");
    let of_domain = format!("'{tenant}', '{domain}', now(), '{id}', 20");
    for (sql, (binds, index, start)) in sql.iter().zip([
        (&newest, "domains_tenant_id_created_at_idx", "(ROW(created_at, id) < "),
        (&newest, "domains_tenant_id_last_scan_idx", "(ROW(last_scan, id) < "),
        (
            &format!("'{tenant}', '1.test', 20"),
            "domains_tenant_id_domain_key",
            "domain)::text > ",
        ),
        (&newest, "jobs_tenant_id_created_at_idx", "(ROW(created_at, job_id) < "),
        (
            &newest,
            "suppressions_tenant_id_created_at_idx",
            "(ROW(created_at, id) < ",
        ),
        (
            &of_domain,
            "pages_tenant_id_domain_id_created_at_idx",
            "(ROW(created_at, id) < ",
        ),
        (
            &of_domain,
            "sitemap_files_tenant_id_domain_id_created_at_idx",
            "(ROW(created_at, id) < ",
        ),
    ]) {
        let plan = explain_with(&mut conn, sql, binds).await;
        assert!(plan.contains(&format!("using {index} ")), "{sql}\n{plan}");
        assert!(!plan.contains("Sort"), "{sql}\n{plan}");
        let condition = plan.lines().find(|line| line.contains("Index Cond: ")).unwrap();
        assert!(condition.contains(start), "{sql}\n{plan}");
    }
}

/// Returns the queries of lists behind a cursor.
async fn lists_behind(conn: &mut TenantConnection, sent: &Mutex<Vec<String>>, domain: DomainId) -> Vec<String> {
    let (id, at) = (Uuid::nil(), Utc::now());
    let mut sql = Vec::new();
    for (order, after) in [
        (DomainOrder::Newest, DomainPosition::Newest(at, id.into())),
        (DomainOrder::LastScan, DomainPosition::LastScan(at, id.into())),
        (DomainOrder::Name, DomainPosition::Name("1.test".to_owned())),
    ] {
        let all = DomainFilter::default();
        domains::list(conn, &all, order, &behind(after)).await.unwrap();
        sql.push(first_sent(sent));
    }
    let after = behind(Newest::new(at, id.into()));
    jobs::list(conn, &JobFilter::default(), &after).await.unwrap();
    sql.push(first_sent(sent));
    let after = behind(Newest::new(at, id.into()));
    suppressions::list(conn, &after).await.unwrap();
    sql.push(first_sent(sent));
    let filter = PageFilter {
        domain_id: Some(domain),
        ..PageFilter::default()
    };
    let after = behind(Newest::new(Some(at), id.into()));
    pages::list(conn, &filter, &after).await.unwrap();
    sql.push(first_sent(sent));
    let filter = SitemapFileFilter {
        domain_id: Some(domain),
        ..SitemapFileFilter::default()
    };
    let after = behind(Newest::new(Some(at), id.into()));
    sitemap_files::list(conn, &filter, &after).await.unwrap();
    sql.push(first_sent(sent));
    sql
}

/// The places of 20 tenants, 500 each, interleaved as they would arrive.
pub(super) const PLACES: &str = "
    INSERT INTO tenants (name) SELECT 'tenant ' || n FROM generate_series(1, 18) n;
    INSERT INTO places_staging (tenant_id, place_id, name, formatted_address, search_location, business_type, latitude, longitude, rating,
                                created_by, search_time, status, priority, tags, notes)
        SELECT id, n, 'Business ' || n, n || ' Main St, ' || city || ', TX 77002, USA', city || ', TX', (ARRAY['bakery', 'dentist'])[1 + n % 2],
               29 + (n * 7919 % 1000) / 500.0, -96 + (n * 104729 % 1000) / 500.0, 1 + n % 41 / 10.0, id, now() - make_interval(secs => n),
               (enum_range(NULL::place_status_enum))[1 + n % 2], n % 10, CASE WHEN n % 50 = 0 THEN '{warm}'::text[] END, repeat('x', 800)
        FROM generate_series(1, 500) n CROSS JOIN tenants CROSS JOIN LATERAL (SELECT (ARRAY['Houston', 'Dallas'])[1 + n % 2] AS city) c
        ORDER BY n;";

#[tokio::test]
async fn place_lists_use_index_only_scans_and_no_sorting() {
    let agencies = Agencies::with_connections(1).await;
    let acme = agencies.tenant("acme").await;
    let client = agencies.database.client().await;
    client.batch_execute(PLACES).await.unwrap();
    vacuum(&client, "places_staging").await;
    let tenant = format!("'{}'", acme.id);
    let mut conn = acme.open().await;
    let sent = record(&mut conn);
    let circle = Near {
        latitude: 30.0,
        longitude: -95.0,
        within_km: 5.0,
    };
    let near = PlaceFilter {
        near: Some(circle),
        ..PlaceFilter::default()
    };
    for (filter, binds, index) in searches(near.clone()) {
        places::count(&mut conn, &filter).await.unwrap();
        let sql = first_sent(&sent);
        let plan = explain_with(&mut conn, &sql, &format!("{tenant}, {binds}")).await;
        assert!(
            plan.contains(&format!("Index Only Scan using {index}")),
            "{sql}\n{plan}"
        );
        if filter.name.is_some() || filter.location.is_some() {
            assert_found_alike(&mut conn, &sent, &filter, &format!("{tenant}, {binds}")).await;
        }
    }
    places::list_after(&mut conn, &near, PlaceOrder::Newest, &Paging::first(100))
        .await
        .unwrap();
    let sql = first_sent(&sent);
    let plan = explain_with(&mut conn, &sql, &format!("{tenant}, {IN_CIRCLE}, 100")).await;
    assert!(
        plan.contains("places_staging_tenant_id_latitude_longitude_idx"),
        "{sql}\n{plan}"
    );
    assert_orders(&mut conn, &sent, &tenant).await;
}

/// The binds of a circle.
const IN_CIRCLE: &str = "29.955, 30.045, -95.052, -94.948, 30, 30, -95, 0.000000154";

/// Filters, their binds, and the index each should use; text filters match few places.
#[rustfmt::skip]
fn searches(near: PlaceFilter<'static>) -> [(PlaceFilter<'static>, &'static str, &'static str); 8] {
    let none = PlaceFilter::default;
    [
        (PlaceFilter { status: Some(CurationStatus::Selected), ..none() }, "'Selected'", "places_staging_tenant_id_latitude_longitude_idx"),
        (PlaceFilter { business_type: Some("bakery"), ..none() }, "'bakery'", "places_staging_tenant_id_business_type_idx"),
        (PlaceFilter { name: Some("ness 77"), ..none() }, "'%ness 77%'", "places_staging_tenant_id_search_name_idx"),
        // Whichever text index is the smallest.
        (PlaceFilter { status: Some(CurationStatus::Selected), location: Some("77 Main"), ..none() }, "'Selected', '%77 Main%'", "places_staging_tenant_id_"),
        (PlaceFilter { status: Some(CurationStatus::Selected), location: Some("77 Main"), min_rating: Some(2.0), ..none() }, "'Selected', '%77 Main%', 2", "places_staging_tenant_id_rating_idx"),
        (PlaceFilter { business_type: Some("bakery"), name: Some("ness 77"), ..none() }, "'bakery', '%ness 77%'", "places_staging_tenant_id_business_type_idx"),
        (PlaceFilter { min_rating: Some(4.8), ..none() }, "4.8", "places_staging_tenant_id_rating_idx"),
        (near, IN_CIRCLE, "places_staging_tenant_id_latitude_longitude_idx"),
    ]
}

/// Fails unless a short list is found in the same way as its count.
async fn assert_found_alike(
    conn: &mut TenantConnection,
    sent: &Mutex<Vec<String>>,
    filter: &PlaceFilter<'_>,
    binds: &str,
) {
    for order in ORDERS {
        places::list_after(conn, filter, order, &Paging::first(100))
            .await
            .unwrap();
        let sql = first_sent(sent);
        let plan = explain_with(conn, &sql, &format!("{binds}, 100")).await;
        assert!(plan.contains("Index Only Scan"), "{sql}\n{plan}");
    }
    // A page and the total count in one pass.
    let page = Offset::first(100);
    places::list(conn, filter, PlaceOrder::Newest, page).await.unwrap();
    let sql = first_sent(sent);
    let plan = explain_with(conn, &sql, &format!("{binds}, 1, 100")).await;
    assert_eq!(plan.matches("Index Only Scan").count(), 1, "{sql}\n{plan}");
}

/// Fails unless each order reads its index, for the first page and after a cursor.
async fn assert_orders(conn: &mut TenantConnection, sent: &Mutex<Vec<String>>, tenant: &str) {
    for (order, key, bind, index) in [
        (
            PlaceOrder::Newest,
            PlaceKey::Newest(Some(Utc::now())),
            "now()",
            "places_staging_tenant_id_search_time_idx",
        ),
        (
            PlaceOrder::Rating,
            PlaceKey::Rating(Some(3.0)),
            "3",
            "places_staging_tenant_id_rating_idx",
        ),
        (
            PlaceOrder::Priority,
            PlaceKey::Priority(Some(3)),
            "3",
            "places_staging_tenant_id_priority_idx",
        ),
        (
            PlaceOrder::Name,
            PlaceKey::Name("business 3".into()),
            "'business 3'",
            "places_staging_tenant_id_search_name_idx",
        ),
    ] {
        let cursor = PlacePosition { key, id: 7.into() };
        for (after, binds, begins) in [
            (None, "20".to_owned(), "Index Cond: (tenant_id = "),
            (Some(cursor), format!("{bind}, 7, 20"), "Index Cond: ((tenant_id = "),
        ] {
            let paging = Paging { limit: 20, after };
            places::list_after(conn, &PlaceFilter::default(), order, &paging)
                .await
                .unwrap();
            let sql = first_sent(sent);
            let plan = explain_with(conn, &sql, &format!("{tenant}, {binds}")).await;
            assert!(plan.contains(&format!("using {index} ")), "{sql}\n{plan}");
            assert!(!plan.contains("Sort"), "{sql}\n{plan}");
            assert!(plan.contains(begins), "{sql}\n{plan}");
            assert_eq!(plan.contains("(ROW("), paging.after.is_some(), "{sql}\n{plan}");
        }
    }
}

/// Returns the first query sent since the last call.
pub fn first_sent(sent: &Mutex<Vec<String>>) -> String {
    let all = std::mem::take(&mut *sent.lock().unwrap());
    all.into_iter()
        .find(|sql| sql.starts_with("SELECT") || sql.starts_with("WITH"))
        .unwrap()
}

/// Vacuums until every page is all-visible, which takes until older commits are written out.
pub(super) async fn vacuum(client: &tokio_postgres::Client, table: &str) {
    for _ in 0..1000 {
        client.batch_execute(&format!("VACUUM ANALYZE {table}")).await.unwrap();
        let visible = format!("SELECT relallvisible = relpages FROM pg_class WHERE oid = '{table}'::regclass");
        if client.query_one(&visible, &[]).await.unwrap().get(0) {
            return;
        }
    }
    panic!("another session still sees old rows");
}

/// Records the text of every query of the connection.
pub fn record(conn: &mut TenantConnection) -> Arc<Mutex<Vec<String>>> {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&sent);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            notes.lock().unwrap().push(query.to_string());
        }
    });
    sent
}

/// Returns the plan of a query whose binds are the tenant, and for lists the page.
async fn explain(conn: &mut TenantConnection, query: &str, tenant: &str, limit: i64) -> String {
    let values = match ["$3", "$2"].iter().position(|bind| query.contains(bind)) {
        Some(0) => format!("'{tenant}', {limit}, 0"),
        Some(_) => format!("'{tenant}', {limit}"),
        None => format!("'{tenant}'"),
    };
    explain_with(conn, query, &values).await
}

/// Returns the plan of a query with these binds.
pub async fn explain_with(conn: &mut TenantConnection, query: &str, binds: &str) -> String {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        line: String,
    }
    let (sql, _) = query.split_once(" -- binds:").unwrap_or((query, ""));
    let prepare = format!("SET LOCAL plan_cache_mode = force_custom_plan; PREPARE list AS {sql}");
    conn.batch_execute(&prepare).await.unwrap();
    let plan: Vec<Line> = diesel::sql_query(format!("EXPLAIN EXECUTE list ({binds})"))
        .load(&mut *conn)
        .await
        .unwrap();
    conn.batch_execute("DEALLOCATE list").await.unwrap();
    plan.into_iter().map(|row| row.line).collect::<Vec<_>>().join("\n")
}
