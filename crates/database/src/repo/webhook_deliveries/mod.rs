//! Table `webhook_deliveries`: events for webhooks, and what became of them.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{case_when, count_star, now};
use diesel::pg::Pg;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, HasQuery, IntoSql, OptionalExtension, PgJsonbExpressionMethods, QueryDsl,
    QueryResult, SelectableHelper,
};
use diesel::sql_types::{BigInt, Bool, Interval, Jsonb, Nullable, Timestamptz};
use diesel_async::RunQueryDsl;
use schema::webhook_deliveries;

use super::events::{self, Subject};
use super::paging::{Paging, before};
use crate::ids::{WebhookDeliveryId, WebhookId};
use crate::models::enums::{DeliveryStatus, EventKind};
use crate::models::values::RawJson;
use crate::models::webhook_delivery::{DeliveryPosition, Try, WebhookDelivery};
use crate::tenant::{SystemConnection, TenantConnection};

/// Lists the deliveries of a webhook with this status, or all of them, the newest events first.
pub async fn list(
    conn: &mut TenantConnection,
    webhook: WebhookId,
    status: Option<DeliveryStatus>,
    paging: &Paging<DeliveryPosition>,
) -> QueryResult<Vec<WebhookDelivery>> {
    let tenant = conn.tenant_id();
    let mut query = WebhookDelivery::query()
        .filter(webhook_deliveries::tenant_id.eq(tenant))
        .filter(webhook_deliveries::webhook_id.eq(webhook))
        .order((webhook_deliveries::clock.desc(), webhook_deliveries::event_id.desc()))
        .limit(paging.limit)
        .into_boxed::<Pg>();
    if let Some(position) = paging.after {
        query = query.filter(before::<(BigInt, BigInt), _, _>(
            (webhook_deliveries::clock, webhook_deliveries::event_id),
            (position.clock, position.id),
        ));
    }
    if let Some(status) = status {
        query = query.filter(webhook_deliveries::status.eq(status));
    }
    query.load(&mut conn.reading()).await
}

/// Returns a delivery of a webhook.
pub async fn get(
    conn: &mut TenantConnection,
    webhook: WebhookId,
    id: WebhookDeliveryId,
) -> QueryResult<WebhookDelivery> {
    let tenant = conn.tenant_id();
    WebhookDelivery::query()
        .filter(webhook_deliveries::tenant_id.eq(tenant))
        .filter(webhook_deliveries::webhook_id.eq(webhook))
        .filter(webhook_deliveries::id.eq(id))
        .first(&mut conn.reading())
        .await
}

/// Writes an event that a webhook is tested, and returns its delivery to that webhook.
///
/// # Errors
///
/// A foreign key violation if the tenant does not have the webhook.
pub async fn insert_test(conn: &mut TenantConnection, webhook: WebhookId) -> QueryResult<WebhookDelivery> {
    let tenant = conn.tenant_id();
    let data = RawJson::from(serde_json::json!({ "webhook_id": webhook.get() }));
    let event = events::insert(conn, EventKind::WebhookTested, Subject::default(), &data).await?;
    diesel::insert_into(webhook_deliveries::table)
        .values((
            webhook_deliveries::tenant_id.eq(tenant),
            webhook_deliveries::webhook_id.eq(webhook),
            webhook_deliveries::clock.eq(event.clock),
            webhook_deliveries::event_id.eq(event.id),
            webhook_deliveries::kind.eq(event.kind),
            webhook_deliveries::happened_at.eq(event.happened_at),
            webhook_deliveries::data.eq(event.data),
        ))
        .returning(WebhookDelivery::as_returning())
        .get_result(conn)
        .await
}

/// Lets a delivery be tried again now, with all its tries; one that waits is tried now.
///
/// # Errors
///
/// `NotFound`.
pub async fn retry(
    conn: &mut TenantConnection,
    webhook: WebhookId,
    id: WebhookDeliveryId,
) -> QueryResult<WebhookDelivery> {
    let tenant = conn.tenant_id();
    diesel::update(
        webhook_deliveries::table
            .filter(webhook_deliveries::tenant_id.eq(tenant))
            .filter(webhook_deliveries::webhook_id.eq(webhook))
            .filter(webhook_deliveries::id.eq(id)),
    )
    .set((
        webhook_deliveries::status.eq(DeliveryStatus::Waiting),
        webhook_deliveries::attempts.eq(0),
        webhook_deliveries::due_at.eq(now),
        webhook_deliveries::ended_at.eq(None::<DateTime<Utc>>),
    ))
    .returning(WebhookDelivery::as_returning())
    .get_result(conn)
    .await
}

/// Begins a try of the delivery of a webhook that is due for longest, and returns it. The caller holds the webhook's turn.
pub async fn begin_next(conn: &mut TenantConnection, webhook: WebhookId) -> QueryResult<Option<WebhookDelivery>> {
    let tenant = conn.tenant_id();
    let next: Option<WebhookDeliveryId> = webhook_deliveries::table
        .filter(webhook_deliveries::tenant_id.eq(tenant))
        .filter(webhook_deliveries::webhook_id.eq(webhook))
        .filter(webhook_deliveries::status.eq(DeliveryStatus::Waiting))
        .filter(webhook_deliveries::due_at.le(now))
        .order((
            webhook_deliveries::due_at,
            webhook_deliveries::clock,
            webhook_deliveries::event_id,
        ))
        .select(webhook_deliveries::id)
        .first(&mut conn.reading())
        .await
        .optional()?;
    let Some(id) = next else { return Ok(None) };
    diesel::update(
        webhook_deliveries::table
            .filter(webhook_deliveries::tenant_id.eq(tenant))
            .filter(webhook_deliveries::id.eq(id)),
    )
    .set(webhook_deliveries::attempts.eq(webhook_deliveries::attempts + 1))
    .returning(WebhookDelivery::as_returning())
    .get_result(conn)
    .await
    .optional()
}

/// Notes a try of a delivery that waits: what became of the delivery, and how long it waits for its next try. Returns whether it
/// waited; a webhook may have been disabled meanwhile.
pub async fn note_try(
    conn: &mut TenantConnection,
    id: WebhookDeliveryId,
    made: &Try,
    status: DeliveryStatus,
    wait: TimeDelta,
) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let made = RawJson::from_value(&[made]).map_err(|error| diesel::result::Error::SerializationError(error.into()))?;
    let has_ended = (status != DeliveryStatus::Waiting).into_sql::<Bool>();
    let ended_at = case_when(has_ended, now.into_sql::<Nullable<Timestamptz>>());
    let due_at = now.into_sql::<Timestamptz>() + wait.into_sql::<Interval>();
    let noted = diesel::update(
        webhook_deliveries::table
            .filter(webhook_deliveries::tenant_id.eq(tenant))
            .filter(webhook_deliveries::id.eq(id))
            .filter(webhook_deliveries::status.eq(DeliveryStatus::Waiting)),
    )
    .set((
        webhook_deliveries::status.eq(status),
        webhook_deliveries::due_at.eq(due_at),
        webhook_deliveries::ended_at.eq(ended_at),
        webhook_deliveries::tries.eq(webhook_deliveries::tries.concat(made.into_sql::<Jsonb>())),
    ))
    .execute(conn)
    .await?;
    Ok(noted > 0)
}

/// Lets the deliveries that were not tried yet, of the same job as one that waits for its next try, wait as long: so the events
/// of a job arrive in their order. Returns how many.
pub async fn hold_back(conn: &mut TenantConnection, failed: &WebhookDelivery, wait: TimeDelta) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let Some(job) = failed.job_id else { return Ok(0) };
    let due_at = now.into_sql::<Timestamptz>() + wait.into_sql::<Interval>();
    diesel::update(
        webhook_deliveries::table
            .filter(webhook_deliveries::tenant_id.eq(tenant))
            .filter(webhook_deliveries::webhook_id.eq(failed.webhook_id))
            .filter(webhook_deliveries::job_id.eq(job))
            .filter(webhook_deliveries::status.eq(DeliveryStatus::Waiting))
            .filter(webhook_deliveries::attempts.eq(0)),
    )
    .set(webhook_deliveries::due_at.eq(due_at))
    .execute(conn)
    .await
}

/// Counts the deliveries of all tenants that wait, and those that ended since then, by status.
pub async fn count_recent(
    conn: &mut SystemConnection,
    since: DateTime<Utc>,
) -> QueryResult<Vec<(DeliveryStatus, i64)>> {
    webhook_deliveries::table
        .filter(
            webhook_deliveries::status
                .eq(DeliveryStatus::Waiting)
                .or(webhook_deliveries::ended_at.ge(since)),
        )
        .group_by(webhook_deliveries::status)
        .select((webhook_deliveries::status, count_star()))
        .load(&mut conn.reading())
        .await
}

/// Deletes up to `limit` deliveries that ended before `cutoff`, and returns how many.
pub async fn delete_old(conn: &mut SystemConnection, cutoff: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    // Diesel has no subselect of several columns.
    diesel::sql_query(include_str!("delete_old.sql"))
        .bind::<Timestamptz, _>(cutoff)
        .bind::<BigInt, _>(limit)
        .execute(conn)
        .await
}
