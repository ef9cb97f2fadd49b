//! A hundred thousand leads of one tenant in a database of a million places, every fifth with a site and a contact: how
//! long lists, filters and counts of leads take, and what triggers add to storing places.
//!
//! `cargo bench --bench leads` prints a line for each; the times are those of whole calls, over the Unix socket.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use std::time::Instant;

use chrono::{TimeDelta, Utc};
use database::ids::TenantId;
use database::migrate;
use database::models::enums::CurationStatus;
use database::pool::Pool;
use database::repo::leads::{self, LeadFilter, LeadOrder};
use database::repo::paging::Paging;
use database::repo::places::Near;
use database::repo::tenants;
use database::settings::PoolConfig;
use database::tenant::TenantConnection;
use database::url::DatabaseUrl;
use postgres::{DATABASE, Durability, EmbeddedOptions, EmbeddedPostgres};

/// How often each query is sent.
const TIMES: usize = 100;

/// 91 tenants: the first has 100,000 places, the others 10,000 each.
const PLACES: &str = "
    INSERT INTO tenants (id, name) SELECT md5('tenant' || t)::uuid, 'tenant ' || t FROM generate_series(0, 90) t
        ON CONFLICT DO NOTHING;
    INSERT INTO places_staging (tenant_id, place_id, name, formatted_address, business_type, latitude, longitude, rating,
                                user_ratings_total, created_by, search_time, status, priority, tags)
        SELECT md5('tenant' || t)::uuid, 'ChIJ' || md5(i::text), 'Business ' || i, i || ' Main St, ' || city || ' 77002, USA',
               (ARRAY['dentist', 'bakery', 'plumber', 'lawyer', 'florist'])[1 + i % 5],
               29.0 + (i::bigint * 7919 % 100000) / 50000.0, -96.0 + (i::bigint * 104729 % 100000) / 50000.0, 1 + (i % 41) / 10.0,
               i % 500, md5('user')::uuid, now() - i * interval '1 minute',
               (enum_range(NULL::place_status_enum))[1 + (i % 20) / 16], i % 10,
               CASE WHEN i % 50 = 0 THEN '{warm}'::text[] END
        FROM generate_series($FIRST, $LAST) t, LATERAL generate_series(1, CASE t WHEN 0 THEN 100000 ELSE 10000 END) i,
             LATERAL (SELECT (ARRAY['Houston, TX', 'Dallas, TX', 'Austin, TX', 'El Paso, TX'])[1 + i % 4] AS city) c;";

/// Sites of every fifth place of the first tenant.
const SITES: &str = "
    INSERT INTO domains (tenant_id, id, domain, last_scan)
        SELECT $T, md5('d' || i)::uuid, 'business' || i || '.test', now() - i * interval '1 minute' FROM $N;
    INSERT INTO place_details (tenant_id, place_id, website, phone, domain_id)
        SELECT $T, 'ChIJ' || md5(i::text), 'https://business' || i || '.test/', '+1 713 555 0100', md5('d' || i)::uuid FROM $N;
    INSERT INTO domain_profiles (tenant_id, domain_id, title) SELECT $T, md5('d' || i)::uuid, 'Business ' || i FROM $N;
    INSERT INTO domain_hosting (tenant_id, domain_id, has_ssl, ssl_expiry_date)
        SELECT $T, md5('d' || i)::uuid, i % 7 > 0, now() + i % 90 * interval '1 day' FROM $N;
    INSERT INTO domain_technologies (tenant_id, domain_id, tech_stack)
        SELECT $T, md5('d' || i)::uuid, CASE WHEN i % 2 = 0 THEN '{\"cms\": [\"WordPress\"]}' ELSE '{\"cms\": [\"Wix\"]}' END::jsonb FROM $N;
    INSERT INTO pages (tenant_id, id, domain_id, url) SELECT $T, md5('p' || i)::uuid, md5('d' || i)::uuid, 'https://business' || i || '.test/' FROM $N;
    INSERT INTO contacts (tenant_id, domain_id, page_id, email, confidence)
        SELECT $T, md5('d' || i)::uuid, md5('p' || i)::uuid, 'info@business' || i || '.test', 80 FROM $N WHERE i % 10 < 8;";

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = std::env::temp_dir().join(format!("scrapersky-leads-{}", std::process::id()));
    let options = EmbeddedOptions {
        data_dir: folder.clone(),
        pg_bin: None,
        durability: Durability::Throwaway,
    };
    let postgres = EmbeddedPostgres::start(&options).unwrap();
    let url: DatabaseUrl = postgres.url(DATABASE).parse().unwrap();
    runtime.block_on(measure(&url, &postgres.url(DATABASE)));
    postgres.stop().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

async fn measure(url: &DatabaseUrl, plain: &str) {
    migrate::up(url).await.unwrap();
    let (client, connection) = tokio_postgres::connect(plain, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // Vacuum takes for visible to all what is committed on the disk.
    client.batch_execute("SET synchronous_commit = on").await.unwrap();
    let run = async |what: &str, sql: String| {
        let begun = Instant::now();
        client.batch_execute(&sql).await.unwrap();
        println!("{what} in {:.1?}", begun.elapsed());
    };
    let places = |first: &str, last: &str| PLACES.replace("$FIRST", first).replace("$LAST", last);
    run("100,000 places", places("0", "0")).await;
    client
        .batch_execute("ALTER TABLE places_staging DISABLE TRIGGER follow_inserted")
        .await
        .unwrap();
    run("100,000 places without their leads", places("1", "10")).await;
    client
        .batch_execute(
            "DELETE FROM places_staging WHERE tenant_id <> md5('tenant0')::uuid;
             ALTER TABLE places_staging ENABLE TRIGGER follow_inserted",
        )
        .await
        .unwrap();
    run("900,000 places", places("1", "90")).await;
    run("ANALYZE", "ANALYZE".to_owned()).await;
    let sites = SITES
        .replace("$T", "md5('tenant0')::uuid")
        .replace("$N", "generate_series(5, 100000, 5) i");
    run("20,000 sites with contacts", sites).await;
    run("VACUUM ANALYZE", "VACUUM ANALYZE".to_owned()).await;
    let pool = Pool::new(url, &PoolConfig::default()).unwrap();
    let mut conn = pool.system().await.unwrap();
    let all = tenants::list(&mut conn).await.unwrap();
    drop(conn);
    let tenant = all.iter().find(|tenant| tenant.name == "tenant 0").unwrap().id;
    println!("median and p95 of             the first 100            the count        both, as GET /leads");
    for (name, filter) in &filters() {
        line(&pool, tenant, name, filter, LeadOrder::Newest).await;
    }
    for order in [
        LeadOrder::Changed,
        LeadOrder::Name,
        LeadOrder::Priority,
        LeadOrder::Rating,
        LeadOrder::LastScan,
    ] {
        line(
            &pool,
            tenant,
            &format!("all by {order:?}"),
            &LeadFilter::default(),
            order,
        )
        .await;
    }
}

#[rustfmt::skip]
fn filters() -> [(&'static str, LeadFilter<'static>); 16] {
    let none = LeadFilter::default;
    let near = Near { latitude: 30.0, longitude: -95.0, within_km: 5.0 };
    let soon = Utc::now() + TimeDelta::days(14);
    [
        ("all", none()),
        ("status selected", LeadFilter { status: Some(CurationStatus::Selected), ..none() }),
        ("status new", LeadFilter { status: Some(CurationStatus::New), ..none() }),
        ("business type", LeadFilter { business_type: Some("bakery"), ..none() }),
        ("rating >= 4.5", LeadFilter { min_rating: Some(4.5), ..none() }),
        ("priority >= 5", LeadFilter { min_priority: Some(5), ..none() }),
        ("tag", LeadFilter { tag: Some("warm"), ..none() }),
        ("within 5 km", LeadFilter { near: Some(near), ..none() }),
        ("location text", LeadFilter { location: Some("houston"), ..none() }),
        ("name text", LeadFilter { text: Some("ness 777"), ..none() }),
        ("technology", LeadFilter { technology: Some("WordPress"), ..none() }),
        ("has email", LeadFilter { has_email: Some(true), ..none() }),
        ("has email, phone", LeadFilter { has_email: Some(true), has_phone: Some(true), ..none() }),
        ("certificate in 14 days", LeadFilter { certificate_expires_before: Some(soon), ..none() }),
        ("no TLS", LeadFilter { has_ssl: Some(false), ..none() }),
        ("WordPress, email, bakery", LeadFilter {
            technology: Some("WordPress"), has_email: Some(true), business_type: Some("bakery"), ..none()
        }),
    ]
}

async fn line(pool: &Pool, tenant: TenantId, name: &str, filter: &LeadFilter<'_>, order: LeadOrder) {
    let mut matched = 0;
    let list = times(pool, tenant, async |conn| {
        let rows = leads::list_after(conn, filter, order, &Paging::first(100))
            .await
            .unwrap();
        leads::show(conn, &rows).await.unwrap();
    })
    .await;
    let count = times(pool, tenant, async |conn| {
        matched = leads::count(conn, filter).await.unwrap();
    })
    .await;
    let both = times(pool, tenant, async |conn| {
        let (rows, total) = leads::list(conn, filter, order, 100).await.unwrap();
        leads::show(conn, &rows).await.unwrap();
        assert_eq!(total, matched);
    })
    .await;
    println!("{name:27} {list} {count} {both}   of {matched}");
}

/// Returns the median and the 95th percentile, in milliseconds: on a machine that is not quiet they are far apart.
async fn times(pool: &Pool, tenant: TenantId, mut query: impl AsyncFnMut(&mut TenantConnection)) -> String {
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let begun = Instant::now();
        let mut conn = pool.tenant(tenant).await.unwrap();
        query(&mut conn).await;
        drop(conn);
        times.push(begun.elapsed());
    }
    times.sort();
    let [median, p95] = [50, 95].map(|percent| times.get(TIMES * percent / 100).unwrap().as_secs_f64() * 1e3);
    format!("{median:>7.1} {p95:>7.1} ms")
}
