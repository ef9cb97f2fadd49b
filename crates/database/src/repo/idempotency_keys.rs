//! Table `idempotency_keys`.

use diesel::dsl::{IntervalDsl, now};
use diesel::prelude::{ExpressionMethods, HasQuery, IntoSql, QueryDsl, QueryResult};
use diesel::sql_types::Timestamptz;
use diesel_async::RunQueryDsl;
use schema::idempotency_keys;

use crate::models::idempotency_key::IdempotencyKey;
use crate::tenant::TenantConnection;

/// How many days a key is kept. Clients retry within minutes.
const KEPT_DAYS: f64 = 1.0;

/// Stores a request under its idempotency key. Returns the stored request if the key is in use, with its response; it
/// is the same request only if the hash is equal.
///
/// A second transaction with the same key waits until the first has committed or failed.
pub async fn begin(
    conn: &mut TenantConnection,
    key: &str,
    request_hash: &[u8; 32],
) -> QueryResult<Option<IdempotencyKey>> {
    let tenant = conn.tenant_id();
    delete_expired(conn).await?;
    let noted = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::tenant_id.eq(tenant),
            idempotency_keys::key.eq(key),
            idempotency_keys::request_hash.eq(request_hash.as_slice()),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if noted == 1 {
        return Ok(None);
    }
    IdempotencyKey::query()
        .filter(idempotency_keys::tenant_id.eq(tenant))
        .filter(idempotency_keys::key.eq(key))
        .first(&mut conn.reading())
        .await
        .map(Some)
}

/// Stores the response to a request that [`begin`] stored in the same transaction.
///
/// # Errors
///
/// `NotFound` if the request was not stored.
pub async fn finish(conn: &mut TenantConnection, key: &str, status: i16, response: &str) -> QueryResult<()> {
    let tenant = conn.tenant_id();
    let kept = diesel::update(
        idempotency_keys::table
            .filter(idempotency_keys::tenant_id.eq(tenant))
            .filter(idempotency_keys::key.eq(key))
            .filter(idempotency_keys::status.is_null()),
    )
    .set((
        idempotency_keys::status.eq(status),
        idempotency_keys::response.eq(response),
    ))
    .execute(conn)
    .await?;
    if kept == 1 { Ok(()) } else { Err(diesel::NotFound) }
}

/// Deletes the tenant's requests that are older than a day, and returns how many.
async fn delete_expired(conn: &mut TenantConnection) -> QueryResult<usize> {
    let tenant = conn.tenant_id();
    diesel::delete(
        idempotency_keys::table
            .filter(idempotency_keys::tenant_id.eq(tenant))
            .filter(idempotency_keys::created_at.lt(now.into_sql::<Timestamptz>() - KEPT_DAYS.days())),
    )
    .execute(conn)
    .await
}
