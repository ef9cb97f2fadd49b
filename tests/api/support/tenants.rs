//! Tenants and their rows, with short helpers.

use std::time::Duration;

use database::ids::TenantId;
use database::models::domain::{Domain, NewDomain};
use database::models::job::{Job, NewJob};
use database::models::page::{NewPage, Page};
use database::models::sitemap_file::SitemapFile;
use database::models::sitemap_url::NewSitemapUrl;
use database::models::staged_place::NewStagedPlace;
use database::models::tenant::NewTenant;
use database::pool::Pool;
use database::repo;
use database::settings::{PoolConfig, SessionLimits};
use database::tenant::{SystemConnection, TenantConnection};
use diesel::prelude::{ExpressionMethods, QueryResult, SelectableHelper};
use diesel_async::RunQueryDsl;
use schema::sitemap_files;
use uuid::Uuid;

use super::database::TestDatabase;
use super::pooler;

/// A test's database and the program's pool on it.
pub struct Agencies {
    pub database: TestDatabase,
    pub pool: Pool,
}

impl Agencies {
    /// Creates a database without test tenants, and a pool of 5.
    pub async fn new() -> Self {
        Self::with_connections(5).await
    }

    /// Creates a database, and a pool of exactly this many connections.
    pub async fn with_connections(connections: usize) -> Self {
        let database = TestDatabase::new().await;
        let pool = pool(&database, connections);
        Self { database, pool }
    }

    /// Adds a tenant.
    pub async fn tenant(&self, name: &str) -> Agency {
        let new = NewTenant {
            name,
            description: None,
        };
        let tenant = self.system(async |conn| repo::tenants::insert(conn, &new).await).await;
        Agency {
            pool: self.pool.clone(),
            id: tenant.id,
        }
    }

    /// Runs `work` as the system, and commits it.
    pub async fn system<T>(&self, work: impl AsyncFnOnce(&mut SystemConnection) -> QueryResult<T>) -> T {
        let mut conn = self.pool.system().await.unwrap();
        let done = work(&mut conn).await.unwrap();
        conn.commit().await.unwrap();
        done
    }
}

/// A tenant of a test.
pub struct Agency {
    pub pool: Pool,
    pub id: TenantId,
}

impl Agency {
    /// Opens a transaction of the tenant.
    pub async fn open(&self) -> TenantConnection {
        self.pool.tenant(self.id).await.unwrap()
    }

    /// Runs `work` in a transaction of the tenant, and commits it.
    pub async fn run<T>(&self, work: impl AsyncFnOnce(&mut TenantConnection) -> QueryResult<T>) -> T {
        self.attempt(work).await.unwrap()
    }

    /// Runs `work`, which may fail, in a transaction of the tenant, and commits it if it succeeds.
    pub async fn attempt<T>(&self, work: impl AsyncFnOnce(&mut TenantConnection) -> QueryResult<T>) -> QueryResult<T> {
        let mut conn = self.open().await;
        let done = work(&mut conn).await?;
        conn.commit().await?;
        Ok(done)
    }

    pub async fn domain(&self, name: &str) -> Domain {
        self.run(async |conn| repo::domains::upsert(conn, &new_domain(name)).await)
            .await
    }

    pub async fn page(&self, domain: &Domain, url: &str) -> Page {
        self.run(async |conn| repo::pages::upsert(conn, &new_page(domain, url)).await)
            .await
    }

    /// Adds a sitemap file without facts; the program adds the files that an analysis must read.
    pub async fn sitemap(&self, domain: &Domain, url: &str) -> SitemapFile {
        let new = (
            sitemap_files::tenant_id.eq(self.id),
            sitemap_files::domain_id.eq(domain.id),
            sitemap_files::url.eq(url),
            sitemap_files::sitemap_type.eq("urlset"),
        );
        self.run(async |conn| {
            diesel::insert_into(sitemap_files::table)
                .values(new)
                .returning(SitemapFile::as_returning())
                .get_result(conn)
                .await
        })
        .await
    }

    pub async fn job(&self, kind: &str) -> Job {
        self.run(async |conn| repo::jobs::enqueue(conn, &new_job(kind)).await)
            .await
            .job
    }

    /// Returns the tenant's place with this place id.
    pub async fn place(&self, place_id: &str) -> database::models::staged_place::StagedPlace {
        self.run(async |conn| repo::places::get(conn, place_id).await).await
    }
}

/// Creates the program's pool on `database`, with exactly this many connections.
pub fn pool(database: &TestDatabase, connections: usize) -> Pool {
    pool_at(&pooler::pool_url(database.url()), connections)
}

/// The same for any URL.
pub fn pool_at(url: &str, connections: usize) -> Pool {
    let config = PoolConfig {
        base: connections,
        overflow: 0,
        wait: Duration::from_secs(30),
        // Tests ask more at once than clients may.
        queue: Some(10_000),
        recycle: Duration::from_secs(1800),
        ping_after: Duration::from_secs(5),
        limits: SessionLimits::none(),
    };
    Pool::new(&url.parse().unwrap(), &config).unwrap()
}

pub fn new_domain(name: &str) -> NewDomain<'_> {
    NewDomain {
        domain: name,
        lead_source: None,
        created_by: None,
    }
}

pub fn new_page<'a>(domain: &Domain, url: &'a str) -> NewPage<'a> {
    NewPage {
        domain_id: domain.id,
        url,
        title: None,
        description: None,
        h1: None,
        canonical_url: None,
        meta_robots: None,
        has_schema_markup: None,
        schema_types: None,
        has_contact_form: None,
        has_comments: None,
        word_count: None,
        inbound_links: None,
        outbound_links: None,
        last_modified: None,
        last_scan: None,
        page_type: None,
        lead_source: None,
        additional_json: None,
        sitemap_file_id: None,
        page_processing_status: None,
        page_processing_error: None,
        status_code: None,
        disposition: None,
        disposition_reason: None,
        content_hash: None,
    }
}

pub fn new_sitemap_url<'a>(file: &SitemapFile, url: &'a str) -> NewSitemapUrl<'a> {
    NewSitemapUrl {
        id: Uuid::now_v7().into(),
        domain_id: file.domain_id,
        sitemap_id: file.id,
        url,
        loc_text: url,
        page_type: None,
        status_code: None,
        error_message: None,
        lastmod: None,
        changefreq: None,
        priority_value: None,
        image_count: None,
        video_count: None,
        news_count: None,
        last_checked_at: None,
        alternates: None,
    }
}

pub fn new_place(place_id: &str) -> NewStagedPlace<'_> {
    NewStagedPlace {
        place_id,
        name: place_id,
        formatted_address: None,
        business_type: None,
        latitude: None,
        longitude: None,
        vicinity: None,
        rating: None,
        user_ratings_total: None,
        price_level: None,
        created_by: Uuid::nil().into(),
        search_job_id: None,
        search_query: None,
        search_location: None,
        search_time: None,
        raw_data: None,
        user_id: None,
        user_name: None,
    }
}

pub fn new_job(kind: &str) -> NewJob<'_> {
    NewJob {
        kind,
        payload: None,
        created_by: None,
        domain_id: None,
        batch_id: None,
        parent_id: None,
        priority: None,
        run_at: None,
        max_attempts: None,
        dedup_key: None,
        metadata: None,
        traceparent: None,
    }
}
