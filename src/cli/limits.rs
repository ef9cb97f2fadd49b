//! `scrapersky limits`: sets a tenant's own limits.

use clap::Args;
use database::models::tenant_limits::NewTenantLimits;
use database::pool::Pool;
use database::repo;
use database::repo::tenants::DEFAULT_TENANT;
use serde_json::json;
use uuid::Uuid;

use super::bring_up::Database;
use super::keys;
use super::run::{block_on, migrate_if_fresh};
use crate::config::Config;

/// A tenant's limits. A missing one is reset to that of the settings.
#[derive(Clone, Copy, Debug, Args)]
pub struct LimitsOptions {
    /// Tenant whose limits are set
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
    /// Requests per minute of the whole tenant
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    requests: Option<i32>,
    /// Batches per minute of the whole tenant
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    batches: Option<i32>,
    /// Requests per minute of each key or person
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    caller_requests: Option<i32>,
    /// Batches per minute of each key or person
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    caller_batches: Option<i32>,
    /// Scans per day (UTC)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    scans_per_day: Option<i32>,
    /// Rows stored
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    stored_rows: Option<i64>,
    /// Prints the limits as JSON; null is that of the settings
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When the tenant is unknown, or the database cannot be reached.
pub fn run(options: &LimitsOptions, config: &Config) -> anyhow::Result<()> {
    let database = Database::bring_up(config)?;
    block_on(async {
        migrate_if_fresh(&database, config).await?;
        let pool = Pool::new(&database.url, &config.pool)?;
        let tenant = keys::tenant(&pool, options.tenant).await?;
        let limits = NewTenantLimits {
            requests_per_minute: options.requests,
            batches_per_minute: options.batches,
            caller_requests_per_minute: options.caller_requests,
            caller_batches_per_minute: options.caller_batches,
            scans_per_day: options.scans_per_day,
            rows_stored: options.stored_rows,
        };
        let mut conn = pool.system().await?;
        repo::tenant_limits::set(&mut conn, tenant, limits).await?;
        conn.commit().await?;
        if options.json {
            say!(
                "{:#}",
                json!({
                    "requests_per_minute": limits.requests_per_minute,
                    "batches_per_minute": limits.batches_per_minute,
                    "caller_requests_per_minute": limits.caller_requests_per_minute,
                    "caller_batches_per_minute": limits.caller_batches_per_minute,
                    "scans_per_day": limits.scans_per_day,
                    "stored_rows": limits.rows_stored,
                })
            );
            return Ok(());
        }
        let said = |name: &str, limit: Option<i64>| match limit {
            Some(limit) => say!("{name}: {limit}"),
            None => say!("{name}: default"),
        };
        said("requests per minute", limits.requests_per_minute.map(i64::from));
        said("batches per minute", limits.batches_per_minute.map(i64::from));
        said(
            "requests per minute and caller",
            limits.caller_requests_per_minute.map(i64::from),
        );
        said(
            "batches per minute and caller",
            limits.caller_batches_per_minute.map(i64::from),
        );
        said("scans per day", limits.scans_per_day.map(i64::from));
        said("stored rows", limits.rows_stored);
        Ok(())
    })
}
