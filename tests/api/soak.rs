//! Two processes with ten connections each work for two tenants at once, and drop one unit of work in a hundred midway:
//! no error, and no row of the other tenant.
//!
//! The suite runs a short form; `SCRAPERSKY_SOAK_UNITS=50000` a long one, and `SCRAPERSKY_TEST_PGBOUNCER=transaction`
//! sends both through PgBouncer.

use std::env;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use database::ids::{DomainId, TenantId};
use database::models::api_key::NewApiKey;
use database::models::domain::DomainChanges;
use database::models::domain_profile::DomainProfileChanges;
use database::models::enums::{CurationStatus, JobStatus, TaskStatus};
use database::models::values::{RawJson, TextList};
use database::pool::Pool;
use database::repo;
use database::repo::domains::{DomainFilter, DomainOrder};
use database::repo::jobs::JobFilter;
use database::repo::paging::Paging;
use database::tenant::TenantConnection;
use diesel::result::{DatabaseErrorKind, Error};

use crate::support::database::TestDatabase;
use crate::support::extent;
use crate::support::pooler;
use crate::support::process::helper_command;
use crate::support::tenants::{new_domain, new_job, pool};

const URL: &str = "SCRAPERSKY_SOAK_URL";
const PROCESSES: usize = 2;
const CONNECTIONS: usize = 10;

#[tokio::test]
async fn two_processes_share_the_database_without_an_error() {
    let database = TestDatabase::new().await;
    let setup = pool(&database, 1);
    for name in ["acme", "umbra"] {
        let mut conn = setup.system().await.unwrap();
        let new = database::models::tenant::NewTenant {
            name,
            description: None,
        };
        let tenant = repo::tenants::insert(&mut conn, &new).await.unwrap().id;
        conn.commit().await.unwrap();
        let mut conn = setup.tenant(tenant).await.unwrap();
        for number in 0..40 {
            repo::domains::upsert(&mut conn, &new_domain(&format!("{name}{number}.example")))
                .await
                .unwrap();
        }
        conn.commit().await.unwrap();
    }
    drop(setup);
    let url = pooler::pool_url(database.url());
    let folder = env::temp_dir();
    let processes: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let mut command = helper_command("soak", &folder);
            command.env(URL, &url).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for process in processes {
        let output = tokio::task::spawn_blocking(|| process.wait_with_output())
            .await
            .unwrap()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said.contains("errors=0 foreign=0"), "{said}");
        println!("{}", said.lines().find(|line| line.contains("errors=")).unwrap());
    }
}

/// The work of one of the processes.
pub fn work() {
    let units: usize = env::var("SCRAPERSKY_SOAK_UNITS").map_or(extent::of(400, 100), |units| units.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let config = database::settings::PoolConfig {
            base: CONNECTIONS,
            overflow: 0,
            ..database::settings::PoolConfig::default()
        };
        let pool = Pool::new(&env::var(URL).unwrap().parse().unwrap(), &config).unwrap();
        let mut conn = pool.system().await.unwrap();
        let tenants: Vec<TenantId> = repo::tenants::list(&mut conn)
            .await
            .unwrap()
            .into_iter()
            .filter(|tenant| ["acme", "umbra"].contains(&tenant.name.as_str()))
            .map(|tenant| tenant.id)
            .collect();
        drop(conn);
        let tally = Arc::new(Tally::default());
        let users = (0..CONNECTIONS).map(|_| {
            let (pool, tally, tenants) = (pool.clone(), Arc::clone(&tally), tenants.clone());
            tokio::spawn(async move {
                loop {
                    let number = tally.next.fetch_add(1, Ordering::Relaxed);
                    if number >= units {
                        break;
                    }
                    let tenant = tenants[number % tenants.len()];
                    let unit = unit(&pool, tenant, number, &tally);
                    if number % 100 == 17 {
                        let moment = Duration::from_micros(rand_below(2_000));
                        let _ = tokio::time::timeout(moment, unit).await;
                    } else if let Err(error) = unit.await {
                        println!("unit {number}: {error}");
                        tally.errors.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        });
        for user in users.collect::<Vec<_>>() {
            user.await.unwrap();
        }
        println!(
            "units={units} errors={} foreign={}",
            tally.errors.load(Ordering::Relaxed),
            tally.foreign.load(Ordering::Relaxed)
        );
    });
}

#[derive(Default)]
struct Tally {
    next: AtomicUsize,
    errors: AtomicUsize,
    foreign: AtomicUsize,
}

impl Tally {
    fn check(&self, owners: impl IntoIterator<Item = TenantId>, tenant: TenantId) {
        let foreign = owners.into_iter().filter(|owner| *owner != tenant).count();
        self.foreign.fetch_add(foreign, Ordering::Relaxed);
    }
}

async fn unit(pool: &Pool, tenant: TenantId, number: usize, tally: &Tally) -> anyhow::Result<()> {
    let mut conn: TenantConnection = pool.tenant(tenant).await?;
    let own = repo::domains::list(
        &mut conn,
        &DomainFilter::default(),
        DomainOrder::Name,
        &Paging::first(20),
    )
    .await?
    .0;
    tally.check(own.iter().map(|domain| domain.tenant_id), tenant);
    anyhow::ensure!(own.len() == 20, "{} domains instead of 20", own.len());
    let domain = &own[number % 20];
    match number % 8 {
        0 => {
            let (domain, profile, ..) = repo::domains::get_details(&mut conn, domain.id).await?;
            tally.check(
                [domain.tenant_id]
                    .into_iter()
                    .chain(profile.map(|profile| profile.tenant_id)),
                tenant,
            );
        }
        1 => {
            let changes = DomainChanges {
                content_scrape_status: Some(Some(TaskStatus::ALL[number % TaskStatus::ALL.len()])),
                sitemap_curation_status: Some(Some(CurationStatus::NotAFit)),
                ..DomainChanges::default()
            };
            repo::domains::update(&mut conn, domain.id, &changes).await?;
            conn.commit().await?;
        }
        2 => tally.check([upsert_profile(conn, domain.id, number).await?], tenant),
        3 => key_twice(conn).await?,
        4 => {
            let enqueued = repo::jobs::enqueue(&mut conn, &new_job("soak")).await?;
            tally.check([enqueued.job.tenant_id], tenant);
            conn.commit().await?;
        }
        5 => {
            let filter = JobFilter {
                statuses: &[JobStatus::Pending],
                ..JobFilter::default()
            };
            let (jobs, _) = repo::jobs::list(&mut conn, &filter, &Paging::first(20)).await?;
            tally.check(jobs.into_iter().map(|job| job.tenant_id), tenant);
        }
        6 => save(&mut conn, number).await?,
        _ => {
            let found = repo::domains::lock_by_name(&mut conn, &domain.domain).await?;
            tally.check(found.map(|domain| domain.tenant_id), tenant);
        }
    }
    Ok(())
}

/// Writes in a savepoint inside the tenant's transaction.
async fn save(conn: &mut TenantConnection, number: usize) -> anyhow::Result<()> {
    use diesel_async::AsyncConnection;
    let name = format!("saved{number}.example");
    conn.transaction(async |conn| repo::domains::upsert(conn, &new_domain(&name)).await)
        .await?;
    anyhow::ensure!(
        repo::domains::lock_by_name(conn, &name).await?.is_some(),
        "the savepoint is gone"
    );
    Ok(())
}

/// Writes a profile, and returns its tenant.
async fn upsert_profile(mut conn: TenantConnection, domain: DomainId, number: usize) -> anyhow::Result<TenantId> {
    let emails: TextList = ["a@b.example", "ü{,}\"@b.example"].into_iter().collect();
    let meta = RawJson::from(serde_json::json!({ "number": number }));
    let changes = DomainProfileChanges {
        email_addresses: Some(Some(&emails)),
        meta_json: Some(Some(&meta)),
        ..DomainProfileChanges::default()
    };
    let profile = repo::domain_facts::upsert(&mut conn, domain, &changes).await?;
    conn.commit().await?;
    Ok(profile.tenant_id)
}

/// Inserts the same key twice: the second insert fails, and with it the transaction.
async fn key_twice(mut conn: TenantConnection) -> anyhow::Result<()> {
    let scopes: TextList = ["read"].into_iter().collect();
    let hash: [u8; 32] = std::array::from_fn(|_| rand_below(256) as u8);
    let new = NewApiKey {
        name: "soak",
        prefix: "sky_",
        hash: &hash,
        scopes: &scopes,
        expires_at: None,
    };
    repo::api_keys::insert(&mut conn, &new).await?;
    match repo::api_keys::insert(&mut conn, &new).await {
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {}
        other => anyhow::bail!("a duplicate key: {other:?}"),
    }
    anyhow::ensure!(conn.commit().await.is_err(), "a failed transaction was committed");
    Ok(())
}

fn rand_below(limit: u64) -> u64 {
    u64::from_le_bytes(uuid::Uuid::new_v4().into_bytes()[..8].try_into().unwrap()) % limit
}
