//! A million staged places, 100,000 of them one tenant's: how long lists, filters and counts take, and what the upsert
//! of 10,000 places takes against COPY of the same rows into the same table.
//!
//! `cargo bench --bench places` prints a line for each; the times are those of whole calls, over the Unix socket.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on ends"
)]

use std::time::{Duration, Instant};

use database::ids::TenantId;
use database::migrate;
use database::models::enums::CurationStatus;
use database::models::staged_place::NewStagedPlace;
use database::models::values::RawJson;
use database::pool::Pool;
use database::repo::paging::{Offset, Paging};
use database::repo::places::{self, Near, PlaceFilter, PlaceOrder, PlacePosition};
use database::repo::tenants;
use database::settings::PoolConfig;
use database::tenant::TenantConnection;
use database::url::DatabaseUrl;
use futures_util::SinkExt;
use postgres::{DATABASE, Durability, EmbeddedOptions, EmbeddedPostgres};
use serde_json::json;
use uuid::Uuid;

/// How often each query is sent.
const TIMES: usize = 100;
/// How many rows are written at a time.
const WRITTEN: usize = 10_000;
/// The search whose places are listed.
const SEARCH: Uuid = Uuid::from_u128(1);

/// 91 tenants: the first has 100,000 places, the others 10,000 each.
const ROWS: &str = "
    INSERT INTO tenants (id, name) SELECT md5('tenant' || t)::uuid, 'tenant ' || t FROM generate_series(0, 90) t;
    INSERT INTO places_staging (tenant_id, place_id, name, formatted_address, business_type, latitude, longitude, rating,
                                user_ratings_total, created_by, search_job_id, search_query, search_location, search_time,
                                status, priority, tags, raw_data)
        SELECT md5('tenant' || t)::uuid, 'ChIJ' || md5(i::text), 'Business ' || i, i || ' Main St, ' || city || ' 77002, USA',
               (ARRAY['dentist', 'bakery', 'plumber', 'lawyer', 'florist'])[1 + i % 5],
               29.0 + (i::bigint * 7919 % 100000) / 50000.0, -96.0 + (i::bigint * 104729 % 100000) / 50000.0, 1 + (i % 41) / 10.0, i % 500,
               md5('user')::uuid, CASE WHEN i % 500 = 0 THEN '00000000-0000-0000-0000-000000000001'::uuid ELSE md5('job' || i / 100)::uuid END,
               'dentist', city, now() - i * interval '1 minute',
               (enum_range(NULL::place_status_enum))[1 + (i % 20) / 16], i % 10,
               CASE WHEN i % 50 = 0 THEN '{warm}'::text[] END,
               jsonb_build_object('id', md5(i::text), 'types', '[\"dentist\", \"health\"]'::jsonb, 'address', repeat('Main St ', 40))
        FROM generate_series(0, 90) t, LATERAL generate_series(1, CASE t WHEN 0 THEN 100000 ELSE 10000 END) i,
             LATERAL (SELECT (ARRAY['Houston, TX', 'Dallas, TX', 'Austin, TX', 'El Paso, TX'])[1 + i % 4] AS city) c;
    INSERT INTO place_finds (tenant_id, search_job_id, place_id)
        SELECT tenant_id, search_job_id, place_id FROM places_staging;";

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = std::env::temp_dir().join(format!("scrapersky-places-{}", std::process::id()));
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
    let begun = Instant::now();
    // Vacuum takes for visible to all what is committed on the disk; later it finds so whoever wrote it.
    client.batch_execute("SET synchronous_commit = on").await.unwrap();
    client.batch_execute(ROWS).await.unwrap();
    client.batch_execute("SET synchronous_commit = off").await.unwrap();
    for table in ["places_staging", "place_finds"] {
        client.batch_execute(&format!("VACUUM ANALYZE {table}")).await.unwrap();
    }
    println!("a million places in {:.0?}", begun.elapsed());
    let pool = Pool::new(url, &PoolConfig::default()).unwrap();
    let mut conn = pool.system().await.unwrap();
    let all = tenants::list(&mut conn).await.unwrap();
    drop(conn);
    let tenant = all.iter().find(|tenant| tenant.name == "tenant 0").unwrap().id;
    reads(&pool, tenant).await;
    writes(&pool, &client, &all.iter().map(|tenant| tenant.id).collect::<Vec<_>>()).await;
}

#[expect(clippy::too_many_lines, reason = "a table of filters")]
fn filters() -> [(&'static str, PlaceFilter<'static>); 15] {
    let none = PlaceFilter::default;
    let circle = |within_km| Near {
        latitude: 30.0,
        longitude: -95.0,
        within_km,
    };
    [
        ("all", none()),
        (
            "status selected",
            PlaceFilter {
                status: Some(CurationStatus::Selected),
                ..none()
            },
        ),
        (
            "status new",
            PlaceFilter {
                status: Some(CurationStatus::New),
                ..none()
            },
        ),
        (
            "business type",
            PlaceFilter {
                business_type: Some("bakery"),
                ..none()
            },
        ),
        (
            "rating >= 4.5",
            PlaceFilter {
                min_rating: Some(4.5),
                ..none()
            },
        ),
        (
            "tag",
            PlaceFilter {
                tag: Some("warm"),
                ..none()
            },
        ),
        (
            "search",
            PlaceFilter {
                search_job_id: Some(SEARCH.into()),
                ..none()
            },
        ),
        (
            "within 5 km",
            PlaceFilter {
                near: Some(circle(5.0)),
                ..none()
            },
        ),
        (
            "within 50 km",
            PlaceFilter {
                near: Some(circle(50.0)),
                ..none()
            },
        ),
        (
            "location text",
            PlaceFilter {
                location: Some("houston"),
                ..none()
            },
        ),
        (
            "name text",
            PlaceFilter {
                name: Some("ness 777"),
                ..none()
            },
        ),
        (
            "status, name text",
            PlaceFilter {
                status: Some(CurationStatus::New),
                name: Some("ness 777"),
                ..none()
            },
        ),
        (
            "status, location text",
            PlaceFilter {
                status: Some(CurationStatus::New),
                location: Some("houston"),
                ..none()
            },
        ),
        (
            "type, name text",
            PlaceFilter {
                business_type: Some("bakery"),
                name: Some("ness 777"),
                ..none()
            },
        ),
        (
            "status, type, rating",
            PlaceFilter {
                status: Some(CurationStatus::New),
                business_type: Some("bakery"),
                min_rating: Some(4.0),
                ..none()
            },
        ),
    ]
}

async fn reads(pool: &Pool, tenant: TenantId) {
    let none = PlaceFilter::default;
    println!("median and p95 of             the first 100        the count   both, as GET /places/staging");
    for (name, filter) in &filters() {
        line(pool, tenant, name, filter, PlaceOrder::Newest).await;
    }
    for order in [PlaceOrder::Rating, PlaceOrder::Priority, PlaceOrder::Name] {
        line(pool, tenant, &format!("all by {order:?}"), &none(), order).await;
    }
    // A page from the middle of the list.
    let after = async |order| {
        let mut conn = pool.tenant(tenant).await.unwrap();
        let paging = Offset {
            limit: 1,
            offset: 50_000,
        };
        let (rows, _) = places::list(&mut conn, &none(), order, paging).await.unwrap();
        PlacePosition::of(&rows[0], order)
    };
    for order in [
        PlaceOrder::Newest,
        PlaceOrder::Rating,
        PlaceOrder::Priority,
        PlaceOrder::Name,
    ] {
        let paging = Paging {
            limit: 100,
            after: Some(after(order).await),
        };
        let part = times(pool, tenant, async |conn| {
            places::list_after(conn, &none(), order, &paging).await.unwrap();
        })
        .await;
        println!("{:27} {part}", format!("from the middle by {order:?}"));
    }
}

async fn line(pool: &Pool, tenant: TenantId, name: &str, filter: &PlaceFilter<'_>, order: PlaceOrder) {
    let mut matched = 0;
    let list = times(pool, tenant, async |conn| {
        places::list_after(conn, filter, order, &Paging::first(100))
            .await
            .unwrap();
    })
    .await;
    let count = times(pool, tenant, async |conn| {
        matched = places::count(conn, filter).await.unwrap();
    })
    .await;
    let both = times(pool, tenant, async |conn| {
        let (_, total) = places::list(conn, filter, order, Offset::first(100)).await.unwrap();
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
    let [median, p95] = [50, 95].map(|percent| times[TIMES * percent / 100].as_secs_f64() * 1e3);
    format!("{median:>7.1} {p95:>7.1} ms")
}

async fn writes(pool: &Pool, client: &tokio_postgres::Client, tenants: &[TenantId]) {
    let raw = RawJson::from(json!({ "types": ["dentist", "health"], "address": "Main St ".repeat(40) }));
    let (mut copies, mut upserts, mut updates) = (Vec::new(), Vec::new(), Vec::new());
    for (round, pair) in tenants[1..].chunks(2).take(7).enumerate() {
        let ids: Vec<String> = (0..WRITTEN)
            .map(|n| format!("ChIJ{:032x}", (n * 7919 + round) % 1_000_003))
            .collect();
        let addresses: Vec<String> = (0..WRITTEN)
            .map(|n| format!("{n} Main St, Houston, TX 77002, USA"))
            .collect();
        let begun = Instant::now();
        copy(client, pair[0], &ids, &addresses, &raw).await;
        copies.push(begun.elapsed());
        let new: Vec<_> = ids
            .iter()
            .zip(&addresses)
            .map(|(id, address)| row(id, address, &raw))
            .collect();
        for times in [&mut upserts, &mut updates] {
            let begun = Instant::now();
            let mut conn = pool.tenant(pair[1]).await.unwrap();
            places::upsert_many(&mut conn, &new).await.unwrap();
            conn.commit().await.unwrap();
            times.push(begun.elapsed());
        }
    }
    let [copy, insert, update] = [copies, upserts, updates].map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    let ratio = |time: Duration| time.as_secs_f64() / copy.as_secs_f64();
    println!(
        "10,000 places, medians: COPY {copy:.0?}; upsert of new ones {insert:.0?} ({:.1} times COPY);",
        ratio(insert)
    );
    println!(
        "upsert of the same ones again {update:.0?} ({:.1} times COPY)",
        ratio(update)
    );
}

fn row<'a>(id: &'a str, address: &'a str, raw: &'a RawJson) -> NewStagedPlace<'a> {
    NewStagedPlace {
        place_id: id,
        name: "A business",
        formatted_address: Some(address),
        business_type: Some("dentist"),
        latitude: Some(29.7),
        longitude: Some(-95.3),
        vicinity: None,
        rating: Some(4.5),
        user_ratings_total: Some(12),
        price_level: None,
        created_by: SEARCH.into(),
        search_job_id: Some(SEARCH.into()),
        search_query: Some("dentist"),
        search_location: Some("Houston, TX"),
        search_time: None,
        raw_data: Some(raw),
        user_id: None,
        user_name: None,
    }
}

async fn copy(client: &tokio_postgres::Client, tenant: TenantId, ids: &[String], addresses: &[String], raw: &RawJson) {
    let sql =
        "COPY places_staging (tenant_id, place_id, name, formatted_address, business_type, latitude, longitude, rating,
               user_ratings_total, created_by, search_job_id, search_query, search_location, raw_data) FROM STDIN";
    let sink = client.copy_in(sql).await.unwrap();
    futures_util::pin_mut!(sink);
    let mut text = String::new();
    for (id, address) in ids.iter().zip(addresses) {
        let raw = raw.as_str();
        text.push_str(&format!(
            "{tenant}\t{id}\tA business\t{address}\tdentist\t29.7\t-95.3\t4.5\t12\t{SEARCH}\t{SEARCH}\tdentist\tHouston, TX\t{raw}\n"
        ));
    }
    sink.send(bytes::Bytes::from(text)).await.unwrap();
    sink.finish().await.unwrap();
}
