//! Table `webhooks` as workers use it: events become deliveries, and one worker at a time has its turn at a webhook.
//!
//! A turn ends by itself, so that a worker that is killed holds up a webhook for no longer. All times are the database's.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{exists, now};
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, NullableExpressionMethods, OptionalExtension, QueryDsl,
    QueryResult, QueryableByName, SelectableHelper,
};
use diesel::sql_types::{BigInt, Interval, Nullable, Timestamptz};
use diesel_async::RunQueryDsl;
use schema::{webhook_deliveries, webhooks};
use uuid::Uuid;

use crate::ids::{TenantId, WebhookId, WebhookTurn};
use crate::models::enums::DeliveryStatus;
use crate::models::webhook::Webhook;
use crate::repo::functions::coalesce;
use crate::tenant::{SystemConnection, TenantConnection};

/// Makes deliveries of events that happened since the last call, for up to `webhooks` webhooks with up to `events` each, and
/// returns the largest number of events that one webhook was behind.
///
/// The position of a webhook moves in the same statement. Webhooks that another process looks at are skipped, and an event
/// becomes one delivery whoever looks at it.
pub async fn queue(conn: &mut SystemConnection, webhooks: i64, events: i64) -> QueryResult<i64> {
    // Diesel has no LATERAL, and no INSERT within a query.
    let behind: Vec<Behind> = diesel::sql_query(include_str!("queue.sql"))
        .bind::<BigInt, _>(webhooks)
        .bind::<BigInt, _>(events)
        .load(conn)
        .await?;
    Ok(behind.iter().map(|row| row.events).max().unwrap_or_default())
}

#[derive(QueryableByName)]
struct Behind {
    #[diesel(sql_type = BigInt)]
    events: i64,
}

/// Takes a turn of `time` at each of up to `limit` webhooks with deliveries that are due, and returns them with their tenants.
/// Webhooks at which another turn holds are left out.
pub async fn take(
    conn: &mut SystemConnection,
    limit: i64,
    time: TimeDelta,
) -> QueryResult<(Vec<(TenantId, WebhookId)>, WebhookTurn)> {
    let turn = WebhookTurn::from(Uuid::new_v4());
    let due = webhook_deliveries::table
        .filter(webhook_deliveries::tenant_id.eq(webhooks::tenant_id))
        .filter(webhook_deliveries::webhook_id.eq(webhooks::id))
        .filter(webhook_deliveries::status.eq(DeliveryStatus::Waiting))
        .filter(webhook_deliveries::due_at.le(now));
    let found: Vec<(TenantId, WebhookId)> = webhooks::table
        .filter(webhooks::disabled_at.is_null())
        .filter(webhooks::turn_ends_at.is_null().or(webhooks::turn_ends_at.le(now)))
        .filter(webhooks::paused_until.is_null().or(webhooks::paused_until.le(now)))
        .filter(exists(due))
        .limit(limit)
        .select((webhooks::tenant_id, webhooks::id))
        .for_no_key_update()
        .skip_locked()
        .load(conn)
        .await?;
    if !found.is_empty() {
        let (tenants, ids): (Vec<TenantId>, Vec<WebhookId>) = found.iter().copied().unzip();
        let ends_at = now.into_sql::<Timestamptz>() + time.into_sql::<Interval>();
        diesel::update(
            webhooks::table
                .filter(webhooks::tenant_id.eq_any(tenants))
                .filter(webhooks::id.eq_any(ids)),
        )
        .set((webhooks::turn.eq(turn), webhooks::turn_ends_at.eq(ends_at.nullable())))
        .execute(conn)
        .await?;
    }
    Ok((found, turn))
}

/// Locks a webhook, extends a turn at it to `time` from now, and returns the webhook; `None` if the turn is lost: then nothing may
/// be written about it or posted to it.
pub async fn keep(
    conn: &mut TenantConnection,
    id: WebhookId,
    turn: WebhookTurn,
    time: TimeDelta,
) -> QueryResult<Option<Webhook>> {
    let tenant = conn.tenant_id();
    let ends_at = now.into_sql::<Timestamptz>() + time.into_sql::<Interval>();
    diesel::update(
        webhooks::table
            .filter(webhooks::tenant_id.eq(tenant))
            .filter(webhooks::id.eq(id))
            .filter(webhooks::turn.eq(turn)),
    )
    .set(webhooks::turn_ends_at.eq(ends_at.nullable()))
    .returning(Webhook::as_returning())
    .get_result(conn)
    .await
    .optional()
}

/// Ends a turn. Returns whether it was held.
pub async fn end(conn: &mut TenantConnection, id: WebhookId, turn: WebhookTurn) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let ended = diesel::update(
        webhooks::table
            .filter(webhooks::tenant_id.eq(tenant))
            .filter(webhooks::id.eq(id))
            .filter(webhooks::turn.eq(turn)),
    )
    .set((
        webhooks::turn.eq(None::<WebhookTurn>),
        webhooks::turn_ends_at.eq(None::<DateTime<Utc>>),
    ))
    .execute(conn)
    .await?;
    Ok(ended > 0)
}

/// Notes that the receiver of a webhook accepted a post. Returns whether the webhook exists.
pub async fn note_success(conn: &mut TenantConnection, id: WebhookId) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let noted = diesel::update(
        webhooks::table
            .filter(webhooks::tenant_id.eq(tenant))
            .filter(webhooks::id.eq(id)),
    )
    .set((
        webhooks::failing_since.eq(None::<DateTime<Utc>>),
        webhooks::paused_until.eq(None::<DateTime<Utc>>),
    ))
    .execute(conn)
    .await?;
    Ok(noted > 0)
}

/// Notes that the receiver of a webhook did not accept a post, and for how long it asked to pause. Returns since when it has
/// accepted nothing.
///
/// # Errors
///
/// `NotFound`.
pub async fn note_failure(
    conn: &mut TenantConnection,
    id: WebhookId,
    pause: Option<TimeDelta>,
) -> QueryResult<Option<DateTime<Utc>>> {
    let tenant = conn.tenant_id();
    let paused_until = now.into_sql::<Timestamptz>() + pause.unwrap_or_default().into_sql::<Interval>();
    diesel::update(
        webhooks::table
            .filter(webhooks::tenant_id.eq(tenant))
            .filter(webhooks::id.eq(id)),
    )
    .set((
        webhooks::failing_since.eq(coalesce(
            webhooks::failing_since,
            now.into_sql::<Nullable<Timestamptz>>(),
        )),
        webhooks::paused_until.eq(paused_until.nullable()),
    ))
    .returning(webhooks::failing_since)
    .get_result(conn)
    .await
}
