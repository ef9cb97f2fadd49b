//! Table `webhooks`, as tenants use it. The workers' side is in [`turns`], and webhooks that requests name in [`requests`].
//!
//! The row of a webhook is locked before its deliveries are.

pub mod requests;
pub mod turns;

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::prelude::{ExpressionMethods, HasQuery, IntoSql, QueryDsl, QueryResult, SelectableHelper};
use diesel::sql_types::{Nullable, Timestamptz, Uuid};
use diesel_async::RunQueryDsl;
use schema::{webhook_deliveries, webhooks};

use super::events::{self, Subject};
use super::functions::events_horizon;
use super::paging::{Newest, Paging, before, page};
use crate::ids::{WebhookId, WebhookTurn};
use crate::models::enums::{DeliveryStatus, DisabledBecause, EventKind};
use crate::models::values::RawJson;
use crate::models::webhook::{NewWebhook, Webhook, WebhookChanges};
use crate::tenant::TenantConnection;

/// The number in front of all events of a transaction.
const BEFORE_ALL: i64 = 0;

/// Lists webhooks, either those that were created or those of requests, newest first, and counts them; both queries are sent
/// together.
pub async fn list(
    conn: &mut TenantConnection,
    for_requests: bool,
    paging: &Paging<Newest<WebhookId>>,
) -> QueryResult<(Vec<Webhook>, i64)> {
    let tenant = conn.tenant_id();
    let own = || {
        webhooks::table
            .filter(webhooks::tenant_id.eq(tenant))
            .filter(webhooks::for_requests.eq(for_requests))
    };
    let mut rows = own().select(Webhook::as_select()).into_boxed();
    if let Some(Newest { at, id }) = paging.after {
        rows = rows.filter(before::<(Timestamptz, Uuid), _, _>(
            (webhooks::created_at, webhooks::id),
            (at, id),
        ));
    }
    let rows = rows.order((webhooks::created_at.desc(), webhooks::id.desc()));
    page!(conn, rows, own(), paging.limit)
}

/// Returns a webhook.
pub async fn get(conn: &mut TenantConnection, id: WebhookId) -> QueryResult<Webhook> {
    let tenant = conn.tenant_id();
    Webhook::query()
        .filter(webhooks::tenant_id.eq(tenant))
        .filter(webhooks::id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Inserts a webhook, to which events are posted that happen from now on.
pub async fn insert(conn: &mut TenantConnection, new: &NewWebhook<'_>) -> QueryResult<Webhook> {
    let tenant = conn.tenant_id();
    diesel::insert_into(webhooks::table)
        .values((
            new,
            webhooks::tenant_id.eq(tenant),
            webhooks::clock.eq(events_horizon()),
            webhooks::event_id.eq(BEFORE_ALL),
        ))
        .returning(Webhook::as_returning())
        .get_result(conn)
        .await
}

/// Changes a webhook.
///
/// # Errors
///
/// `NotFound`.
pub async fn update(conn: &mut TenantConnection, id: WebhookId, changes: &WebhookChanges<'_>) -> QueryResult<Webhook> {
    let tenant = conn.tenant_id();
    diesel::update(
        webhooks::table
            .filter(webhooks::tenant_id.eq(tenant))
            .filter(webhooks::id.eq(id)),
    )
    .set((changes, webhooks::updated_at.eq(now)))
    .returning(Webhook::as_returning())
    .get_result(conn)
    .await
}

/// Enables a webhook, unless it is: events are posted that happen from now on. Returns whether it was disabled.
pub async fn enable(conn: &mut TenantConnection, id: WebhookId) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let enabled = diesel::update(
        webhooks::table
            .filter(webhooks::tenant_id.eq(tenant))
            .filter(webhooks::id.eq(id))
            .filter(webhooks::disabled_at.is_not_null()),
    )
    .set((
        webhooks::clock.eq(events_horizon()),
        webhooks::event_id.eq(BEFORE_ALL),
        webhooks::enabled_at.eq(now),
        webhooks::paused_until.eq(None::<DateTime<Utc>>),
        webhooks::failing_since.eq(None::<DateTime<Utc>>),
        webhooks::disabled_at.eq(None::<DateTime<Utc>>),
        webhooks::disabled_because.eq(None::<DisabledBecause>),
        webhooks::updated_at.eq(now),
    ))
    .execute(conn)
    .await?;
    Ok(enabled > 0)
}

/// Disables a webhook, unless it is, drops what waits for it, and writes an event. Returns whether it was enabled.
pub async fn disable(conn: &mut TenantConnection, id: WebhookId, because: DisabledBecause) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let disabled = diesel::update(
        webhooks::table
            .filter(webhooks::tenant_id.eq(tenant))
            .filter(webhooks::id.eq(id))
            .filter(webhooks::disabled_at.is_null()),
    )
    .set((
        webhooks::disabled_at.eq(now.into_sql::<Nullable<Timestamptz>>()),
        webhooks::disabled_because.eq(because),
        webhooks::turn.eq(None::<WebhookTurn>),
        webhooks::turn_ends_at.eq(None::<DateTime<Utc>>),
        webhooks::updated_at.eq(now),
    ))
    .execute(conn)
    .await?;
    if disabled == 0 {
        return Ok(false);
    }
    diesel::update(
        webhook_deliveries::table
            .filter(webhook_deliveries::tenant_id.eq(tenant))
            .filter(webhook_deliveries::webhook_id.eq(id))
            .filter(webhook_deliveries::status.eq(DeliveryStatus::Waiting)),
    )
    .set((
        webhook_deliveries::status.eq(DeliveryStatus::Dropped),
        webhook_deliveries::ended_at.eq(now.into_sql::<Nullable<Timestamptz>>()),
    ))
    .execute(conn)
    .await?;
    let data = RawJson::from(serde_json::json!({ "webhook_id": id.get(), "because": because.label() }));
    events::insert(conn, EventKind::WebhookDisabled, Subject::default(), &data).await?;
    Ok(true)
}

/// Deletes a webhook with its deliveries and secrets.
///
/// # Errors
///
/// `NotFound`.
pub async fn delete(conn: &mut TenantConnection, id: WebhookId) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    diesel::delete(
        webhooks::table
            .filter(webhooks::tenant_id.eq(tenant))
            .filter(webhooks::id.eq(id)),
    )
    .returning(webhooks::id)
    .get_result::<WebhookId>(conn)
    .await
    .map(drop)
}
