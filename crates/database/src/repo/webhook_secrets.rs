//! Table `webhook_secrets`: no function of the system reads it. Secrets without a webhook sign what is posted for requests.

use chrono::TimeDelta;
use diesel::dsl::now;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, NullableExpressionMethods, PgExpressionMethods, QueryDsl,
    QueryResult,
};
use diesel::sql_types::{Interval, Timestamptz};
use diesel_async::RunQueryDsl;
use schema::webhook_secrets;

use super::functions::least;
use crate::ids::{WebhookId, WebhookSecretId};
use crate::models::webhook_secret::WebhookSecret;
use crate::tenant::TenantConnection;

/// Inserts a secret of a webhook, or of requests.
///
/// # Errors
///
/// A foreign key violation if the tenant does not have the webhook.
pub async fn insert(
    conn: &mut TenantConnection,
    webhook: impl Into<Option<WebhookId>>,
    secret: &WebhookSecret,
) -> QueryResult<WebhookSecretId> {
    let tenant = conn.tenant_id();
    diesel::insert_into(webhook_secrets::table)
        .values((
            webhook_secrets::tenant_id.eq(tenant),
            webhook_secrets::webhook_id.eq(webhook.into()),
            webhook_secrets::secret.eq(secret),
        ))
        .returning(webhook_secrets::id)
        .get_result(conn)
        .await
}

/// Lists the secrets that sign the posts of a webhook, or of requests, the newest first.
pub async fn list_valid(
    conn: &mut TenantConnection,
    webhook: impl Into<Option<WebhookId>>,
) -> QueryResult<Vec<WebhookSecret>> {
    let tenant = conn.tenant_id();
    let webhook = webhook.into();
    webhook_secrets::table
        .filter(webhook_secrets::tenant_id.eq(tenant))
        .filter(webhook_secrets::webhook_id.is_not_distinct_from(webhook))
        .filter(
            webhook_secrets::expires_at
                .is_null()
                .or(webhook_secrets::expires_at.gt(now)),
        )
        .order((webhook_secrets::created_at.desc(), webhook_secrets::id))
        .select(webhook_secrets::secret)
        .load(&mut conn.reading())
        .await
}

/// Makes the secrets of a webhook, or of requests, expire after `overlap`, unless they expire earlier, and deletes those that have.
/// Returns how many are left.
pub async fn expire_in(
    conn: &mut TenantConnection,
    webhook: impl Into<Option<WebhookId>>,
    overlap: TimeDelta,
) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    let webhook = webhook.into();
    let own = || {
        webhook_secrets::table
            .filter(webhook_secrets::tenant_id.eq(tenant))
            .filter(webhook_secrets::webhook_id.is_not_distinct_from(webhook))
    };
    diesel::delete(own().filter(webhook_secrets::expires_at.le(now)))
        .execute(conn)
        .await?;
    let end = now.into_sql::<Timestamptz>() + overlap.into_sql::<Interval>();
    diesel::update(own())
        .set(webhook_secrets::expires_at.eq(least(webhook_secrets::expires_at, end.nullable())))
        .execute(conn)
        .await
}
