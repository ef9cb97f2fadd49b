//! What tenant isolation costs a read: a page of 20 rows in a transaction of its tenant, against a
//! plain `SELECT` of the same rows, on a private PostgreSQL over its Unix socket.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on ends")]

use criterion::{Criterion, criterion_group, criterion_main};
use database::connection::Connection;
use database::ids::TenantId;
use database::migrate;
use database::models::domain::Domain;
use database::pool::Pool;
use database::repo::domains::{self, DomainFilter, DomainOrder};
use database::repo::paging::Paging;
use database::repo::tenants;
use database::settings::PoolConfig;
use database::tenant::TenantConnection;
use database::url::DatabaseUrl;
use diesel::prelude::{ExpressionMethods, HasQuery, QueryDsl};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use postgres::{DATABASE, Durability, EmbeddedOptions, EmbeddedPostgres};

const ROWS: &str = "
    INSERT INTO tenants (id, name) SELECT gen_random_uuid(), 'tenant ' || n FROM generate_series(1, 50) n;
    INSERT INTO domains (tenant_id, domain)
        SELECT t.id, 'site' || n || '.example' FROM tenants t, generate_series(1, 1000) n;
    ANALYZE domains";

fn tenant_read(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = std::env::temp_dir().join(format!("scrapersky-bench-{}", std::process::id()));
    let options = EmbeddedOptions {
        data_dir: folder.clone(),
        pg_bin: None,
        durability: Durability::Throwaway,
    };
    let postgres = EmbeddedPostgres::start(&options).unwrap();
    let url: DatabaseUrl = postgres.url(DATABASE).parse().unwrap();
    let (pool, tenant) = runtime.block_on(prepare(&url));

    let mut group = criterion.benchmark_group("20 rows");
    group.bench_function("plain SELECT", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let mut conn = pool.get().await.unwrap();
            let rows: Vec<Domain> = Domain::query()
                .filter(schema::domains::tenant_id.eq(tenant))
                .order((schema::domains::created_at.desc(), schema::domains::id.desc()))
                .limit(20)
                .load(&mut conn)
                .await
                .unwrap();
            assert_eq!(rows.len(), 20);
        });
    });
    group.bench_function("transaction of the tenant", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let mut conn = pool.tenant(tenant).await.unwrap();
            let rows = newest(&mut conn, tenant).await;
            assert_eq!(rows.len(), 20);
        });
    });
    group.bench_function("transaction of the tenant, commit awaited", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let mut conn = pool.tenant(tenant).await.unwrap();
            let rows = newest(&mut conn, tenant).await;
            conn.commit().await.unwrap();
            assert_eq!(rows.len(), 20);
        });
    });
    group.bench_function("list and count in a transaction of the tenant", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let mut conn = pool.tenant(tenant).await.unwrap();
            let filter = DomainFilter::default();
            let (rows, total) = domains::list(&mut conn, &filter, DomainOrder::Newest, &Paging::first(20))
                .await
                .unwrap();
            assert_eq!((rows.len(), total), (20, 1000));
        });
    });
    group.finish();

    drop(pool);
    postgres.stop().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Reads what the plain `SELECT` reads.
async fn newest(conn: &mut TenantConnection, tenant: TenantId) -> Vec<Domain> {
    Domain::query()
        .filter(schema::domains::tenant_id.eq(tenant))
        .order((schema::domains::created_at.desc(), schema::domains::id.desc()))
        .limit(20)
        .load(conn)
        .await
        .unwrap()
}

async fn prepare(url: &DatabaseUrl) -> (Pool, TenantId) {
    migrate::up(url).await.unwrap();
    Connection::connect(url)
        .await
        .unwrap()
        .batch_execute(ROWS)
        .await
        .unwrap();
    let pool = Pool::new(url, &PoolConfig::default()).unwrap();
    let mut conn = pool.system().await.unwrap();
    let all = tenants::list(&mut conn).await.unwrap();
    let tenant = all.iter().find(|tenant| tenant.name == "tenant 7").unwrap().id;
    (pool.clone(), tenant)
}

criterion_group!(benches, tenant_read);
criterion_main!(benches);
