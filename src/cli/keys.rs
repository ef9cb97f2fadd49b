//! `scrapersky keys`: creates, lists and revokes API keys.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chrono::{TimeDelta, Utc};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use database::ids::TenantId;
use database::models::api_key::{ApiKey, KeySecret, NewApiKey};
use database::models::audit_entry::NewAuditEntry;
use database::models::enums::Scope;
use database::models::values::{RawJson, TextList};
use database::pool::Pool;
use database::repo;
use database::repo::tenants::DEFAULT_TENANT;
use database::tenant::TenantConnection;
use serde_json::json;
use uuid::Uuid;

use super::bring_up::Database;
use super::run::{block_on, migrate_if_fresh};
use super::tenants::unknown;
use crate::config::Config;
use crate::views::key::{KeyCreated, KeyView};

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Creates a key and prints it once, alone on standard output unless as JSON
    Create(CreateKey),
    /// Lists a tenant's keys
    List {
        /// Prints JSON instead of a table
        #[arg(long)]
        json: bool,
        /// Tenant whose keys are listed
        #[arg(long, default_value_t = DEFAULT_TENANT)]
        tenant: Uuid,
    },
    /// Revokes a key; every process refuses it within 5 s
    Revoke {
        /// The key's id, as `keys list` shows it
        id: Uuid,
        /// Tenant that owns the key
        #[arg(long, default_value_t = DEFAULT_TENANT)]
        tenant: Uuid,
    },
}

/// A new key.
#[derive(Debug, Args)]
pub struct CreateKey {
    /// Tenant whose rows it gives access to
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
    /// Name that tells its purpose
    #[arg(long)]
    name: String,
    /// Scopes: read, scan, curate, admin; all by default
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<Scope>,
    /// Days until it expires
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    expires_in_days: Option<u16>,
    /// Prints the key with all that is known of it as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
///
/// When the tenant or the key is unknown, or the database cannot be reached.
pub fn run(command: &KeysCommand, config: &Config) -> anyhow::Result<()> {
    let database = Database::bring_up(config)?;
    block_on(async {
        migrate_if_fresh(&database, config).await?;
        let pool = Pool::new(&database.url, &config.pool)?;
        match command {
            KeysCommand::Create(wanted) => {
                let tenant = tenant(&pool, wanted.tenant).await?;
                let expires_at = wanted
                    .expires_in_days
                    .map(|days| Utc::now() + TimeDelta::days(days.into()));
                let (key, secret) = create(&pool, tenant, &wanted.name, &wanted.scopes, expires_at).await?;
                if wanted.json {
                    let created = KeyCreated::new(key, &secret, None);
                    say!("{}", serde_json::to_string_pretty(&created)?);
                } else {
                    say!("{}", secret.expose());
                }
            }
            KeysCommand::List { json, tenant: named } => {
                let mut conn = pool.tenant(tenant(&pool, *named).await?).await?;
                let keys = repo::api_keys::list(&mut conn).await?;
                if *json {
                    let keys: Vec<KeyView> = keys.into_iter().map(KeyView::from).collect();
                    say!("{}", serde_json::to_string_pretty(&keys)?);
                } else {
                    say!("{}", table(keys));
                }
            }
            KeysCommand::Revoke { id, tenant: named } => {
                let mut conn = pool.tenant(tenant(&pool, *named).await?).await?;
                let Some(key) = repo::api_keys::list(&mut conn)
                    .await?
                    .into_iter()
                    .find(|key| key.id.get() == *id)
                else {
                    bail!("the tenant has no key {id}; `scrapersky keys list` shows its keys");
                };
                let key = repo::api_keys::revoke(&mut conn, key.id).await?;
                note(&mut conn, "key.revoke", &key).await?;
                conn.commit().await?;
                say!("revoked {} ({})", key.prefix, key.name);
            }
        }
        Ok(())
    })
}

/// Returns the tenant named on the command line.
pub(super) async fn tenant(pool: &Pool, named: Uuid) -> anyhow::Result<TenantId> {
    let mut conn = pool.system().await?;
    match repo::tenants::find(&mut conn, named).await? {
        Some(tenant) => Ok(tenant.id),
        None => Err(unknown(&mut conn, named).await?),
    }
}

/// Creates a key, with all scopes unless some are named.
pub(super) async fn create(
    pool: &Pool,
    tenant: TenantId,
    name: &str,
    scopes: &[Scope],
    expires_at: Option<chrono::DateTime<Utc>>,
) -> anyhow::Result<(ApiKey, KeySecret)> {
    let scopes = if scopes.is_empty() { Scope::ALL } else { scopes };
    let scopes: TextList = scopes.iter().map(|scope| scope.label()).collect();
    let secret = KeySecret::generate();
    let hash = KeySecret::hash_of(secret.expose());
    let mut conn = pool.tenant(tenant).await?;
    let new = NewApiKey {
        name,
        prefix: secret.prefix(),
        hash: &hash,
        scopes: &scopes,
        expires_at,
    };
    let key = repo::api_keys::insert(&mut conn, &new)
        .await
        .context("the key could not be stored")?;
    note(&mut conn, "key.create", &key).await?;
    conn.commit().await?;
    Ok((key, secret))
}

/// Records a change of a key in the audit log.
async fn note(conn: &mut TenantConnection, action: &str, key: &ApiKey) -> anyhow::Result<()> {
    let details = RawJson::from(json!({ "name": key.name, "prefix": key.prefix, "scopes": key.scopes.0 }));
    let entry = NewAuditEntry {
        actor: "command line",
        action,
        subject: Some(&key.id.to_string()),
        details: Some(&details),
        request_id: None,
    };
    repo::audit_log::insert(conn, &entry).await?;
    Ok(())
}

/// Returns the path of the file with the default tenant's key for a private PostgreSQL; creates key and file where
/// they are missing.
pub(super) async fn ensure_default_key(pool: &Pool, data_dir: &Path) -> anyhow::Result<PathBuf> {
    let path = data_dir.join("api-key");
    let tenant = tenant(pool, DEFAULT_TENANT).await?;
    if let Ok(key) = fs::read_to_string(&path) {
        let mut conn = pool.system().await?;
        if repo::api_keys::find_valid(&mut conn, &KeySecret::hash_of(key.trim()))
            .await?
            .is_some()
        {
            return Ok(path);
        }
    }
    let (_, secret) = create(pool, tenant, "made at first start", &[], None).await?;
    let unfinished = data_dir.join(format!("api-key.{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)
        .and_then(|mut file| writeln!(file, "{}", secret.expose()))
        .and_then(|()| fs::rename(&unfinished, &path));
    written.with_context(|| format!("the API key could not be written to {}", path.display()))?;
    Ok(path)
}

fn table(keys: Vec<ApiKey>) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["id", "key", "name", "scopes", "created", "last used", "state"]);
    for key in keys {
        let ApiKey {
            id,
            tenant_id: _,
            name,
            prefix,
            hash: _,
            scopes,
            created_at,
            last_used_at,
            expires_at,
            revoked_at,
        } = key;
        let state = match (revoked_at, expires_at) {
            (Some(at), _) => format!("revoked {}", at.format("%F %R")),
            (None, Some(at)) if at <= Utc::now() => format!("expired {}", at.format("%F %R")),
            (None, Some(at)) => format!("until {}", at.format("%F %R")),
            (None, None) => "valid".to_owned(),
        };
        table.add_row([
            id.to_string(),
            format!("{prefix}..."),
            name,
            scopes.0.join(" "),
            created_at.format("%F %R").to_string(),
            last_used_at.map_or_else(|| "never".to_owned(), |at| at.format("%F %R").to_string()),
            state,
        ]);
    }
    table
}
