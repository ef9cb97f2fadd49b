//! `scrapersky tenants`: creates, lists, renames and deactivates tenants.

use anyhow::{anyhow, bail};
use clap::Subcommand;
use comfy_table::{Table, presets};
use database::models::audit_entry::NewAuditEntry;
use database::models::tenant::{NewTenant, Tenant, TenantChanges};
use database::models::values::RawJson;
use database::pool::Pool;
use database::repo::{self, QueryError};
use database::tenant::SystemConnection;
use serde_json::json;
use uuid::Uuid;

use super::bring_up::Database;
use super::run::{block_on, migrate_if_fresh};
use crate::config::Config;
use crate::views::tenant::TenantView;

/// Maximum length of a name, in characters.
const MAX_NAME_CHARS: usize = 200;

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum TenantsCommand {
    /// Creates a tenant and prints its id, alone on standard output
    Create {
        /// Name of the tenant
        name: String,
        /// Description of the tenant
        #[arg(long)]
        description: Option<String>,
    },
    /// Lists all tenants by name
    List {
        /// Prints JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Renames a tenant
    Rename {
        /// Id of the tenant, as `tenants list` shows it
        id: Uuid,
        /// Its new name
        name: String,
    },
    /// Refuses all callers of a tenant, within 5 s; its rows stay, and jobs that are queued still run
    Deactivate {
        /// Id of the tenant
        id: Uuid,
    },
    /// Admits the callers of a tenant again
    Activate {
        /// Id of the tenant
        id: Uuid,
    },
}

/// Runs the command.
///
/// # Errors
///
/// When a name is not valid, the tenant is unknown, or the database cannot be reached.
pub fn run(command: &TenantsCommand, config: &Config) -> anyhow::Result<()> {
    let database = Database::bring_up(config)?;
    block_on(async {
        migrate_if_fresh(&database, config).await?;
        let pool = Pool::new(&database.url, &config.pool)?;
        match command {
            TenantsCommand::Create { name, description } => {
                let new = NewTenant {
                    name: read_name(name)?,
                    description: description.as_deref(),
                };
                let mut conn = pool.system().await?;
                let tenant = repo::tenants::insert(&mut conn, &new).await?;
                note(&mut conn, "tenant.create", &tenant).await?;
                conn.commit().await?;
                say!("{}", tenant.id);
            }
            TenantsCommand::List { json } => {
                let mut conn = pool.system().await?;
                let tenants = repo::tenants::list(&mut conn).await?;
                if *json {
                    let views: Vec<TenantView> = tenants.into_iter().map(TenantView::from).collect();
                    say!("{}", serde_json::to_string_pretty(&views)?);
                } else {
                    say!("{}", table(tenants));
                }
            }
            TenantsCommand::Rename { id, name } => {
                let name = Some(read_name(name)?);
                let tenant = update(
                    &pool,
                    *id,
                    TenantChanges {
                        name,
                        ..TenantChanges::default()
                    },
                )
                .await?;
                say!("renamed {} to {}", tenant.id, tenant.name);
            }
            TenantsCommand::Deactivate { id } => {
                let tenant = set_active(&pool, *id, false).await?;
                say!("deactivated {} ({})", tenant.id, tenant.name);
            }
            TenantsCommand::Activate { id } => {
                let tenant = set_active(&pool, *id, true).await?;
                say!("activated {} ({})", tenant.id, tenant.name);
            }
        }
        Ok(())
    })
}

async fn set_active(pool: &Pool, id: Uuid, is_active: bool) -> anyhow::Result<Tenant> {
    let changes = TenantChanges {
        is_active: Some(is_active),
        ..TenantChanges::default()
    };
    update(pool, id, changes).await
}

async fn update(pool: &Pool, id: Uuid, changes: TenantChanges<'_>) -> anyhow::Result<Tenant> {
    let mut conn = pool.system().await?;
    let tenant = match repo::tenants::update(&mut conn, id, changes).await {
        Err(QueryError::NotFound) => return Err(unknown(&mut conn, id).await?),
        tenant => tenant?,
    };
    note(&mut conn, "tenant.update", &tenant).await?;
    conn.commit().await?;
    Ok(tenant)
}

fn read_name(name: &str) -> anyhow::Result<&str> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        bail!("the name must have 1 to {MAX_NAME_CHARS} characters");
    }
    Ok(name)
}

/// Records what was done to a tenant in its audit log.
async fn note(conn: &mut SystemConnection, action: &str, tenant: &Tenant) -> anyhow::Result<()> {
    let details = RawJson::from(json!({ "name": tenant.name, "is_active": tenant.is_active }));
    let entry = NewAuditEntry {
        actor: "command line",
        action,
        subject: Some(&tenant.id.to_string()),
        details: Some(&details),
        request_id: None,
    };
    repo::audit_log::insert_about(conn, tenant.id, &entry).await?;
    Ok(())
}

/// Returns the error for a tenant that does not exist, with those that do.
pub(super) async fn unknown(conn: &mut SystemConnection, named: Uuid) -> anyhow::Result<anyhow::Error> {
    /// How many tenants the error lists.
    const LISTED: usize = 20;
    let tenants = repo::tenants::list(conn).await?;
    let more = tenants.len().saturating_sub(LISTED);
    let listed: String = tenants
        .iter()
        .take(LISTED)
        .map(|tenant| format!("\n  {}  {}", tenant.id, tenant.name))
        .collect();
    let rest = if more > 0 {
        format!("\n  and {more} more, which `scrapersky tenants list` shows")
    } else {
        String::new()
    };
    Ok(anyhow!("tenant {named} does not exist; expected one of:{listed}{rest}"))
}

fn table(tenants: Vec<Tenant>) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["id", "name", "state", "created", "description"]);
    for tenant in tenants {
        let Tenant {
            id,
            name,
            description,
            is_active,
            created_at,
            updated_at: _,
        } = tenant;
        table.add_row([
            id.to_string(),
            name,
            if is_active { "active" } else { "inactive" }.to_owned(),
            created_at.format("%F %R").to_string(),
            description.unwrap_or_default(),
        ]);
    }
    table
}
