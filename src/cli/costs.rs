//! `scrapersky costs`: what a tenant's calls to paid services cost.

use chrono::{NaiveDate, Utc};
use clap::Args;
use database::repo;
use database::repo::tenants::DEFAULT_TENANT;
use uuid::Uuid;

use super::listing::{Source, table};
use crate::config::Config;
use crate::views::costs::Costs;

/// A period.
#[derive(Clone, Copy, Debug, Args)]
pub struct CostsOptions {
    /// The first day, such as 2026-11-01; a year ago by default
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,
    /// Prints JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Tenant whose calls are counted
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// Prints the cost of the tenant's calls by month, at list prices.
///
/// # Errors
///
/// When the database, the schema or a setting does not allow it.
pub fn run(options: CostsOptions, config: &Config) -> anyhow::Result<()> {
    Source::with(config, options.tenant, async |source| {
        let now = Utc::now();
        let mut conn = source.pool.tenant(source.tenant).await?;
        let lines = repo::api_calls::list_costs(&mut conn, Costs::begin(options.from, now)).await?;
        drop(conn);
        let costs = Costs::new(lines, &config.places, now);
        if options.json {
            say!("{}", serde_json::to_string_pretty(&costs)?);
            return Ok(());
        }
        let rows = costs.page.items.iter().map(|line| {
            [
                line.month.clone(),
                line.service.clone(),
                line.sku.clone(),
                line.calls.to_string(),
                line.refused.to_string(),
                line.usd.to_string(),
            ]
        });
        let head = ["month", "service", "kind of call", "calls", "refused", "US dollars"];
        say!("{}", table(Some(&head), rows));
        let limit = costs
            .calls_per_month
            .map(|calls| format!(" of at most {calls}"))
            .unwrap_or_default();
        say!(
            "{} calls{limit} this month, {} US dollars at list prices",
            costs.calls_this_month,
            costs.usd_this_month
        );
        Ok(())
    })
}
