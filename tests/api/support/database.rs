//! A stand-in until the real one is merged: a copy of a migrated database on `TEST_DATABASE_URL`.

use scrapersky::config::DatabaseUrl;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// A database of one test.
pub struct TestDatabase {
    name: String,
    url: String,
}

impl TestDatabase {
    /// Makes a database with the current schema and no rows but those that migrations make.
    pub async fn new() -> Self {
        let admin: DatabaseUrl = admin_url().parse().unwrap();
        let name = format!("test_{}", Uuid::new_v4().simple());
        let template = std::env::var("TEST_TEMPLATE").unwrap_or("template_repo".to_owned());
        let client = connect(&admin_url()).await;
        client.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY");
        client.batch_execute(&create).await.unwrap();
        drop(admin);
        let url = admin_url().replacen("/postgres?", &format!("/{name}?"), 1);
        Self { name, url }
    }

    /// Returns the URL for the server's superuser.
    pub fn url(&self) -> &str {
        &self.url
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
