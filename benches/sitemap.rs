//! Reading a sitemap of the standard's full size against a bare quick-xml loop over the same bytes, and storing what it
//! lists against COPY of the same rows into the same table.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on ends"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use bigdecimal::BigDecimal;
use chrono::{DateTime, Utc};
use criterion::{Criterion, Throughput};
use database::ids::{DomainId, JobId, SitemapFileId, TenantId};
use database::migrate;
use database::models::domain::NewDomain;
use database::models::sitemap_url::NewSitemapUrl;
use database::pool::Pool;
use database::repo::sitemap_files::FoundFile;
use database::repo::{domains, sitemap_files, sitemap_urls, tenants};
use database::settings::PoolConfig;
use database::url::DatabaseUrl;
use futures_util::SinkExt;
use postgres::{DATABASE, Durability, EmbeddedOptions, EmbeddedPostgres};
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use url::Url;
use uuid::Uuid;
use web::sitemap::{ParseLimits, parse};

const URLS: usize = 50_000;
/// How many are stored in a statement, as an analysis does.
const BATCH: usize = 5000;
/// How many files are stored each way.
const ROUNDS: usize = 7;

fn sitemap() -> String {
    let mut text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
            .to_owned();
    for number in 0..URLS {
        text.push_str(&format!(
            "  <url>\n    <loc>https://www.example.com/product/category-{}/item-{number}?ref=map&amp;n={number}</loc>\n    \
             <lastmod>2024-{:02}-{:02}T10:20:30+00:00</lastmod>\n    <changefreq>weekly</changefreq>\n    <priority>0.8</priority>\n  </url>\n",
            number % 97,
            1 + number % 12,
            1 + number % 28,
        ));
    }
    text + "</urlset>\n"
}

/// The least that quick-xml can do: find the events.
fn bare(text: &[u8]) -> usize {
    let mut reader = Reader::from_reader(text);
    let (mut buffer, mut events) = (Vec::new(), 0);
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) | Err(_) => return events,
            Ok(event) => {
                black_box(&event);
                events += 1;
            }
        }
    }
}

fn whole(text: &[u8], base: &Url) -> u64 {
    let mut letters = 0_u64;
    let summary = parse(text, base, None, &ParseLimits::default(), |item| {
        if let web::sitemap::Item::Page(entry) = item {
            letters += entry.url.len() as u64;
        }
        ControlFlow::Continue(())
    });
    summary.pages + letters
}

fn reading(criterion: &mut Criterion) {
    let text = sitemap();
    let base = Url::parse("https://www.example.com/sitemap.xml").unwrap();
    let mut group = criterion.benchmark_group("sitemap of 50,000 URLs");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.sample_size(20);
    group.bench_function("quick-xml events", |bencher| bencher.iter(|| bare(text.as_bytes())));
    group.bench_function("parse", |bencher| bencher.iter(|| whole(text.as_bytes(), &base)));
    group.finish();
}

/// Stores files in turns, so that a busy machine is busy for all ways, in a PostgreSQL that is as safe as an operator's.
fn storing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = std::env::temp_dir().join(format!("scrapersky-sitemap-{}", std::process::id()));
    let options = EmbeddedOptions {
        data_dir: folder.clone(),
        pg_bin: None,
        durability: Durability::Durable,
    };
    let postgres = EmbeddedPostgres::start(&options).unwrap();
    runtime.block_on(store(&postgres.url(DATABASE)));
    postgres.stop().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

async fn store(plain: &str) {
    let url: DatabaseUrl = plain.parse().unwrap();
    migrate::up(&url).await.unwrap();
    let (client, connection) = tokio_postgres::connect(plain, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let pool = Pool::new(&url, &PoolConfig::default()).unwrap();
    let tenant = tenants::list(&mut pool.system().await.unwrap()).await.unwrap()[0].id;
    let (domain, files) = files(&pool, tenant).await;
    let urls: Vec<String> = (0..URLS)
        .map(|n| format!("https://www.example.com/product/category-{}/item-{n}", n % 97))
        .collect();
    let (mut copies, mut inserts, mut upserts) = (Vec::new(), Vec::new(), Vec::new());
    for pair in files.chunks(2) {
        let begun = Instant::now();
        copy(&client, tenant, domain, pair[0], &urls).await;
        copies.push(begun.elapsed());
        let begun = Instant::now();
        insert(&pool, tenant, domain, pair[1], &urls).await;
        inserts.push(begun.elapsed());
        let begun = Instant::now();
        upsert(&pool, tenant, domain, pair[1], &urls).await;
        upserts.push(begun.elapsed());
    }
    let [copy, insert, upsert] = [copies, inserts, upserts].map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    println!("storing sitemaps of {URLS} URLs, medians of {ROUNDS}, each in a transaction, with fsync:");
    for (name, time) in [
        ("COPY of the rows", copy),
        ("as an analysis stores a new file", insert),
        ("as it stores an unchanged one", upsert),
    ] {
        let rate = |time: Duration| URLS as f64 / time.as_secs_f64();
        println!(
            "    {name:34} {time:>9.0?} {:>8.0} URLs/s  {:.2} of COPY",
            rate(time),
            rate(time) / rate(copy)
        );
    }
}

/// Makes a domain with as many files as are stored.
async fn files(pool: &Pool, tenant: TenantId) -> (DomainId, Vec<SitemapFileId>) {
    let mut conn = pool.tenant(tenant).await.unwrap();
    let new = NewDomain {
        domain: "example.com",
        lead_source: None,
        created_by: None,
    };
    let domain = domains::upsert(&mut conn, &new).await.unwrap().id;
    let names: Vec<_> = (0..2 * ROUNDS)
        .map(|n| format!("https://www.example.com/{n}.xml"))
        .collect();
    let found: Vec<_> = names
        .iter()
        .map(|url| FoundFile {
            url,
            discovery_method: "robots_txt",
        })
        .collect();
    let job = JobId::from(Uuid::now_v7());
    sitemap_files::add_pending(&mut conn, domain, job, None, 0, &found)
        .await
        .unwrap();
    let files = sitemap_files::list_pending(&mut conn, domain, job, found.len() as i64)
        .await
        .unwrap();
    conn.commit().await.unwrap();
    (domain, files.iter().map(|file| file.id).collect())
}

fn rows<'a>(
    domain: DomainId,
    file: SitemapFileId,
    urls: &'a [String],
    priority: &'a BigDecimal,
) -> impl Iterator<Item = NewSitemapUrl<'a>> {
    let lastmod: DateTime<Utc> = DateTime::UNIX_EPOCH;
    urls.iter().map(move |url| NewSitemapUrl {
        id: Uuid::now_v7().into(),
        domain_id: domain,
        sitemap_id: file,
        url,
        loc_text: url,
        page_type: Some("product"),
        status_code: None,
        error_message: None,
        lastmod: Some(lastmod),
        changefreq: Some("weekly"),
        priority_value: Some(priority),
        image_count: Some(0),
        video_count: Some(0),
        news_count: Some(0),
        last_checked_at: None,
        alternates: None,
    })
}

async fn insert(pool: &Pool, tenant: TenantId, domain: DomainId, file: SitemapFileId, urls: &[String]) {
    let priority = BigDecimal::new(80.into(), 2);
    let mut conn = pool.tenant(tenant).await.unwrap();
    sitemap_files::lock(&mut conn, file).await.unwrap();
    assert!(!sitemap_urls::has_any(&mut conn, file).await.unwrap());
    for batch in urls.chunks(BATCH) {
        let new: Vec<_> = rows(domain, file, batch, &priority).collect();
        sitemap_urls::insert_many(&mut conn, None, &new).await.unwrap();
    }
    conn.commit().await.unwrap();
}

async fn upsert(pool: &Pool, tenant: TenantId, domain: DomainId, file: SitemapFileId, urls: &[String]) {
    let priority = BigDecimal::new(80.into(), 2);
    let mut conn = pool.tenant(tenant).await.unwrap();
    for batch in urls.chunks(BATCH) {
        let new: Vec<_> = rows(domain, file, batch, &priority).collect();
        sitemap_urls::upsert_many(&mut conn, None, &new).await.unwrap();
    }
    conn.commit().await.unwrap();
}

async fn copy(
    client: &tokio_postgres::Client,
    tenant: TenantId,
    domain: DomainId,
    file: SitemapFileId,
    urls: &[String],
) {
    let sql = "COPY sitemap_urls (id, tenant_id, domain_id, sitemap_id, url, loc_text, page_type, lastmod, changefreq,
                                  priority_value, image_count, video_count, news_count) FROM STDIN";
    let sink = client.copy_in(sql).await.unwrap();
    futures_util::pin_mut!(sink);
    for batch in urls.chunks(BATCH) {
        let mut text = String::new();
        for url in batch {
            let id = Uuid::now_v7();
            writeln!(
                text,
                "{id}\t{tenant}\t{domain}\t{file}\t{url}\t{url}\tproduct\t1970-01-01T00:00:00Z\tweekly\t0.80\t0\t0\t0"
            )
            .unwrap();
        }
        sink.send(bytes::Bytes::from(text)).await.unwrap();
    }
    sink.finish().await.unwrap();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    reading(&mut criterion);
    criterion.final_summary();
    storing();
}
