//! A database of its own for a test that needs no schema.

use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection;
use scrapersky::config::DatabaseUrl;
use scrapersky::db::connection::Connection;
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
