//! Migrations up and down: nothing is lost, and each way back restores the previous state.

pub mod adoption;
mod dump;
mod lead_rows;
mod legacy;
mod legacy_rows;
pub mod new_shape;
mod owners;
mod partitions;
mod program;
mod queue_rows;
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

/// Returns the statements that make the program's roles, with other names and without traces in the schema.
fn making_roles(prefix: &str) -> String {
    let folder = migration_folders()
        .into_iter()
        .find(|folder| name(folder).ends_with("isolate_tenants"))
        .unwrap();
    let sql = std::fs::read_to_string(folder.join("up.sql")).unwrap();
    let end = sql
        .find("CREATE FUNCTION scrapersky_internal.shut_out_strangers")
        .unwrap();
    let functions = sql[..end]
        .replace("'scrapersky_", &format!("'{prefix}"))
        .replace("scrapersky_internal.", "pg_temp.");
    format!("{functions}; SELECT pg_temp.make_roles()")
}

/// The part of a folder's name that the Diesel CLI stores.
fn version(folder: &Path) -> String {
    name(folder).split('_').next().unwrap().replace('-', "")
}
