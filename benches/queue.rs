//! How fast jobs are claimed and finished, beside many that wait and many that have ended.
//!
//! `QUEUE_PENDING` and `QUEUE_FINISHED` say how many of each there are (10,000 and 100,000 unless
//! set), `QUEUE_TENANTS` how many tenants they belong to. The database is made for this run and
//! dropped, on the server of `DATABASE_URL`, or else on a throw-away one without fsync.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a benchmark that cannot run ends"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use database::connection::Connection;
use database::migrate;
use database::models::enums::Outcome;
use database::models::job::Job;
use database::models::values::RawJson;
use database::pool::Pool;
use database::repo::jobs::queue::{self, Lease};
use database::settings::PoolConfig;
use database::url::DatabaseUrl;
use diesel_async::SimpleAsyncConnection;
use postgres::{Durability, EmbeddedOptions, EmbeddedPostgres};
use tokio::runtime::Builder;

const WORKERS: usize = 8;
const LEASE: Duration = Duration::from_secs(3600);

const SET_INDEXES_ASIDE: &str = "
    CREATE TABLE index_set_aside AS
        SELECT indexname, indexdef FROM pg_indexes
        WHERE tablename = 'jobs' AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname);
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT indexname FROM index_set_aside LOOP EXECUTE format('DROP INDEX %I', name); END LOOP;
    END $$";
const BRING_INDEXES_BACK: &str = "
    DO $$ DECLARE def text; BEGIN
        FOR def IN SELECT indexdef FROM index_set_aside LOOP EXECUTE def; END LOOP;
    END $$";

fn main() {
    let count = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (pending, finished) = (count("QUEUE_PENDING", 10_000), count("QUEUE_FINISHED", 100_000));
    let tenants = count("QUEUE_TENANTS", 10);
    // As within the program, where a query and the task of its connection mostly share a thread.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let server = Server::start();
    let bench = runtime.block_on(Bench::fill(&server.url, tenants, pending, finished));
    println!("{pending} jobs wait and {finished} have ended, of {tenants} tenants");
    runtime.block_on(bench.latencies());

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("claim and finish");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one by one", |bencher| {
        bencher.iter_custom(|rounds| runtime.block_on(bench.rounds(rounds, 1)));
    });
    group.throughput(Throughput::Elements(WORKERS as u64));
    group.bench_function("one by one, by 8 workers", |bencher| {
        bencher.iter_custom(|rounds| runtime.block_on(bench.rounds_of_workers(rounds)));
    });
    group.throughput(Throughput::Elements(50));
    group.bench_function("batches of 50", |bencher| {
        bencher.iter_custom(|rounds| runtime.block_on(bench.rounds(rounds, 50)));
    });
    group.finish();
    runtime.block_on(bench.drop_database(&server.url));
    drop(runtime);
    server.stop();
    criterion.final_summary();
}

/// A database full of jobs.
#[derive(Clone)]
struct Bench {
    pool: Pool,
    name: String,
    admin: DatabaseUrl,
    tenants: u64,
}

impl Bench {
    async fn fill(server: &DatabaseUrl, tenants: u64, pending: u64, finished: u64) -> Self {
        let name = format!("scrapersky_bench_{}", std::process::id());
        let mut conn = Connection::connect(server).await.unwrap();
        conn.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let admin = server.with_database(&name);
        migrate::up(&admin).await.unwrap();
        let bench = Self {
            pool: Pool::new(&admin, &PoolConfig::default()).unwrap(),
            name,
            admin,
            tenants,
        };
        let ended = "status, outcome, attempts, completed_at, result";
        let values = "'completed', 'ok', 1, now() - i * interval '1 ms', '{\"pages\": 1}'";
        bench
            .sql(&format!(
                "INSERT INTO tenants (id, name) SELECT md5('tenant ' || t)::uuid, 'tenant ' || t FROM generate_series(0, {tenants} - 1) t"
            ))
            .await;
        // Millions of rows are written without their indexes, which are then made at once.
        bench.sql(SET_INDEXES_ASIDE).await;
        bench.insert(finished, ended, values).await;
        bench.refill(pending).await;
        bench.sql(BRING_INDEXES_BACK).await;
        bench.sql("VACUUM ANALYZE jobs").await;
        bench
    }

    async fn refill(&self, count: u64) {
        self.insert(count, "run_at", "now() - interval '1 h' + i * interval '1 ms'")
            .await;
    }

    async fn insert(&self, count: u64, columns: &str, values: &str) {
        self.sql(&format!(
            "INSERT INTO jobs (job_id, tenant_id, kind, payload, {columns})
             SELECT gen_random_uuid(), md5('tenant ' || i % {})::uuid, 'bench', '{{\"domain\": \"shop.test\"}}', {values}
             FROM generate_series(1, {count}) i",
            self.tenants
        ))
        .await;
    }

    async fn sql(&self, sql: &str) {
        let mut conn = Connection::connect(&self.admin).await.unwrap();
        conn.batch_execute(sql).await.unwrap();
    }

    /// Claims and finishes `count` jobs, repeats that, and returns how long it took.
    async fn rounds(&self, rounds: u64, count: usize) -> Duration {
        self.refill(rounds * u64::try_from(count).unwrap()).await;
        let begun = Instant::now();
        for _ in 0..rounds {
            let jobs = self.claim(count).await;
            assert_eq!(jobs.len(), count, "the queue ran dry");
            self.finish(&jobs).await;
        }
        begun.elapsed()
    }

    /// As [`rounds`](Self::rounds) of one job, by several workers at once: a process has 8 unless told.
    async fn rounds_of_workers(&self, rounds: u64) -> Duration {
        self.refill(rounds * WORKERS as u64).await;
        let begun = Instant::now();
        futures_util::future::join_all((0..WORKERS).map(|_| {
            let bench = self.clone();
            tokio::spawn(async move {
                for _ in 0..rounds {
                    bench.finish(&bench.claim(1).await).await;
                }
            })
        }))
        .await;
        begun.elapsed()
    }

    async fn claim(&self, count: usize) -> Vec<Job> {
        let mut conn = self.pool.system().await.unwrap();
        let limit = i64::try_from(count).unwrap();
        let jobs = queue::claim(&mut conn, "bench", &["bench"], limit, LEASE)
            .await
            .unwrap();
        conn.commit().await.unwrap();
        jobs
    }

    async fn finish(&self, jobs: &[Job]) {
        let result = RawJson::from_value(&["done"]).unwrap();
        if let [job] = jobs {
            let mut conn = self.pool.tenant(job.tenant_id).await.unwrap();
            queue::finish(&mut conn, lease(job), Outcome::Ok, "done", &result)
                .await
                .unwrap();
            conn.commit().await.unwrap();
            return;
        }
        let ends: Vec<_> = jobs
            .iter()
            .map(|job| (lease(job), Outcome::Ok, result.clone()))
            .collect();
        let mut conn = self.pool.system().await.unwrap();
        let ended = queue::finish_many(&mut conn, &ends).await.unwrap();
        assert_eq!(ended.len(), ends.len());
        conn.commit().await.unwrap();
    }

    /// Prints how long single claims and ends take.
    async fn latencies(&self) {
        let (mut claims, mut ends) = (Vec::new(), Vec::new());
        for _ in 0..2000 {
            let begun = Instant::now();
            let jobs = self.claim(1).await;
            claims.push(begun.elapsed());
            let begun = Instant::now();
            self.finish(black_box(&jobs)).await;
            ends.push(begun.elapsed());
        }
        for (what, mut times) in [("claim", claims), ("end", ends)] {
            times.sort_unstable();
            let part = |part: f64| times.get((times.len() as f64 * part) as usize).unwrap();
            println!(
                "{what} of one: median {:?}, p99 {:?}, longest {:?}",
                part(0.5),
                part(0.99),
                times.last().unwrap()
            );
        }
    }

    async fn drop_database(&self, server: &DatabaseUrl) {
        self.pool.close();
        let mut conn = Connection::connect(server).await.unwrap();
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        conn.batch_execute(&drop).await.unwrap();
    }
}

fn lease(job: &Job) -> Lease {
    Lease {
        job_id: job.job_id,
        token: job.lease_token.expect("a claimed job has a token"),
    }
}

/// Where the database is made.
struct Server {
    url: DatabaseUrl,
    throwaway: Option<(EmbeddedPostgres, std::path::PathBuf)>,
}

impl Server {
    fn start() -> Self {
        if let Ok(url) = std::env::var("DATABASE_URL") {
            return Self {
                url: url.parse().unwrap(),
                throwaway: None,
            };
        }
        let folder = std::env::temp_dir().join(format!("scrapersky-bench-{}", std::process::id()));
        let postgres = EmbeddedPostgres::start(&EmbeddedOptions {
            data_dir: folder.clone(),
            pg_bin: None,
            durability: Durability::Throwaway,
        })
        .unwrap();
        Self {
            url: postgres.url("postgres").parse().unwrap(),
            throwaway: Some((postgres, folder)),
        }
    }

    fn stop(self) {
        if let Some((postgres, folder)) = self.throwaway {
            postgres.stop().unwrap();
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}
