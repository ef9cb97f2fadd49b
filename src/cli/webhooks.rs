//! `scrapersky webhooks`: where events are posted, and what became of each.

use anyhow::anyhow;
use clap::{Args, Subcommand};
use database::ids::WebhookId;
use database::models::audit_entry::NewAuditEntry;
use database::models::enums::DeliveryStatus;
use database::models::values::RawJson;
use database::models::webhook::{NewWebhook, Webhook};
use database::models::webhook_delivery::{DeliveryPosition, WebhookDelivery};
use database::repo::paging::{Newest, Paging};
use database::repo::tenants::DEFAULT_TENANT;
use database::repo::{self, QueryError, QueryResult};
use database::tenant::TenantConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::listing::{ListForm, Listed, Source, show};
use crate::config::Config;
use crate::routes::webhooks::{Targets, insert, read_job_kinds, read_kinds};
use crate::views::webhook::{DeliveryView, WebhookView, WebhookWithSecret};

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum WebhooksCommand {
    /// Prints webhooks as a table, newest first
    List {
        /// Those whose URLs requests named, instead of those that were created
        #[arg(long)]
        for_requests: bool,
        /// How they are shown
        #[command(flatten)]
        form: ListForm,
    },
    /// Creates a webhook, and prints its secret, which is shown once
    Create(CreateOptions),
    /// Deletes a webhook with its deliveries
    Delete(OneOptions),
    /// Posts an event that a webhook is tested to it, once a worker runs
    Test(OneOptions),
    /// Prints the deliveries of a webhook as a table, the newest events first
    Deliveries {
        /// Id of the webhook
        id: Uuid,
        /// Only deliveries with this status: waiting, delivered, failed, dropped
        #[arg(long)]
        status: Option<DeliveryStatus>,
        /// How they are shown
        #[command(flatten)]
        form: ListForm,
    },
}

/// A new webhook.
#[derive(Debug, Args)]
pub struct CreateOptions {
    /// URL to post events to
    url: String,
    /// Kinds of events to post
    #[arg(long, value_name = "KIND", value_delimiter = ',', default_values = ["job.ended", "batch.done"])]
    kinds: Vec<String>,
    /// Kinds of jobs whose events to post; all by default
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    job_kinds: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    /// Tenant that owns the webhook
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// A webhook.
#[derive(Clone, Copy, Debug, Args)]
pub struct OneOptions {
    /// Id of the webhook
    id: Uuid,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    /// Tenant that owns the webhook
    #[arg(long, default_value_t = DEFAULT_TENANT)]
    tenant: Uuid,
}

/// Runs the command.
///
/// # Errors
///
/// When a webhook is unknown or a value of it wrong, or the database, the schema or a setting does not allow it.
pub fn run(command: &WebhooksCommand, config: &Config) -> anyhow::Result<()> {
    match command {
        WebhooksCommand::List { for_requests, form } => form.print(
            config,
            async |source: &Source, paging: &Paging<Newest<WebhookId>>| {
                let mut conn = source.pool.tenant(source.tenant).await?;
                Ok(repo::webhooks::list(&mut conn, *for_requests, paging).await?.0)
            },
            |webhook: &Webhook| Newest::new(webhook.created_at, webhook.id),
            async |_, rows| Ok(rows.into_iter().map(WebhookView::from).collect()),
        ),
        WebhooksCommand::Create(options) => options.run(config),
        WebhooksCommand::Delete(options) => options.delete(config),
        WebhooksCommand::Test(options) => options.test(config),
        WebhooksCommand::Deliveries { id, status, form } => form.print(
            config,
            async |source: &Source, paging: &Paging<DeliveryPosition>| {
                let mut conn = source.pool.tenant(source.tenant).await?;
                let webhook = find(&mut conn, *id).await?;
                Ok(repo::webhook_deliveries::list(&mut conn, webhook.id, *status, paging).await?)
            },
            |delivery: &WebhookDelivery| DeliveryPosition {
                clock: delivery.clock,
                id: delivery.event_id,
            },
            async |_, rows| {
                Ok(rows
                    .into_iter()
                    .map(DeliveryView::new)
                    .collect::<serde_json::Result<_>>()?)
            },
        ),
    }
}

/// Returns a webhook of the tenant.
async fn find(conn: &mut TenantConnection, id: Uuid) -> anyhow::Result<Webhook> {
    match repo::webhooks::get(conn, id.into()).await {
        Err(QueryError::NotFound) => Err(anyhow!(
            "the tenant has no webhook {id}; `scrapersky webhooks list` shows its webhooks"
        )),
        webhook => Ok(webhook?),
    }
}

impl CreateOptions {
    fn run(&self, config: &Config) -> anyhow::Result<()> {
        let url = Targets(config.scans.fetch.clone()).read("url", &self.url)?;
        let new = NewWebhook {
            url: &url,
            description: self.description.as_deref(),
            kinds: &read_kinds(&self.kinds)?,
            job_kinds: &read_job_kinds(&self.job_kinds)?,
        };
        Source::with(config, self.tenant, async |source| {
            let mut conn = source.pool.tenant(source.tenant).await?;
            let (webhook, secret) = insert(&mut conn, &new).await?;
            let details = json!({ "kinds": webhook.kinds.0, "job_kinds": webhook.job_kinds.0 });
            note(&mut conn, "webhook.create", webhook.id, details).await?;
            conn.commit().await?;
            show(&WebhookWithSecret::new(webhook, &secret), self.json)
        })
    }
}

impl OneOptions {
    fn delete(&self, config: &Config) -> anyhow::Result<()> {
        Source::with(config, self.tenant, async |source| {
            let mut conn = source.pool.tenant(source.tenant).await?;
            let webhook = find(&mut conn, self.id).await?;
            repo::webhooks::delete(&mut conn, webhook.id).await?;
            note(&mut conn, "webhook.delete", webhook.id, json!({})).await?;
            conn.commit().await?;
            show(&json!({ "deleted": webhook.id.get() }), self.json)
        })
    }

    fn test(&self, config: &Config) -> anyhow::Result<()> {
        Source::with(config, self.tenant, async |source| {
            let mut conn = source.pool.tenant(source.tenant).await?;
            let webhook = find(&mut conn, self.id).await?;
            if webhook.disabled_at.is_some() {
                return Err(anyhow!("the webhook is disabled: nothing is posted to it"));
            }
            let delivery = repo::webhook_deliveries::insert_test(&mut conn, webhook.id).await?;
            conn.commit().await?;
            show(&DeliveryView::new(delivery)?, self.json)
        })
    }
}

/// Records a change of a webhook in the audit log.
async fn note(conn: &mut TenantConnection, action: &str, id: WebhookId, details: Value) -> QueryResult<()> {
    let details = RawJson::from(details);
    let entry = NewAuditEntry {
        actor: "command line",
        action,
        subject: Some(&id.to_string()),
        details: Some(&details),
        request_id: None,
    };
    repo::audit_log::insert(conn, &entry).await.map(drop)
}

impl Listed for WebhookView {
    const TABLE: &'static [&'static str] = &["id", "url", "events", "of jobs", "state", "created"];

    fn row(&self) -> Vec<String> {
        let state = match (self.disabled_because, self.failing_since) {
            (Some(because), _) => format!("disabled ({because})"),
            (None, Some(since)) => format!("accepts nothing since {}", since.format("%F %R")),
            (None, None) => "enabled".to_owned(),
        };
        vec![
            self.id.to_string(),
            self.url.clone(),
            self.kinds.join(", "),
            self.job_kinds.join(", "),
            state,
            self.created_at.format("%F %R").to_string(),
        ]
    }
}

impl Listed for DeliveryView {
    const TABLE: &'static [&'static str] = &["id", "event", "status", "tries", "last answer", "next try"];

    fn row(&self) -> Vec<String> {
        let next = self.next_try_at.map(|at| at.format("%F %R").to_string());
        vec![
            self.id.to_string(),
            self.kind.to_owned(),
            self.status.to_owned(),
            self.attempts.to_string(),
            self.last_answer().unwrap_or_default(),
            next.unwrap_or_default(),
        ]
    }
}
