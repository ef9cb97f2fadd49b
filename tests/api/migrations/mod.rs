//! Migrations up and down: nothing is lost, and each way back restores the previous state.

mod adoption;
mod dump;
mod legacy;
mod legacy_rows;
mod new_shape;
mod owners;
mod program;
mod round_trip;

use std::path::Path;

use database::migrate::{self, Revert};
use database::url::DatabaseUrl;
use tokio_postgres::Client;

use crate::support::database::migration_folders;

/// Applies the next `count` migrations as the Diesel CLI does.
pub async fn step_up(client: &mut Client, count: usize) {
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations
             (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
        )
        .await
        .unwrap();
    let applied = client
        .query("SELECT FROM __diesel_schema_migrations", &[])
        .await
        .unwrap()
        .len();
    for folder in migration_folders().iter().skip(applied).take(count) {
        let sql = std::fs::read_to_string(folder.join("up.sql")).unwrap();
        let transaction = client.transaction().await.unwrap();
        if let Err(error) = transaction.batch_execute(&sql).await {
            panic!("{}: {error:?}", name(folder));
        }
        let record = "INSERT INTO __diesel_schema_migrations (version) VALUES ($1)";
        transaction.execute(record, &[&version(folder)]).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

async fn up(url: &DatabaseUrl) -> Vec<String> {
    migrate::up(url).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn down(url: &DatabaseUrl, revert: Revert) -> Vec<String> {
    migrate::down(url, revert)
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}

/// The part of a folder's name that the Diesel CLI stores.
fn version(folder: &Path) -> String {
    name(folder).split('_').next().unwrap().replace('-', "")
}
