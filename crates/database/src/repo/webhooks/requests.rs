//! Tables `webhooks` and `webhook_subjects`: URLs that requests name, to which the ends of what they started are posted.
//!
//! A URL has one webhook, however many requests name it, so that its receiver gets one post at a time. The deliveries are made by a
//! trigger, in the transaction that ends the job or the batch.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::prelude::{ExpressionMethods, QueryResult, SelectableHelper};
use diesel::sql_types::{BigInt, Bool, Timestamptz};
use diesel::upsert::{DecoratableTarget, excluded};
use diesel_async::RunQueryDsl;
use schema::{webhook_subjects, webhooks};
use uuid::Uuid;

use super::BEFORE_ALL;
use crate::ids::{BatchId, JobId, WebhookId};
use crate::models::enums::EventKind;
use crate::models::values::TextList;
use crate::models::webhook::Webhook;
use crate::repo::functions::events_horizon;
use crate::tenant::{SystemConnection, TenantConnection};

/// The predicate of the unique index on URLs of requests.
const FOR_REQUESTS: &str = "for_requests";

/// What a webhook of requests is told of when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A job.
    Job(JobId),
    /// A batch.
    Batch(BatchId),
}

impl Ending {
    fn id(self) -> Uuid {
        match self {
            Self::Job(id) => id.get(),
            Self::Batch(id) => id.get(),
        }
    }
}

/// Returns the webhook of requests that name a URL, and notes that it is in use. Its row stays locked until the transaction ends.
pub async fn upsert(conn: &mut TenantConnection, url: &str) -> QueryResult<Webhook> {
    let tenant = conn.tenant_id();
    let kinds = TextList::from_iter([EventKind::JobEnded.label(), EventKind::BatchDone.label()]);
    diesel::insert_into(webhooks::table)
        .values((
            webhooks::tenant_id.eq(tenant),
            webhooks::url.eq(url),
            webhooks::for_requests.eq(true),
            webhooks::kinds.eq(kinds),
            webhooks::clock.eq(events_horizon()),
            webhooks::event_id.eq(BEFORE_ALL),
        ))
        .on_conflict((webhooks::tenant_id, webhooks::url))
        // Literally the index's predicate: PostgreSQL would not recognise one with binds.
        .filter_target(sql::<Bool>(FOR_REQUESTS))
        .do_update()
        .set(webhooks::updated_at.eq(excluded(webhooks::updated_at)))
        .returning(Webhook::as_returning())
        .get_result(conn)
        .await
}

/// Lets the end of a job or a batch, which has not ended, be delivered to a webhook of requests. Returns whether it was not before.
///
/// # Errors
///
/// A foreign key violation if the tenant does not have the webhook.
pub async fn follow(conn: &mut TenantConnection, webhook: WebhookId, ending: Ending) -> QueryResult<bool> {
    let tenant = conn.tenant_id();
    let inserted = diesel::insert_into(webhook_subjects::table)
        .values((
            webhook_subjects::tenant_id.eq(tenant),
            webhook_subjects::subject_id.eq(ending.id()),
            webhook_subjects::webhook_id.eq(webhook),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(inserted > 0)
}

/// Deletes up to `limit` entries of what requests named before `cutoff` and has ended, and up to as many webhooks that nothing uses.
/// Returns how many rows.
///
/// A webhook of requests is in use while it has entries or deliveries, or a request named it since `cutoff`.
pub async fn delete_old(conn: &mut SystemConnection, cutoff: DateTime<Utc>, limit: i64) -> QueryResult<usize> {
    // Diesel has no subselect of several columns.
    let subjects = diesel::sql_query(include_str!("delete_old_subjects.sql"))
        .bind::<Timestamptz, _>(cutoff)
        .bind::<BigInt, _>(limit)
        .execute(conn)
        .await?;
    // As above.
    let webhooks = diesel::sql_query(include_str!("delete_unused.sql"))
        .bind::<Timestamptz, _>(cutoff)
        .bind::<BigInt, _>(limit)
        .execute(conn)
        .await?;
    Ok(subjects + webhooks)
}
