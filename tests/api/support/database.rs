//! A database of its own for a test that needs no schema.

use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection;
use scrapersky::config::DatabaseUrl;
use scrapersky::db::connection::Connection;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::cluster;

/// Makes an empty database on the shared server and runs `set_up` in it.
pub async fn empty_database(set_up: &str) -> DatabaseUrl {
    let admin: DatabaseUrl = cluster::admin_url().parse().unwrap();
    let name = format!("t_{}", Uuid::new_v4().simple());
    let mut conn = Connection::connect(&admin).await.unwrap();
    conn.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
    let url = admin.with_database(&name);
    let mut conn = Connection::connect(&url).await.unwrap();
    conn.batch_execute(set_up).await.unwrap();
    url
}

/// Waits until `condition` holds, and fails the test if it never does.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition().await {
        assert!(Instant::now() < deadline, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A database of one test. A stand-in until the real one is merged.
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// Makes a database with the current schema and no rows but those that migrations make.
    pub async fn new() -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let template = std::env::var("TEST_TEMPLATE").unwrap_or("template_repo".to_owned());
        let client = connect(&admin_url()).await;
        client.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY");
        client.batch_execute(&create).await.unwrap();
        let url = admin_url().replacen("/postgres?", &format!("/{name}?"), 1);
        Self { name, url }
    }

    /// Returns [`Self::url`] as the program takes it.
    pub fn database_url(&self) -> DatabaseUrl {
        self.url.parse().unwrap()
    }

    /// Connects as the server's superuser.
    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = self.name.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let client = connect(&admin_url()).await;
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                client.batch_execute(&drop).await.unwrap();
            });
        })
        .join()
        .unwrap();
    }
}

fn admin_url() -> String {
    std::env::var("TEST_DATABASE_URL").unwrap()
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
